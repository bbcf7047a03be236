/// Second moments of a channel's value and the ones before it, from which the best linear predictor follows for every
/// set of past values that are there.
///
/// A scan that clips or is lost spoils one value of the low-passed motion. The innovations after it are made with what
/// is left of their past: that loses little, where a fixed filter loses as many cells as it is long. The gyroscope's
/// predictors are plain regressions on past values. An accelerometer's weights add up to 1, so that gravity, which
/// turns with the board, drops out.
public struct LagMoments: Sendable, Hashable {
  /// The longest past.
  public static let maximumOrder = 4

  /// The sensor.
  public let kind: SensorKind
  /// 1…4: how many past values count.
  public let order: Int
  /// Σ x[t−i]·x[t−j] at place i·(i + 1)/2 + j for 0 ≤ j ≤ i ≤ order; an accelerometer's after x[t−order] is taken off.
  private var sums = SIMD16<Double>.zero
  /// How many rows were added.
  public private(set) var count = 0.0

  /// No moments yet; `nil` unless the order is 1…4.
  public init?(kind: SensorKind, order: Int) {
    guard (1...LagMoments.maximumOrder).contains(order) else { return nil }
    self.kind = kind
    self.order = order
  }

  /// The same of nothing yet.
  public var cleared: LagMoments { LagMoments(kind: kind, order: order) ?? self }

  /// Adds one value and its past.
  ///
  /// - Parameter value: the value so many steps before, lag 0…``order``; one that is missing (NaN) has the row passed
  ///   over. May be secret: no copy of it is left on the heap.
  public mutating func add(_ value: (Int) -> Double) {
    var row = SIMD8<Double>.zero
    for lag in 0...order { row[lag] = value(lag) }
    if kind == .accelerometer {
      let last = row[order]
      for lag in 0...order { row[lag] -= last }
    }
    guard row.sum().isFinite else { return }
    for i in 0...order {
      for j in 0...i { sums[LagMoments.place(i, j)] += row[i] * row[j] }
    }
    count += 1
  }

  /// These, with so many rows' worth of others of the same kind and order, scaled to the strength of these; those others
  /// where there are none of these.
  public func held(to prior: LagMoments, rows: Double) -> LagMoments {
    guard count > 0, prior.count > 0, prior.sums[0] > 0, prior.kind == kind, prior.order == order else { return prior }
    var result = self
    result.sums += prior.sums * (rows / count * sums[0] / prior.sums[0])
    result.count += rows
    return result
  }

  /// The best predictor from some past values.
  ///
  /// - Parameter present: bit j − 1 says whether the value j steps before is there.
  /// - Returns: `nil` where the last value is not there: what follows a value that clipped gives away how large it is. `nil`
  ///   also where the moments determine no predictor.
  public func predictor(present: UInt8) -> LagPredictor? {
    guard present & 1 == 1, count > 0 else { return nil }
    var lags = (1...order).filter { present >> UInt8($0 - 1) & 1 == 1 }
    let reference = kind == .accelerometer ? lags.removeLast() : nil
    func moment(_ i: Int, _ j: Int) -> Double {
      guard let reference else { return self[i, j] }
      return self[i, j] - self[i, reference] - self[j, reference] + self[reference, reference]
    }
    var equations = SmallNormalEquations(unknowns: lags.count)
    for (row, i) in lags.enumerated() {
      for (column, j) in lags[...row].enumerated() { equations.gram[4 * row + column] = moment(i, j) }
      equations.moment[row] = moment(i, 0)
    }
    guard let solution = equations.solve() else { return nil }
    var weights = SIMD4<Double>.zero
    for (row, lag) in lags.enumerated() { weights[lag - 1] = solution[row] }
    if let reference { weights[reference - 1] = 1 - weights.sum() }
    let variance = (moment(0, 0) - (solution * equations.moment).sum()) / count
    return variance > 0 && variance.isFinite ? LagPredictor(weights: weights, variance: variance) : nil
  }

  private static func place(_ i: Int, _ j: Int) -> Int { i * (i + 1) / 2 + j }

  private subscript(i: Int, j: Int) -> Double { sums[LagMoments.place(max(i, j), min(i, j))] }
}

/// A linear predictor of a channel's next value.
public struct LagPredictor: Sendable, Hashable {
  /// Weights of the last values, most recent first; zero for those that are not used.
  public let weights: SIMD4<Double>
  /// Mean square of what it leaves over.
  public let variance: Double
}

/// The predictors that follow from some moments, one for each set of past values that are there.
public struct LagPredictors: Sendable {
  private let moments: LagMoments
  private let whole: LagPredictor

  /// The predictors; `nil` where the moments determine none.
  public init?(_ moments: LagMoments) {
    guard let whole = moments.predictor(present: LagPredictors.everything(moments.order)) else { return nil }
    self.moments = moments
    self.whole = whole
  }

  /// The innovation of a value: what the best predictor from those past values that are there leaves over, scaled to the
  /// strength of innovations whose past is whole.
  ///
  /// - Parameters:
  ///   - value: the value so many steps before, lag 0 to the moments' order.
  ///   - isPresent: whether it is there, for lags from 1. Both boards must take the same for it.
  /// - Returns: NaN where the value itself is missing (NaN), or no predictor can be had.
  public func innovation(_ value: (Int) -> Double, isPresent: (Int) -> Bool) -> Double {
    let latest = value(0)
    var present: UInt8 = 0
    for lag in 1...moments.order where isPresent(lag) { present |= 1 << UInt8(lag - 1) }
    guard latest.isFinite else { return .nan }
    let isWhole = present == LagPredictors.everything(moments.order)
    guard let predictor = isWhole ? whole : moments.predictor(present: present) else { return .nan }
    var innovation = latest
    for lag in 1...moments.order where present >> UInt8(lag - 1) & 1 == 1 {
      innovation -= predictor.weights[lag - 1] * value(lag)
    }
    return isWhole ? innovation : innovation * (whole.variance / predictor.variance).squareRoot()
  }

  private static func everything(_ order: Int) -> UInt8 { UInt8((1 << order) - 1) }
}
