import Motion

extension KeyZone {
  /// Over how many seconds predictors and scales are refitted.
  private static let memory = 8
  /// With how many values' worth of evidence those of the preamble count.
  private static let hold = 30.0

  /// What the past makes of one channel in one second.
  ///
  /// The hand does not go on as in the preamble: predictors of two seconds long ago would leave more and more of its
  /// rhythm in the bits, and thresholds would no longer part them evenly. Both sides refit on the same cells, those that
  /// both kept in seconds whose masks are open to both, so that the two fits differ as little as their sensors do. Nothing
  /// is disclosed for it. The preamble's predictor and scale count as evidence too: a peer's choice of cells moves a fit
  /// only as far as those it must keep allow.
  private struct Refit {
    let predictors: LagPredictors
    /// By which innovations are scaled to the preamble's: after values that are all there, and after others.
    let gains: SIMD2<Double>
  }

  /// This side's innovations of the next second, whose motion both sides have told about.
  ///
  /// - Returns: row-major, NaN where missing: the innovations; and what they would be if the peer had all of its motion.
  func innovations() -> (shared: WipedSeries<Double>, alone: WipedSeries<Double>) {
    var shared = WipedSeries(repeating: Double.nan, count: cellsPerSecond)
    var alone = shared
    let second = ownMasks.count
    for c in channels.indices {
      guard let refit = refit(second: second, channel: c) else { continue }
      for step in 0..<stepsPerSecond {
        let place = second * stepsPerSecond + step
        let cell = step * channels.count + c
        shared[cell] = innovation(place, c, refit)
        alone[cell] =
          refit.gains[0]
          * refit.predictors.innovation(
            { input(place - $0, c) }, isPresent: { input(place - $0, c).isFinite })
      }
    }
    return (shared, alone)
  }

  /// How this side's innovations of a second follow from the latest low-passed value alone: innovation = gain · value + shift,
  /// where the shift is made of earlier motion.
  ///
  /// - Returns: row-major, NaN where there is no predictor.
  func innovationMap(second: Int) -> (gains: [Double], shifts: [Double]) {
    var gains = [Double](repeating: .nan, count: cellsPerSecond)
    var shifts = gains
    for c in channels.indices {
      guard let refit = refit(second: second, channel: c) else { continue }
      for step in 0..<stepsPerSecond {
        let place = second * stepsPerSecond + step
        let cell = step * channels.count + c
        shifts[cell] = innovation(place, c, refit, latest: 0)
        gains[cell] = innovation(place, c, refit, latest: 1) - shifts[cell]
      }
    }
    return (gains, shifts)
  }

  private func input(_ place: Int, _ channel: Int) -> Double {
    place < 0 ? .nan : inputs[place * channels.count + channel]
  }

  private func isShared(_ place: Int, _ channel: Int) -> Bool { isPresent(place * channels.count + channel) }

  /// What follows soon after a value that clipped is larger than the rest: it has a scale of its own.
  private func scale(_ place: Int, _ channel: Int) -> Int {
    (1...moments[channel].order).allSatisfy { isShared(place - $0, channel) } ? 0 : 1
  }

  /// - Parameter latest: what to take for the value itself; as measured unless given.
  private func innovation(_ place: Int, _ channel: Int, _ refit: Refit, latest: Double? = nil) -> Double {
    refit.gains[scale(place, channel)]
      * refit.predictors.innovation(
        { $0 == 0 ? latest ?? input(place, channel) : input(place - $0, channel) },
        isPresent: { isShared(place - $0, channel) })
  }

  private func refit(second: Int, channel c: Int) -> Refit? {
    guard case .guard(let plan) = plan else { return nil }
    var learnt = max(0, second - KeyZone.memory - 1)..<max(0, second - 1)
    if learnt.upperBound > openedSeconds { learnt = 0..<0 }
    let count = channels.count
    let places = learnt.flatMap { second in
      (0..<stepsPerSecond).filter { step in
        ownMasks[second].kept[step * count + c] && peerMasks[second].kept[step * count + c]
      }.map { second * stepsPerSecond + $0 }
    }
    var fitted = moments[c].cleared
    for place in places { fitted.add { isShared(place - $0, c) ? input(place - $0, c) : .nan } }
    guard
      let predictors = LagPredictors(fitted.held(to: moments[c], rows: KeyZone.hold)) ?? LagPredictors(moments[c])
    else { return nil }
    let magnitude = plan.channels[c].magnitude
    var sums = SIMD2(repeating: KeyZone.hold * magnitude)
    var evidence = SIMD2(repeating: KeyZone.hold)
    for place in places {
      let own = abs(
        predictors.innovation({ input(place - $0, c) }, isPresent: { isShared(place - $0, c) }))
      guard own.isFinite else { continue }
      sums[scale(place, c)] += own
      evidence[scale(place, c)] += 1
    }
    return Refit(predictors: predictors, gains: magnitude * evidence / sums)
  }
}
