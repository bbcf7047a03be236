/// The low-passed motion of the two public preambles at one spacing.
public struct PreambleMotion: Sendable {
  /// The sensor kinds by which the boards can be compared.
  public let kinds: [SensorKind]
  /// Spacing of the steps, seconds.
  public let spacing: Double
  /// The steps within both preambles.
  let steps: Range<Int>
  /// Whether one filter can hold for the whole shake.
  private let isSteady: Bool
  private let own: [StepSeries]
  private let peer: [StepSeries]

  /// How many steps before the first a series begins: for the longest predictor behind a matching filter.
  private static let lead = 8 + MatchingFilter.reach

  /// The motion at a spacing of `width` grid points; `nil` where the preambles have too few steps in common.
  public init?(alice: Preamble, bob: Preamble, alignment: Alignment, grid: SampleGrid, width: Int) {
    guard let steps = PreambleMotion.steps(alignment, grid, width: width) else { return nil }
    self.steps = steps
    spacing = Double(width) * grid.spacing
    isSteady = PreambleMotion.isSteady(bob.recording, spacing: spacing)
    let a = alice.recording
    kinds = PreambleMotion.kinds(of: a, alignment)
    let extended = (steps.lowerBound - PreambleMotion.lead)..<(steps.upperBound + MatchingFilter.reach)
    let points = extended.lowerBound * width..<extended.upperBound * width
    let ownScans = gridOwnScans(
      a, onset: 0, grid: grid, range: points, usesLeverArm: alignment.leverArm != nil)
    let peerScans = gridPeerScans(bob.recording, onset: 0, alignment: alignment, grid: grid, range: points)
    own = kinds.map { StepSeries(ownScans, kind: $0, steps: extended, width: width) }
    peer = kinds.map { StepSeries(peerScans, kind: $0, steps: extended, width: width) }
  }

  /// The steps within both preambles; `nil` where they are too few to say anything.
  static func steps(_ alignment: Alignment, _ grid: SampleGrid, width: Int) -> Range<Int>? {
    let spacing = Double(width) * grid.spacing
    let end = min(Preamble.duration, Preamble.duration + alignment.offset)
    let begin = max(0, alignment.offset)
    let first = Int((begin / spacing).rounded(.up)) + 1
    let last = Int(end / spacing) - 1
    return last - first >= PreambleStatistics.fewestSteps ? first..<last : nil
  }

  /// The sensor kinds by which the boards can be compared.
  static func kinds(of alice: Recording, _ alignment: Alignment) -> [SensorKind] {
    var kinds: [SensorKind] = []
    if alice.hasGyroscope, alignment.angularMap != nil { kinds.append(.gyroscope) }
    if alice.hasAccelerometer, alignment.accelerationMap != nil { kinds.append(.accelerometer) }
    return kinds
  }

  /// Whether Bob's samples keep their places between the steps for some seconds.
  ///
  /// A spline through samples that are about as far apart as the steps passes the less of what is fast, the further a step
  /// lies from the samples. Where the two clocks drift against each other by a good part of a period, no one filter describes
  /// that.
  private static func isSteady(_ recording: Recording, spacing: Double) -> Bool {
    guard let grid = SampleGrid(recording: recording, onset: 0, horizon: Int64(Preamble.duration * 1e9)) else {
      return false
    }
    guard grid.spacing > 0.75 * spacing else { return true }
    let periods = 8 / grid.spacing
    return abs(spacing / grid.spacing - (spacing / grid.spacing).rounded()) * periods < 0.25
  }

  /// Where the steps lie in the series.
  var places: Range<Int> { PreambleMotion.lead..<PreambleMotion.lead + steps.count }

  /// One board's motion, filtered if the filters say so.
  ///
  /// Each half of the preamble is filtered with what the other half says: a filter that fits the preamble but will not fit
  /// what follows, as where two clocks drift and with them the places of one board's samples between the other's, must not
  /// promise more than it holds.
  func series(_ kind: SensorKind, of side: MatchingFilter.Side, filters: [MatchingFilter] = []) -> StepSeries? {
    guard let index = kinds.firstIndex(of: kind) else { return nil }
    let series = side == .alice ? own[index] : peer[index]
    guard let filter = filters.first(where: { $0.kind == kind }) else { return series }
    guard side == filter.side else { return filter.applied(to: series, of: side) }
    let middle = (places.lowerBound + places.upperBound) / 2
    guard let early = matchingFilter(kind, on: side, places: ..<middle),
      let late = matchingFilter(kind, on: side, places: middle...)
    else { return nil }
    var result = late.applied(to: series, of: side)
    let rest = early.applied(to: series, of: side)
    for place in middle..<result.values.count { result.values[place] = rest.values[place] }
    return result
  }

  /// The filter by which one board's motion comes nearest to the other's; `nil` where it cannot be fitted.
  public func matchingFilter(_ kind: SensorKind, on side: MatchingFilter.Side) -> MatchingFilter? {
    matchingFilter(kind, on: side, places: places)
  }

  private func matchingFilter(
    _ kind: SensorKind, on side: MatchingFilter.Side, places: some RangeExpression<Int>
  ) -> MatchingFilter? {
    guard isSteady, let series = series(kind, of: side),
      let target = self.series(kind, of: side == .alice ? .bob : .alice)
    else {
      return nil
    }
    return MatchingFilter.fit(
      kind: kind, side: side, series: series, target: target,
      places: places.relative(to: self.places.lowerBound..<self.places.upperBound))
  }

  /// How many innovations of the first order both boards have, on the channel that has most.
  ///
  /// A scan that is lost or clipped spoils the step that it belongs to and the one after it, on either board.
  ///
  /// - Returns: those, and how many there would be if no scan were lost or clipped.
  public var usableSteps: (usable: Int, steps: Int) {
    var most = 0
    for kind in kinds {
      guard let own = series(kind, of: .alice), let peer = series(kind, of: .bob) else { continue }
      for axis in 0..<3 {
        let flag = AxisFlags(axis: axis)
        let count = places.count { place in
          (place - 1...place).allSatisfy { !own.invalid[$0].contains(flag) && !peer.invalid[$0].contains(flag) }
        }
        most = max(most, count)
      }
    }
    return (most, steps.count)
  }
}
