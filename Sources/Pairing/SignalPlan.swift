import Agreement
import Motion

/// How the key zone is cut into bits in the profile `guard`: innovations of some channels, between guarded thresholds, in
/// coarsely quantised numbers that both sides use exactly as sent.
public struct SignalPlan: Sendable, Hashable {
  /// One channel in use.
  public struct Channel: Sendable, Hashable {
    /// Which one.
    public let channel: MotionChannel
    /// Deviation of the innovation: 2^(code/16) · 10⁻³ in SI units.
    public let deviationCode: Int16
    /// Bits per value, 1…3.
    public let levels: Int
    /// Place in ``Quantiser/guardMenu``.
    public let guardIndex: Int
    /// Positive thresholds in 1/64 of the deviation, 2^(levels−1) − 1 of them, ascending.
    public let thresholdCodes: [UInt16]
    /// Mean magnitude of the preamble's kept values in 1/64 of the deviation: what later ones are scaled to.
    public let magnitudeCode: UInt16

    /// rms of the innovation, SI units.
    public var deviation: Double { SignalPlan.deviation(code: deviationCode) }

    /// Mean magnitude of the kept values, SI units.
    public var magnitude: Double { Double(magnitudeCode) / 64 * deviation }

    /// The quantiser in SI units; `nil` where the numbers make none.
    public var quantiser: Quantiser? {
      guard Quantiser.guardMenu.indices.contains(guardIndex) else { return nil }
      return Quantiser(
        levels: levels, positiveThresholds: thresholdCodes.map { Double($0) / 64 * deviation },
        guardBand: Quantiser.guardMenu[guardIndex] * deviation)
    }
  }

  /// Spacing and predictors.
  public let chain: InnovationChain
  /// The channels in use, gyroscope before accelerometer, x before y before z.
  public let channels: [Channel]
  /// Predicted rate of bit errors after erasure, in units of 10⁻⁴, at least 5.
  public let errorCode: UInt16

  /// A plan from its parts.
  ///
  /// - Returns: `nil` unless it has channels, in order and none twice, each with a valid quantiser, a magnitude and a model, and an
  ///   error rate of 5…2000 · 10⁻⁴.
  public init?(chain: InnovationChain, channels: [Channel], errorCode: UInt16) {
    guard SignalPlan.areInOrder(channels.map(\.channel)), SignalPlan.errorCodes.contains(errorCode),
      channels.allSatisfy({ $0.quantiser != nil && $0.magnitudeCode > 0 && chain.model(for: $0.channel) != nil })
    else { return nil }
    self.chain = chain
    self.channels = channels
    self.errorCode = errorCode
  }

  /// All channels, in the order of a plan.
  static let everyChannel = SensorKind.allCases.flatMap { kind in (0..<3).map { MotionChannel(kind: kind, axis: $0) } }

  /// Predicted rates of bit errors that a plan may name, in units of 10⁻⁴.
  static let errorCodes: ClosedRange<UInt16> = 5...2000

  /// Whether these are channels, in order and none twice.
  static func areInOrder(_ channels: [MotionChannel]) -> Bool {
    func place(_ channel: MotionChannel) -> Int { Int(channel.kind.rawValue) * 3 + channel.axis }
    return !channels.isEmpty && zip(channels, channels.dropFirst()).allSatisfy { place($0) < place($1) }
  }

  static func deviation(code: Int16) -> Double { 1e-3 * exp2(Double(code) / 16) }

  static func deviationCode(_ deviation: Double) -> Int16? {
    let code = (16 * log2(deviation * 1e3)).rounded()
    guard code.isFinite, abs(code) < 1000 else { return nil }
    return Int16(code)
  }
}
