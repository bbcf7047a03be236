import Agreement

extension KeyZone {
  /// Kurtosis that the differences behind the masks are taken to have.
  private static let kurtosis = 4.0

  /// The rate of bit errors that the two masks speak of, between thresholds; `nil` where they say nothing.
  ///
  /// A value near the edge of a cell is kept by one board and erased by the other as often as the boards differ by the
  /// distance: how many cells only one of them keeps tells how much they differ in this very shake, and that how often they
  /// differ by the whole guard. Only counts of what both masks publish go in, so both sides find the same.
  func disagreement(seconds: Int) -> Double? {
    guard case .guard(let plan) = plan else { return nil }
    var bits = 0.0
    var flips = 0.0
    for (c, channel) in plan.channels.enumerated() {
      guard let quantiser = channel.quantiser else { continue }
      var present = 0
      var both = 0
      var either = 0
      for second in 0..<seconds {
        for cell in stride(from: c, to: cellsPerSecond, by: channels.count) {
          let (own, peer) = (ownMasks[second].kept[cell], peerMasks[second].kept[cell])
          if own || peer || isPresent(second * cellsPerSecond + cell) { present += 1 }
          if own || peer { either += 1 }
          if own && peer { both += 1 }
        }
      }
      guard present > 0 else { continue }
      let guardBand = quantiser.guardBand / channel.deviation
      let thresholds = quantiser.thresholds.map { $0 / channel.deviation }
      let atThresholds = thresholds.reduce(0) { $0 + normalDensity($1) }
      let atEdges = thresholds.reduce(0) { $0 + normalDensity($1 - guardBand) + normalDensity($1 + guardBand) }
      let lost = Double(either - both) / Double(present)
      let law = DifferenceLaw(meanMagnitude: max(lost / atEdges, 1e-6), kurtosis: KeyZone.kurtosis)
      bits += Double(both * channel.levels)
      flips += Double(present) * atThresholds * law.meanExcess(over: 2 * guardBand)
    }
    return bits > 0 ? flips / bits : nil
  }
}
