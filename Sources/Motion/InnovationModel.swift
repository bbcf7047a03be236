/// A public linear predictor; what it leaves over is the innovation.
///
/// The gyroscope's is a plain AR(p). The accelerometer's works on first differences, so that gravity, which turns with
/// the board, drops out: order 1 is the difference itself, order p predicts it from the p − 1 before.
public struct InnovationModel: Sendable, Hashable {
  /// One unit of a coefficient.
  public static let quantum = 1.0 / 1024

  /// Which axis of which sensor it is for.
  public let channel: MotionChannel
  /// The highest order.
  public static let maximumOrder = 4

  /// 1…4: how many past values it looks at.
  public let order: Int
  /// Free coefficients in units of ``quantum``: `order` of them for the gyroscope, one fewer for the accelerometer.
  public let coefficients: [Int16]

  /// A model; `nil` unless the order is 1…4 and the number of coefficients fits.
  public init?(channel: MotionChannel, order: Int, coefficients: [Int16]) {
    guard (1...InnovationModel.maximumOrder).contains(order),
      coefficients.count == (channel.kind == .gyroscope ? order : order - 1)
    else { return nil }
    self.channel = channel
    self.order = order
    self.coefficients = coefficients
  }

  /// Weights of the last `order` values, most recent first.
  var weights: [Double] {
    var c = SIMD4<Double>.zero
    for (index, coefficient) in coefficients.enumerated() { c[index] = Double(coefficient) * InnovationModel.quantum }
    let weights = weights(of: c)
    return (0..<order).map { weights[$0] }
  }

  private func weights(of c: SIMD4<Double>) -> SIMD4<Double> {
    guard channel.kind == .accelerometer else { return c }
    // x[t−1] + Σ c[j]·(x[t−1−j] − x[t−2−j]), gathered by lag.
    var weights = c
    weights[0] += 1
    for lag in 1..<4 { weights[lag] -= c[lag - 1] }
    return weights
  }

  /// x[t] − Σ weight·x[t−j] at place `t`; `nil` where it cannot be computed.
  func innovation(_ series: StepSeries, at t: Int) -> Double? {
    let flag = AxisFlags(axis: channel.axis)
    guard t >= order, (0...order).allSatisfy({ !series.invalid[t - $0].contains(flag) }) else { return nil }
    var value = series.values[t][channel.axis]
    for (j, weight) in weights.enumerated() { value -= weight * series.values[t - 1 - j][channel.axis] }
    return value
  }

  /// The weights that fit a channel best at some places of a later stretch, held to this model's.
  ///
  /// - Parameters:
  ///   - places: where; a place whose value or past is missing (NaN) is passed over.
  ///   - hold: with how many places' worth of evidence this model counts.
  ///   - value: the low-passed motion at a place. Secret; no copy of it is left on the heap.
  /// - Returns: the weights of the last ``order`` values, most recent first; this model's own where the places determine
  ///   none.
  public func refitted(at places: [Int], hold: Double, value: (Int) -> Double) -> SIMD4<Double> {
    var prior = SIMD4<Double>.zero
    for (index, coefficient) in coefficients.enumerated() {
      prior[index] = Double(coefficient) * InnovationModel.quantum
    }
    var equations = SmallLeastSquares(unknowns: coefficients.count)
    for place in places {
      var row = SIMD4<Double>.zero
      var latest = value(place)
      var target = latest
      for lag in 1...order {
        let before = value(place - lag)
        switch channel.kind {
        case .gyroscope: row[lag - 1] = before
        case .accelerometer:
          // First differences: the first of them is the target.
          if lag == 1 { target = latest - before } else { row[lag - 2] = latest - before }
          latest = before
        }
      }
      equations.add(row, target: target)
    }
    equations.hold(to: prior, weight: hold)
    return weights(of: equations.solve() ?? prior)
  }

  /// The least-squares model of one axis of a series, over the places `range`.
  static func fit(channel: MotionChannel, order: Int, series: StepSeries, range: Range<Int>) -> InnovationModel? {
    let free = channel.kind == .gyroscope ? order : order - 1
    guard free > 0 else { return InnovationModel(channel: channel, order: order, coefficients: []) }
    let flag = AxisFlags(axis: channel.axis)
    var equations = LeastSquares(unknowns: free)
    for t in range where t >= order {
      guard (0...order).allSatisfy({ !series.invalid[t - $0].contains(flag) }) else { continue }
      func x(_ lag: Int) -> Double { series.values[t - lag][channel.axis] }
      if channel.kind == .gyroscope {
        equations.add((1...free).map(x), target: x(0))
      } else {
        equations.add((1...free).map { x($0) - x($0 + 1) }, target: x(0) - x(1))
      }
    }
    guard equations.count >= 24, let solution = equations.solve() else { return nil }
    let codes = solution.map { ($0 / quantum).rounded() }
    guard codes.allSatisfy({ abs($0) <= 4096 }) else { return nil }
    return InnovationModel(channel: channel, order: order, coefficients: codes.map { Int16($0) })
  }
}
