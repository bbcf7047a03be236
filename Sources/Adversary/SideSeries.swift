/// What an attacker has of the motion from elsewhere, on the steps of a ``MotionTable``: features beside Alice's past.
struct SideSeries: Sendable {
  /// Features per step.
  let width: Int
  /// Row-major by step; no gaps.
  let values: [Double]

  /// Some series as they are at some steps around each: `lags` before (positive) or after (negative).
  ///
  /// - Parameter series: one or more, of equal length, without gaps; beyond their ends their first and last values count.
  init(_ series: [[Double]], lags: [Int]) {
    width = series.count * lags.count
    let steps = series.first?.count ?? 0
    var values: [Double] = []
    values.reserveCapacity(steps * width)
    for step in 0..<steps {
      for lag in lags {
        for one in series { values.append(one[min(max(step - lag, 0), steps - 1)]) }
      }
    }
    self.values = values
  }
}
