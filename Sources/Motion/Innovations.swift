/// A kind of inertial sensor.
public enum SensorKind: UInt8, Sendable, Hashable, CaseIterable {
  /// Angular rate.
  case gyroscope = 0
  /// Acceleration.
  case accelerometer = 1
}

/// One axis of one sensor kind, in Alice's frame.
public struct MotionChannel: Sendable, Hashable {
  /// The sensor.
  public let kind: SensorKind
  /// 0, 1 or 2 for x, y, z.
  public let axis: Int

  /// A channel; `axis` is 0, 1 or 2.
  public init(kind: SensorKind, axis: Int) {
    self.kind = kind
    self.axis = min(max(axis, 0), 2)
  }

  /// "gyro x", "accel z" and so on.
  public var name: String { (kind == .gyroscope ? "gyro " : "accel ") + ["x", "y", "z"][axis] }
}

/// Means of `width` consecutive grid points: a box low-pass and decimation in one. Wiped after use.
struct StepSeries {
  var values: WipedSeries<SIMD3<Double>>
  var invalid: [AxisFlags]

  init(_ motion: GriddedMotion, kind: SensorKind, steps: Range<Int>, width: Int) {
    let source = kind == .gyroscope ? motion.angularVelocity : motion.acceleration
    let flags = kind == .gyroscope ? motion.invalidAngularVelocity : motion.invalidAcceleration
    values = WipedSeries(repeating: .zero, count: steps.count)
    invalid = Array(repeating: .all, count: steps.count)
    guard !source.isEmpty else { return }
    for (place, step) in steps.enumerated() {
      var sum = SIMD3<Double>.zero
      var spoilt: AxisFlags = []
      for point in (step * width)..<((step + 1) * width) {
        let index = point - motion.range.lowerBound
        guard source.indices.contains(index) else {
          spoilt = .all
          break
        }
        sum += source[index]
        spoilt.formUnion(flags[index])
      }
      values[place] = sum / Double(width)
      invalid[place] = spoilt
    }
  }
}

/// How motion becomes innovations: the spacing of the steps, one model per channel, and what matches the two boards.
public struct InnovationChain: Sendable, Hashable {
  /// Grid points per step.
  public let width: Int
  /// One model for each channel in use.
  public let models: [InnovationModel]
  /// At most one for each sensor kind.
  public let filters: [MatchingFilter]

  /// A chain; `width` 1…64, no channel twice, no sensor filtered twice (`nil` otherwise).
  public init?(width: Int, models: [InnovationModel], filters: [MatchingFilter] = []) {
    guard (1...64).contains(width), !models.isEmpty, Set(models.map(\.channel)).count == models.count,
      Set(filters.map(\.kind)).count == filters.count
    else { return nil }
    self.width = width
    self.models = models
    self.filters = filters
  }

  /// The model of a channel.
  public func model(for channel: MotionChannel) -> InnovationModel? { models.first { $0.channel == channel } }

  /// How many steps of motion after a step its low-passed value depends on.
  public var reach: Int { filters.isEmpty ? 0 : MatchingFilter.reach }
}

/// Low-passed motion of some channels over some steps. Secret within the key zone; wiped when its last owner lets go.
public struct StepMotion: Sendable {
  /// The steps covered.
  public let steps: Range<Int>
  /// How many channels each step has.
  public let channelCount: Int
  /// Row-major, step by step, SI units; NaN where missing or spoilt.
  public var values: WipedSeries<Double>

  /// Motion that was low-passed elsewhere.
  public init(steps: Range<Int>, channelCount: Int, values: WipedSeries<Double>) {
    self.steps = steps
    self.channelCount = channelCount
    self.values = values
  }
}

extension InnovationChain {
  /// Alice's motion, from her own scans.
  public func ownMotion(
    of recording: Recording, onset: Int64, alignment: Alignment, grid: SampleGrid, channels: [MotionChannel],
    steps: Range<Int>
  ) -> StepMotion {
    ownMotion(
      of: recording, onset: onset, grid: grid, channels: channels, steps: steps,
      usesLeverArm: alignment.leverArm != nil)
  }

  /// The same.
  ///
  /// - Parameter usesLeverArm: whether accelerations are missing where angular rates clipped, as Bob's are then.
  package func ownMotion(
    of recording: Recording, onset: Int64, grid: SampleGrid, channels: [MotionChannel], steps: Range<Int>,
    usesLeverArm: Bool
  ) -> StepMotion {
    motion(channels: channels, steps: steps, side: .alice) {
      gridOwnScans(recording, onset: onset, grid: grid, range: $0, usesLeverArm: usesLeverArm)
    }
  }

  /// Bob's motion, mapped to Alice's point and frame, on her grid.
  public func peerMotion(
    of recording: Recording, onset: Int64, alignment: Alignment, grid: SampleGrid, channels: [MotionChannel],
    steps: Range<Int>
  ) -> StepMotion {
    motion(channels: channels, steps: steps, side: .bob) {
      gridPeerScans(recording, onset: onset, alignment: alignment, grid: grid, range: $0)
    }
  }

  private func motion(
    channels: [MotionChannel], steps: Range<Int>, side: MatchingFilter.Side, gridded: (Range<Int>) -> GriddedMotion
  ) -> StepMotion {
    let extended = (steps.lowerBound - reach)..<(steps.upperBound + reach)
    let scans = gridded(extended.lowerBound * width..<extended.upperBound * width)
    var values = WipedSeries(repeating: Double.nan, count: steps.count * channels.count)
    for kind in Set(channels.map(\.kind)) {
      var series = StepSeries(scans, kind: kind, steps: extended, width: width)
      if let filter = filters.first(where: { $0.kind == kind }) {
        series = filter.applied(to: series, of: side)
      }
      for (c, channel) in channels.enumerated() where channel.kind == kind {
        for place in 0..<steps.count where !series.invalid[place + reach].contains(AxisFlags(axis: channel.axis)) {
          values[place * channels.count + c] = series.values[place + reach][channel.axis]
        }
      }
    }
    return StepMotion(steps: steps, channelCount: channels.count, values: values)
  }
}
