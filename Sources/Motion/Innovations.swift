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

/// How motion becomes innovations: the spacing of the steps and one predictor per channel.
public struct InnovationChain: Sendable, Hashable {
  /// Grid points per step.
  public let width: Int
  /// One model for each channel in use.
  public let models: [InnovationModel]

  /// A chain; `width` at least 1, no channel twice (`nil` otherwise).
  public init?(width: Int, models: [InnovationModel]) {
    guard (1...64).contains(width), !models.isEmpty, Set(models.map(\.channel)).count == models.count else {
      return nil
    }
    self.width = width
    self.models = models
  }

  /// The model of a channel.
  public func model(for channel: MotionChannel) -> InnovationModel? { models.first { $0.channel == channel } }
}

/// Innovations of some channels over some steps. Wiped when its last owner lets go.
public struct InnovationBlock: Sendable {
  /// The steps covered.
  public let steps: Range<Int>
  /// How many channels each step has.
  public let channelCount: Int
  /// Row-major, step by step; NaN where missing or spoilt. Secret within the key zone.
  public var values: WipedSeries<Double>
  /// The low-passed motion that the innovations were made of, laid out like `values`. Secret within the key zone.
  public var inputs: WipedSeries<Double>

  init(steps: Range<Int>, channelCount: Int, values: WipedSeries<Double>, inputs: WipedSeries<Double>) {
    self.steps = steps
    self.channelCount = channelCount
    self.values = values
    self.inputs = inputs
  }
}

extension InnovationChain {
  /// Alice's innovations, from her own scans.
  public func ownInnovations(
    of recording: Recording, onset: Int64, grid: SampleGrid, channels: [MotionChannel], steps: Range<Int>
  ) -> InnovationBlock {
    let range = points(for: steps)
    return innovations(
      of: gridOwnScans(recording, onset: onset, grid: grid, range: range), channels: channels, steps: steps)
  }

  /// Bob's innovations, mapped to Alice's point and frame, on her grid.
  public func peerInnovations(
    of recording: Recording, onset: Int64, alignment: Alignment, grid: SampleGrid, channels: [MotionChannel],
    steps: Range<Int>
  ) -> InnovationBlock {
    let range = points(for: steps)
    return innovations(
      of: gridPeerScans(recording, onset: onset, alignment: alignment, grid: grid, range: range),
      channels: channels, steps: steps)
  }

  /// The grid points that the innovations of some steps depend on.
  public func points(for steps: Range<Int>) -> Range<Int> {
    (steps.lowerBound - InnovationModel.maximumOrder) * width..<steps.upperBound * width
  }

  private func innovations(
    of motion: GriddedMotion, channels: [MotionChannel], steps: Range<Int>
  ) -> InnovationBlock {
    let lead = InnovationModel.maximumOrder
    let extended = (steps.lowerBound - lead)..<steps.upperBound
    var values = WipedSeries(repeating: Double.nan, count: steps.count * channels.count)
    var inputs = WipedSeries(repeating: Double.nan, count: steps.count * channels.count)
    for kind in Set(channels.map(\.kind)) {
      let series = StepSeries(motion, kind: kind, steps: extended, width: width)
      for (c, channel) in channels.enumerated() where channel.kind == kind {
        guard let model = model(for: channel) else { continue }
        let flag = AxisFlags(axis: channel.axis)
        for place in 0..<steps.count {
          let cell = place * channels.count + c
          if let value = model.innovation(series, at: place + lead) { values[cell] = value }
          if !series.invalid[place + lead].contains(flag) { inputs[cell] = series.values[place + lead][channel.axis] }
        }
      }
    }
    return InnovationBlock(steps: steps, channelCount: channels.count, values: values, inputs: inputs)
  }
}
