extension PreambleStatistics {
  /// How many innovations of the first order both boards have in their preambles, on the channel that has most.
  ///
  /// A scan that is lost or clipped spoils the step that it belongs to and the one after it, on either board.
  ///
  /// - Returns: those, and how many there would be if no scan were lost or clipped.
  public static func usableSteps(
    alice: Preamble, bob: Preamble, alignment: Alignment, grid: SampleGrid, width: Int
  ) -> (usable: Int, steps: Int) {
    let a = alice.recording
    // What is missing does not depend on the coefficients.
    let channels = kinds(of: a, alignment).flatMap { kind in (0..<3).map { MotionChannel(kind: kind, axis: $0) } }
    let models = channels.compactMap { channel in
      InnovationModel(channel: channel, order: 1, coefficients: channel.kind == .gyroscope ? [0] : [])
    }
    guard let steps = steps(alignment, grid, width: width), let chain = InnovationChain(width: width, models: models)
    else { return (0, 0) }
    let own = chain.ownInnovations(of: a, onset: 0, grid: grid, channels: channels, steps: steps)
    let peer = chain.peerInnovations(
      of: bob.recording, onset: 0, alignment: alignment, grid: grid, channels: channels, steps: steps)
    let counts = channels.indices.map { channel in
      (0..<steps.count).count {
        own.values[$0 * channels.count + channel].isFinite && peer.values[$0 * channels.count + channel].isFinite
      }
    }
    return (counts.max() ?? 0, steps.count)
  }

  /// The steps within both preambles; `nil` where they are too few to say anything.
  static func steps(_ alignment: Alignment, _ grid: SampleGrid, width: Int) -> Range<Int>? {
    let spacing = Double(width) * grid.spacing
    let end = min(Preamble.duration, Preamble.duration + alignment.offset)
    let begin = max(0, alignment.offset)
    let first = Int((begin / spacing).rounded(.up)) + 1
    let last = Int(end / spacing) - 1
    return last - first >= fewestSteps ? first..<last : nil
  }

  /// The sensor kinds by which the boards can be compared.
  static func kinds(of alice: Recording, _ alignment: Alignment) -> [SensorKind] {
    var kinds: [SensorKind] = []
    if alice.hasGyroscope, alignment.angularMap != nil { kinds.append(.gyroscope) }
    if alice.hasAccelerometer, alignment.accelerationMap != nil { kinds.append(.accelerometer) }
    return kinds
  }
}
