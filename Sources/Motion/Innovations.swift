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

/// A public linear predictor; what it leaves over is the innovation.
///
/// The gyroscope's is a plain AR(p). The accelerometer's works on first differences, so that gravity, which turns with
/// the board, drops out: order 1 is the difference itself, order p predicts it from the p − 1 before.
public struct InnovationModel: Sendable, Hashable {
  /// One unit of a coefficient.
  public static let quantum = 1.0 / 1024

  /// Which sensor it is for.
  public let kind: SensorKind
  /// The highest order.
  public static let maximumOrder = 4

  /// 1…4: how many past values it looks at.
  public let order: Int
  /// Free coefficients in units of ``quantum``: `order` of them for the gyroscope, one fewer for the accelerometer.
  public let coefficients: [Int16]

  /// A model; `nil` unless the order is 1…4 and the number of coefficients fits.
  public init?(kind: SensorKind, order: Int, coefficients: [Int16]) {
    guard (1...InnovationModel.maximumOrder).contains(order),
      coefficients.count == (kind == .gyroscope ? order : order - 1)
    else { return nil }
    self.kind = kind
    self.order = order
    self.coefficients = coefficients
  }

  /// Weights of the last `order` values, most recent first.
  var weights: [Double] {
    let c = coefficients.map { Double($0) * InnovationModel.quantum }
    guard kind == .accelerometer else { return c }
    // x[t−1] + Σ c[j]·(x[t−1−j] − x[t−2−j]), gathered by lag.
    return (0..<order).map { lag in
      var weight: Double = lag == 0 ? 1 : 0
      if lag < c.count { weight += c[lag] }
      if lag > 0 { weight -= c[lag - 1] }
      return weight
    }
  }

  /// x[t] − Σ weight·x[t−j] at place `t`, and the axes it cannot be computed on.
  func innovation(_ series: StepSeries, at t: Int) -> (value: SIMD3<Double>, invalid: AxisFlags) {
    guard t >= order else { return (.zero, .all) }
    var value = series.values[t]
    var invalid = series.invalid[t]
    for (j, weight) in weights.enumerated() {
      value -= weight * series.values[t - 1 - j]
      invalid.formUnion(series.invalid[t - 1 - j])
    }
    return (value, invalid)
  }

  /// The least-squares model of a series, over the places `range`, all axes together.
  static func fit(kind: SensorKind, order: Int, series: StepSeries, range: Range<Int>) -> InnovationModel? {
    let free = kind == .gyroscope ? order : order - 1
    guard free > 0 else { return InnovationModel(kind: kind, order: order, coefficients: []) }
    let lags = order
    var equations = LeastSquares(unknowns: free)
    for t in range where t >= lags {
      for axis in 0..<3 {
        let flag = AxisFlags(axis: axis)
        guard (0...lags).allSatisfy({ !series.invalid[t - $0].contains(flag) }) else { continue }
        func x(_ lag: Int) -> Double { series.values[t - lag][axis] }
        if kind == .gyroscope {
          equations.add((1...free).map(x), target: x(0))
        } else {
          equations.add((1...free).map { x($0) - x($0 + 1) }, target: x(0) - x(1))
        }
      }
    }
    guard equations.count >= 30, let solution = equations.solve() else { return nil }
    let codes = solution.map { ($0 / quantum).rounded() }
    guard codes.allSatisfy({ abs($0) <= 4096 }) else { return nil }
    return InnovationModel(kind: kind, order: order, coefficients: codes.map { Int16($0) })
  }
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

/// How motion becomes innovations: the spacing of the steps and one predictor per sensor kind.
public struct InnovationChain: Sendable, Hashable {
  /// Grid points per step.
  public let width: Int
  /// One model for each sensor kind in use.
  public let models: [InnovationModel]

  /// A chain; `width` at least 1, no kind twice (`nil` otherwise).
  public init?(width: Int, models: [InnovationModel]) {
    guard (1...64).contains(width), !models.isEmpty, Set(models.map(\.kind)).count == models.count else { return nil }
    self.width = width
    self.models = models
  }

  /// The model of a kind.
  public func model(for kind: SensorKind) -> InnovationModel? { models.first { $0.kind == kind } }
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
    for model in models {
      let series = StepSeries(motion, kind: model.kind, steps: extended, width: width)
      for place in 0..<steps.count {
        let (value, invalid) = model.innovation(series, at: place + lead)
        for (c, channel) in channels.enumerated() where channel.kind == model.kind {
          let flag = AxisFlags(axis: channel.axis)
          let cell = place * channels.count + c
          if !invalid.contains(flag) { values[cell] = value[channel.axis] }
          if !series.invalid[place + lead].contains(flag) { inputs[cell] = series.values[place + lead][channel.axis] }
        }
      }
    }
    return InnovationBlock(steps: steps, channelCount: channels.count, values: values, inputs: inputs)
  }
}
