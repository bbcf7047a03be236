import Motion

extension KeyZone {
  /// Over how many seconds predictors and scales are refitted.
  private static let memory = 5
  /// With how many values' worth of evidence those of the plan count.
  private static let hold = 30.0

  /// Fits the predictors and the scale of one more second to the seconds before.
  ///
  /// The hand does not go on as in the preamble: predictors of two seconds long ago would leave more and more of its
  /// rhythm in the bits, and thresholds would no longer part them evenly. Both sides refit on the same cells, those that
  /// both kept in seconds whose masks are open to both, so that the two fits differ as little as their sensors do. Nothing
  /// is disclosed for it. The plan's predictor and scale count as evidence too: a peer's choice of cells moves a fit only
  /// as far as those it must keep allow.
  func adapt(_ block: inout InnovationBlock) {
    let second = ownMasks.count
    let learnt = max(0, second - KeyZone.memory - 1)..<max(0, second - 1)
    guard !learnt.isEmpty, learnt.upperBound <= openedSeconds else { return }
    let count = plan.channels.count
    let firstPlace = second * stepsPerSecond
    for (c, channel) in plan.channels.enumerated() {
      guard let model = plan.chain.model(for: channel.channel) else { continue }
      func motion(_ place: Int) -> Double {
        guard place >= 0 else { return .nan }
        return place < firstPlace ? inputs[place * count + c] : block.inputs[(place - firstPlace) * count + c]
      }
      let places = learnt.flatMap { second in
        (0..<stepsPerSecond).filter { step in
          ownMasks[second].kept[step * count + c] && peerMasks[second].kept[step * count + c]
        }.map { second * stepsPerSecond + $0 }
      }
      let weights = model.refitted(at: places, hold: KeyZone.hold, value: motion)
      func innovation(_ place: Int) -> Double {
        (0..<model.order).reduce(motion(place)) { $0 - weights[$1] * motion(place - 1 - $1) }
      }
      var sum = KeyZone.hold * channel.magnitude
      var evidence = KeyZone.hold
      for place in places {
        let magnitude = abs(innovation(place))
        guard magnitude.isFinite else { continue }
        sum += magnitude
        evidence += 1
      }
      let gain = channel.magnitude * evidence / sum
      for step in 0..<stepsPerSecond { block.values[step * count + c] = gain * innovation(firstPlace + step) }
    }
  }
}
