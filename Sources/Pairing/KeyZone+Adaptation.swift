import Motion

extension KeyZone {
  /// Over how many seconds predictors and scales are refitted.
  private static let memory = 8
  /// With how many values' worth of evidence those of the preamble count.
  private static let hold = 30.0

  /// This side's innovations of the next second, whose motion both sides have told about.
  ///
  /// The hand does not go on as in the preamble: predictors of two seconds long ago would leave more and more of its
  /// rhythm in the bits, and thresholds would no longer part them evenly. Both sides refit on the same cells, those that
  /// both kept in seconds whose masks are open to both, so that the two fits differ as little as their sensors do. Nothing
  /// is disclosed for it. The preamble's predictor and scale count as evidence too: a peer's choice of cells moves a fit
  /// only as far as those it must keep allow.
  ///
  /// - Returns: row-major, NaN where missing: the innovations; and what they would be if the peer had all of its motion.
  func innovations() -> (shared: WipedSeries<Double>, alone: WipedSeries<Double>) {
    var shared = WipedSeries(repeating: Double.nan, count: cellsPerSecond)
    var alone = shared
    guard case .guard(let plan) = plan else { return (shared, alone) }
    let second = ownMasks.count
    var learnt = max(0, second - KeyZone.memory - 1)..<max(0, second - 1)
    if learnt.upperBound > openedSeconds { learnt = 0..<0 }
    let count = plan.channels.count
    let firstPlace = second * stepsPerSecond
    for (c, channel) in plan.channels.enumerated() {
      func value(_ place: Int) -> Double { place < 0 ? .nan : inputs[place * count + c] }
      func isShared(_ place: Int) -> Bool { isPresent(place * count + c) }
      let places = learnt.flatMap { second in
        (0..<stepsPerSecond).filter { step in
          ownMasks[second].kept[step * count + c] && peerMasks[second].kept[step * count + c]
        }.map { second * stepsPerSecond + $0 }
      }
      var fitted = moments[c].cleared
      for place in places { fitted.add { isShared(place - $0) ? value(place - $0) : .nan } }
      guard
        let predictors = LagPredictors(fitted.held(to: moments[c], rows: KeyZone.hold)) ?? LagPredictors(moments[c])
      else { continue }
      func innovation(_ place: Int) -> Double {
        predictors.innovation({ value(place - $0) }, isPresent: { isShared(place - $0) })
      }
      // What follows soon after a value that clipped is larger than the rest: it has a scale of its own.
      func scale(_ place: Int) -> Int { (1...moments[c].order).allSatisfy { isShared(place - $0) } ? 0 : 1 }
      var sums = SIMD2(repeating: KeyZone.hold * channel.magnitude)
      var evidence = SIMD2(repeating: KeyZone.hold)
      for place in places {
        let magnitude = abs(innovation(place))
        guard magnitude.isFinite else { continue }
        sums[scale(place)] += magnitude
        evidence[scale(place)] += 1
      }
      let gains = channel.magnitude * evidence / sums
      for step in 0..<stepsPerSecond {
        let place = firstPlace + step
        shared[step * count + c] = gains[scale(place)] * innovation(place)
        alone[step * count + c] =
          gains[0] * predictors.innovation({ value(place - $0) }, isPresent: { value(place - $0).isFinite })
      }
    }
    return (shared, alone)
  }
}
