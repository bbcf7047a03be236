/// A short public filter that gives one board's low-passed motion the frequency response of the other's.
///
/// Two sensors rarely pass the same band: their low-pass filters differ, and so do their rates; samples that lie between
/// those of the other board lose what is near half the rate. What only one board has looks like noise in the innovations.
/// The board that has more gives it up: the filter is fitted on the preambles, by least squares on whitened motion, to
/// turn its motion into the other's.
public struct MatchingFilter: Sendable, Hashable {
  /// Which board applies it.
  public enum Side: UInt8, Sendable, Hashable, CaseIterable {
    /// Alice.
    case alice = 0
    /// Bob.
    case bob = 1
  }

  /// How many steps it reaches to either side.
  public static let reach = 4
  /// How many taps it has.
  public static let tapCount = 2 * reach + 1
  /// One unit of a tap.
  public static let quantum = 1.0 / 4096

  /// All axes of which sensor it is for.
  public let kind: SensorKind
  /// Which board applies it.
  public let side: Side
  /// Taps in units of ``quantum``, that of ``reach`` steps before first.
  public let codes: [Int16]

  /// A filter; `nil` unless it has ``tapCount`` taps.
  public init?(kind: SensorKind, side: Side, codes: [Int16]) {
    guard codes.count == MatchingFilter.tapCount else { return nil }
    self.kind = kind
    self.side = side
    self.codes = codes
  }

  /// The series as a side uses it: filtered on the side that applies the filter, and as it is on the other.
  ///
  /// On both a value is there where it and both its neighbours were, so that neither misses what the other has. What the
  /// outer taps, which are small, need of a clipped scan is taken from the spline through the scans around it.
  func applied(to series: StepSeries, of side: Side) -> StepSeries {
    var result = series
    let count = series.values.count
    let taps =
      side != self.side
      ? (-MatchingFilter.reach...MatchingFilter.reach).map { $0 == 0 ? 1.0 : 0 }
      : codes.map { Double($0) * MatchingFilter.quantum }
    for place in 0..<count {
      guard place >= MatchingFilter.reach, place + MatchingFilter.reach < count else {
        result.invalid[place] = .all
        continue
      }
      var sum = SIMD3<Double>.zero
      for (index, tap) in taps.enumerated() { sum += tap * series.values[place + index - MatchingFilter.reach] }
      result.values[place] = sum
      result.invalid[place] = series.invalid[place - 1].union(series.invalid[place]).union(series.invalid[place + 1])
    }
    return result
  }

  /// The filter of one board that brings it nearest to the other.
  ///
  /// - Parameters:
  ///   - series: the motion of the board that applies it.
  ///   - target: the other's.
  ///   - places: where in both to compare them.
  /// - Returns: `nil` where too little is there to fit it.
  static func fit(
    kind: SensorKind, side: Side, series: StepSeries, target: StepSeries, places: Range<Int>
  ) -> MatchingFilter? {
    var equations = LeastSquares(unknowns: tapCount)
    for axis in 0..<3 {
      let flag = AxisFlags(axis: axis)
      func isPresent(_ place: Int) -> Bool {
        !series.invalid[place].contains(flag) && !target.invalid[place].contains(flag)
      }
      guard var moments = LagMoments(kind: kind, order: 2) else { return nil }
      for place in 2..<max(2, target.values.count) {
        moments.add { target.invalid[place - $0].contains(flag) ? .nan : target.values[place - $0][axis] }
      }
      guard let whitening = moments.predictor(present: 3)?.weights else { continue }
      func whitened(_ s: StepSeries, _ place: Int) -> Double {
        s.values[place][axis] - whitening[0] * s.values[place - 1][axis] - whitening[1] * s.values[place - 2][axis]
      }
      let last = target.values.count - reach
      for place in places.clamped(to: reach + 2..<max(last, reach + 2))
      where (place - 3...place + 1).allSatisfy(isPresent) {
        equations.add((-reach...reach).map { whitened(series, place + $0) }, target: whitened(target, place))
      }
    }
    guard equations.count >= 8 * tapCount else { return nil }
    // Held, weakly, to doing nothing: at high rates neighbouring values say almost the same.
    equations.hold(to: (-reach...reach).map { $0 == 0 ? 1 : 0 }, weight: 1e-3)
    guard let solution = equations.solve() else { return nil }
    let codes = solution.map { ($0 / quantum).rounded() }
    guard codes.allSatisfy({ abs($0) <= 2 / quantum }) else { return nil }
    return MatchingFilter(kind: kind, side: side, codes: codes.map { Int16($0) })
  }
}
