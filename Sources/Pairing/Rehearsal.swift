import Agreement
import Motion

/// Deliberate errors on Bob's side, for demonstrations in one process. Never part of a pairing between two boards.
public struct Rehearsal: Sendable, Hashable {
  /// Where the errors fall.
  public enum Kind: Sendable, Hashable {
    /// As in a real channel those near a threshold flip first: noise of bounded size is added to the values, so that a
    /// decision flips with a chance that falls linearly to zero with its distance. Both sides know how large it is.
    case nearThresholds
    /// On kept bits uniformly, which no real channel does: no honest accounting yields a key from them.
    case uniform
  }

  /// Where the errors fall.
  public let kind: Kind
  /// Share of the raw decisions (or, uniformly, of the kept bits) that flip, 0…0.4.
  public let errorRate: Double
  /// Seed of the errors.
  public let seed: UInt64

  /// Errors to inject; `nil` unless the rate lies in 0…0.4.
  public init?(kind: Kind, errorRate: Double, seed: UInt64) {
    guard errorRate >= 0, errorRate <= 0.4 else { return nil }
    self.kind = kind
    self.errorRate = errorRate
    self.seed = seed
  }

  /// Half width a of the uniform noise at which a sample's signs flip at the error rate: the mean of max(0, a − |x|)/2a,
  /// solved for a; zero where no noise is to be added.
  func halfWidth(for magnitudes: [Double]) -> Double {
    guard kind == .nearThresholds, errorRate > 0, let largest = magnitudes.max(), largest > 0 else { return 0 }
    func rate(_ a: Double) -> Double {
      magnitudes.reduce(0) { $0 + max(0, a - $1) } / (2 * a * Double(magnitudes.count))
    }
    var low = 1e-9 * largest
    var high = 10 * largest
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if rate(middle) < errorRate { low = middle } else { high = middle }
    }
    return low
  }

  /// Adds the noise to one second of values, channel by channel; bounded, so that a second stronger than the preamble
  /// gets no more than a Gaussian of the preamble's deviation would.
  func disturb(_ values: inout WipedSeries<Double>, plan: SignalPlan, second: Int) {
    guard kind == .nearThresholds else { return }
    var random = SplitMix(state: seed &+ UInt64(second) &* 0x1000)
    let count = plan.channels.count
    for (place, channel) in plan.channels.enumerated() {
      let cells = stride(from: place, to: values.count, by: count).filter { values[$0].isFinite }
      let bound = Quantiser.guardMenu.last ?? 0
      let width = min(halfWidth(for: cells.map { abs(values[$0]) }), 2.2 * bound * channel.deviation)
      for cell in cells { values[cell] += width * (2 * random.uniform() - 1) }
    }
  }

  /// Flips bits uniformly.
  func disturb(_ bits: inout BitString) {
    guard kind == .uniform else { return }
    var random = SplitMix(state: seed)
    for i in 0..<bits.count where random.uniform() < errorRate { bits.flip(i) }
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014): a small generator for demonstrations, not for secrets.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
