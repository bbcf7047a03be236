import Agreement
import Motion
import SecureChannel

extension PairingCore {
  // MARK: - Samples

  mutating func take(_ batch: Recording, at now: PairingInstant) throws(AbortReason) {
    guard batch.isConsistent else { throw .sensorFailed("a batch of scans whose parts differ in length") }
    guard
      recording.isEmpty
        || (batch.hasAccelerometer == recording.hasAccelerometer
          && batch.hasGyroscope == recording.hasGyroscope)
    else { throw .sensorFailed("the sensor changed its channels in the middle") }
    scans.append(contentsOf: batch)
    for i in 0..<batch.count {
      let transition = detector.feed(
        time: batch.timestamps[i], acceleration: batch.hasAccelerometer ? batch.acceleration[i] : nil,
        angularVelocity: batch.hasGyroscope ? batch.angularVelocity[i] : nil)
      switch transition {
      case .began(let time) where onset == nil:
        onset = time
        if case .recording(assumesOnset: true) = configuration.source {
          report.onset = .assumed
        } else {
          report.onset = .detected
        }
        // The batch arrives now and its last scan is now: the onset lies that much earlier.
        ownOnsetTime = sinceEpoch(now) &- (batch.timestamps[batch.count - 1] &- time)
        attemptDeadline = now.advanced(bySeconds: configuration.attemptTimeout)
        outputs.append(.progress(.shaking))
      case .ended(let time) where onset != nil && quietSince == nil:
        quietSince = time
      default: break
      }
    }
    // Before a burst only what the grid is fitted to is kept.
    if onset == nil, scans.count > 16_000 { scans.drop(before: scans.count - 8_000) }
    guard scans.count < 500_000 else { throw .sensorFailed("more scans than a pairing can need") }
    try advanceMotion(at: now)
  }

  /// Does whatever the motion so far allows.
  mutating func advanceMotion(at now: PairingInstant) throws(AbortReason) {
    if ownPreamble == nil, let onset, let last = recording.timestamps.last {
      let complete = last &- onset >= Int64(Preamble.duration * 1e9)
      if complete {
        try commitPreamble(onset: onset, at: now)
      } else if sourceEnded {
        throw .preambleIncomplete
      }
    }
    if step == .collecting { try pumpMasks(at: now) }
  }

  // MARK: - Preambles: commitments first, then Alice opens, then Bob

  private mutating func commitPreamble(onset: Int64, at now: PairingInstant) throws(AbortReason) {
    guard let preamble = Preamble(recording: recording, onset: onset) else { throw .preambleIncomplete }
    let grid = SampleGrid(recording: recording, onset: onset, horizon: Int64(Preamble.duration * 1e9))
    let body = PreambleBody(preamble: preamble, grid: grid)
    ownPreamble = body
    ownNonce = try randomBytes(32)
    send(.preambleCommit, bigEndian(ownOnsetTime) + preambleHash(role, ownNonce, body.encoded()))
    enter(.exchangingPreambles, at: now)
    // The peer may be slower to notice the motion, or to press its button.
    if peerCommitment == nil { stepDeadline = now.advanced(bySeconds: configuration.stepTimeout) }
    try openPreambleIfDue()
  }

  private func preambleHash(_ side: PairingRole, _ nonce: [UInt8], _ encoded: [UInt8]) -> [UInt8] {
    SHA256.hash(ascii("TACC2/preamble") + [side.byte] + outerHash + nonce + prefixed(encoded))
  }

  mutating func receivePreambleCommit(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    var reader = ByteReader(body)
    let onsetTime = try reader.read(Int64.self)
    let hash = try reader.read(32)
    try reader.end()
    guard peerCommitment == nil else { throw .unexpectedMessage("a second preamble commitment") }
    peerCommitment = (onsetTime, hash)
    try openPreambleIfDue()
  }

  /// Alice opens once both commitments are out and the clocks are compared; Bob waits for hers.
  mutating func openPreambleIfDue() throws(AbortReason) {
    guard role == .alice, let own = ownPreamble, peerCommitment != nil, probesAnswered == ClockProbes.count else {
      return
    }
    try compareOnsets()
    send(.preambleOpen, ownNonce + prefixed(own.encoded()))
    hasOpenedPreamble = true
  }

  /// A live board refuses a peer whose burst began at another time by the clock; recordings have no common clock.
  ///
  /// The offset between the clocks is known to half the best round trip, and by no more is the comparison widened. A
  /// link so slow that this would be much is refused, or a relay could widen it at will.
  private func compareOnsets() throws(AbortReason) {
    guard case .live = configuration.source, let peer = peerCommitment else { return }
    guard let probe = probes.best else { throw .unexpectedMessage("a preamble before the clocks were compared") }
    let apart = (Double(peer.onsetTime) - Double(ownOnsetTime)) * 1e-9 - probe.offset
    guard probe.roundTrip <= ClockProbes.longestRoundTrip else { throw .linkTooSlow(roundTrip: probe.roundTrip) }
    guard abs(apart) <= AlignmentLimits().onsetTolerance + probe.roundTrip / 2 else {
      throw .onsetsDisagree(seconds: abs(apart))
    }
  }

  mutating func receivePreambleOpen(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard let commitment = peerCommitment, ownPreamble != nil, peerPreamble == nil else {
      throw .unexpectedMessage("a preamble opened before both had committed")
    }
    guard role == .bob || hasOpenedPreamble else { throw .unexpectedMessage("a preamble opened before Alice's") }
    var reader = ByteReader(body)
    let nonce = try reader.read(32)
    let encoded = try reader.readPrefixed(limit: Frame.maximumCount)
    try reader.end()
    guard preambleHash(role.peer, nonce, encoded) == commitment.hash else { throw .preambleCommitmentMismatch }
    peerPreamble = try PreambleBody(decoding: encoded)
    if role == .alice {
      report.roundTrips += 1
      try align()
      return
    }
    try compareOnsets()
    // The preamble goes out before it is judged: Alice, too, must be able to say why it does not fit.
    guard let own = ownPreamble else { return }
    send(.preambleOpen, ownNonce + prefixed(own.encoded()))
    try align()
    let (comparison, plan) = try choosePlan()
    try adopt(plan, in: comparison)
    send(.plan, [reference.byte] + plan.encoded())
    enter(.collecting, at: now)
    try pumpMasks(at: now)
  }

  /// Both sides run the same gates on the same two preambles, with either board as the reference: motion that is one has
  /// to be so both ways. A board whose scans make no grid cannot be the reference; its gates run on the usual grid, or a peer
  /// could choose by what it declares which of them it has to pass.
  private mutating func align() throws(AbortReason) {
    guard let own = ownPreamble, let peer = peerPreamble else { return }
    let bodies: [PairingRole: PreambleBody] = [role: own, role.peer: peer]
    guard !own.isWithoutGrid || !peer.isWithoutGrid else {
      throw .plan(.unsuitableRate(period: recording.duration / Double(max(1, recording.count))))
    }
    var correlations: [Double] = []
    for reference in configuration.references {
      guard let first = bodies[reference], let second = bodies[reference.peer] else { continue }
      guard
        let grid = first.isWithoutGrid
          ? PreambleComparison.usualGrid : SampleGrid(start: first.gridStart, period: first.gridPeriod)
      else { throw .malformed("a grid that is none") }
      do {
        let comparison = try PreambleComparison(
          reference: reference, first.preamble, second.preamble, grid: grid, rehearsal: configuration.rehearsal)
        correlations.append(comparison.whitenedCorrelation)
        if !first.isWithoutGrid { comparisons.append(comparison) }
      } catch {
        switch error {
        case .alignment(let error): throw reason(for: error)
        case .plan(let failure, let alignment):
          report.alignment = alignment
          throw reason(for: failure)
        }
      }
    }
    guard let comparison = comparisons.first else {
      throw .plan(.unsuitableRate(period: recording.duration / Double(max(1, recording.count))))
    }
    report.alignment = comparison.alignment
    report.whitenedCorrelation = correlations.min()
    report.preambleSeconds = KeyZone.start
    report.ledger.debit(.preamble, bits: 0, "preambles: two seconds that are no key material")
    outputs.append(.progress(.together))
  }

  /// The reference and the plan that leave most net bits per second.
  private func choosePlan() throws(AbortReason) -> (PreambleComparison, Plan) {
    var best: (comparison: PreambleComparison, proposal: Planner.Proposal)?
    var failure = PlanFailure.noUsableChannel
    for comparison in comparisons {
      do throws(PlanFailure) {
        let proposal = try comparison.planner.propose(profile)
        if proposal.rate > best?.proposal.rate ?? 0 { best = (comparison, proposal) }
      } catch {
        failure = error
      }
    }
    guard let best else { throw reason(for: failure) }
    return (best.comparison, best.proposal.plan)
  }

  /// No plan: because of a sensor that repeats itself, or is too fast, if one is.
  private func reason(for failure: PlanFailure) -> AbortReason {
    if let own = ownPreamble, let peer = peerPreamble,
      let repetition = Alignment.repetition(alice: own.preamble, bob: peer.preamble)
    {
      return .alignment(repetition)
    }
    switch failure {
    case .noUsableChannel, .tooFewSteps: return .plan(excessiveRate ?? failure)
    default: return .plan(failure)
    }
  }

  private func reason(for error: AlignmentError) -> AbortReason {
    if case .tooFewScans = error, let rate = excessiveRate { return .plan(rate) }
    return .alignment(error)
  }

  /// A rate beyond any grid's, if a board has one: of so many scans a preamble holds not nearly two seconds, and too little is
  /// left to compare.
  private var excessiveRate: PlanFailure? {
    for body in [ownPreamble, peerPreamble] {
      guard let body, body.isWithoutGrid, let first = body.preamble.times.first, let last = body.preamble.times.last
      else { continue }
      let period = Double(last - first) * 1e-6 / Double(body.preamble.times.count - 1)
      if period < Double(SampleGrid.periods.lowerBound) * 1e-12 { return .unsuitableRate(period: period) }
    }
    return nil
  }

  /// reference (0x41 or 0x42) ‖ the plan.
  mutating func receivePlan(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard role == .alice, step == .exchangingPreambles, !comparisons.isEmpty else { throw .unexpectedMessage("a plan") }
    var reader = ByteReader(body)
    let byte = try reader.read(UInt8.self)
    let encoded = try reader.read(reader.remaining)
    guard let comparison = comparisons.first(where: { $0.reference.byte == byte }) else {
      throw .planRejected("the board that it takes for the reference cannot be it")
    }
    let plan = try Plan(decoding: encoded, profile: profile)
    do { try comparison.planner.check(plan) } catch { throw .planRejected("\(error)") }
    try adopt(plan, in: comparison)
    enter(.collecting, at: now)
    try pumpMasks(at: now)
  }

  private mutating func adopt(_ plan: Plan, in comparison: PreambleComparison) throws(AbortReason) {
    let (planner, grid) = (comparison.planner, comparison.planner.grid)
    guard
      let zone = KeyZone(
        plan: plan, moments: planner.moments(for: plan), grid: grid, maximumSeconds: configuration.maximumSeconds)
    else { throw .malformed("a plan that cuts no cells") }
    comparisons = []
    reference = comparison.reference
    alignment = comparison.alignment
    report.reference = reference
    report.alignment = alignment
    self.zone = zone
    report.stepSpacing = Double(plan.width) * grid.spacing
    report.predictedErrorRate = plan.predictedErrorRate
    switch plan {
    case .guard(let plan):
      for filter in plan.chain.filters { report.matched[filter.kind] = filter.side.role(reference: reference) }
      let correlations = planner.correlations(for: plan)
      report.channels = plan.channels.map {
        PairingReport.Channel(
          name: $0.channel.name, correlation: correlations[$0.channel] ?? 0, levels: $0.levels,
          guardBand: Quantiser.guardMenu[$0.guardIndex], cellWidth: nil, kept: 0)
      }
    case .offset(let plan):
      let figures = planner.figures(for: plan)
      biases = figures.map(\.bias)
      trackers = zip(plan.channels, figures).compactMap { channel, figures in
        channel.quantiser.map { LatticeTracker(quantiser: $0, model: figures.model) }
      }
      report.channels = zip(plan.channels, figures).map { channel, figures in
        PairingReport.Channel(
          name: channel.channel.name, correlation: figures.correlation, levels: channel.bits, guardBand: nil,
          cellWidth: channel.step / figures.deviation, kept: 0)
      }
    }
    report.ledger.debit(.plan, bits: 0, "plan: follows from the preambles")
  }

  func randomBytes(_ count: Int) throws(AbortReason) -> [UInt8] {
    do { return try SystemRandom.bytes(count: count) } catch { throw .internalFault("\(error)") }
  }
}
