import Agreement
import Motion
import SecureChannel

extension PairingCore {
  /// Commits and opens masks as far as the motion and the peer allow: the mask of second s is committed when its motion
  /// is complete and, in the profile `guard`, both sides have told which values of it they have; it is opened once the next
  /// one is committed (or there is none) and the peer has committed its own.
  ///
  /// In the profile `offset` the reference's masks carry its positions, and once both masks of a second are open the other
  /// board says which of their cells it accepts; the next second is opened only after that.
  mutating func pumpMasks(at now: PairingInstant) throws(AbortReason) {
    guard step == .collecting else { return }
    var progressed = true
    while progressed, step == .collecting {
      progressed = false
      if try tellValidityIfDue() { progressed = true }
      if try commitMaskIfDue() { progressed = true }
      if openMaskIfDue() {
        progressed = true
        try evaluate(at: now)
      }
      if judgeIfDue() {
        progressed = true
        try evaluate(at: now)
      }
    }
  }

  private var ownMaskLast: Int? { zone?.ownMasks.firstIndex { $0.isLast } }

  /// The second that this side may commit a mask for, once its motion is complete.
  private var nextSecond: Int? {
    guard let second = zone?.ownMasks.count, ownMaskLast == nil,
      second < min(maskOpensSent, zone?.peerMasks.count ?? 0) + 2, second < configuration.maximumSeconds
    else { return nil }
    return second
  }

  private func motionState(ofSecond second: Int) -> (quietTime: Double?, isLast: Bool)? {
    guard let end = zone?.end(of: second), let state = motionState(through: end) else { return nil }
    return (state.quietTime, state.isLast || second + 1 == configuration.maximumSeconds)
  }

  /// Tells which values of the next second are there, once its motion is complete: innovations after a value that
  /// clipped on either board are made without it on both.
  private mutating func tellValidityIfDue() throws(AbortReason) -> Bool {
    guard case .guard(let plan)? = zone?.plan, let second = nextSecond, second == zone?.ownValidity.count,
      let state = motionState(ofSecond: second), let motion = motion(second: second, plan: plan)
    else { return false }
    zone?.append(motion)
    secondEnd = state
    guard let validity = zone?.ownValidity.last else { return false }
    maskSent = true
    send(.validity, bigEndian(UInt32(second)) + validity.encoded())
    return true
  }

  mutating func receiveValidity(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    var reader = ByteReader(body)
    let second = Int(try reader.read(UInt32.self))
    let encoded = try reader.read(reader.remaining)
    guard let zone, zone.plan.profile == .guard, step == .collecting || step == .closingMasks,
      second == zone.peerValidity.count,
      second == peerMaskCommitments.count, second < configuration.maximumSeconds, second < zone.peerMasks.count + 2,
      peerMaskLast == nil
    else { throw .unexpectedMessage("validity out of turn") }
    self.zone?.append(peer: try ValidityBody(decoding: encoded, count: zone.cellsPerSecond))
    try pumpMasks(at: now)
  }

  private mutating func commitMaskIfDue() throws(AbortReason) -> Bool {
    guard let plan = zone?.plan, let second = nextSecond else { return false }
    // Nobody else holds the zone here: it grows in place.
    switch plan {
    case .guard(let plan):
      guard let told = zone?.ownValidity.count, let heard = zone?.peerValidity.count, second < min(told, heard),
        let secondEnd, var innovations = zone?.innovations()
      else { return false }
      if !isReference { configuration.rehearsal?.disturb(&innovations.shared, plan: plan, second: second) }
      zone?.append(innovations, erasedFrom: secondEnd.quietTime, isLast: secondEnd.isLast)
    case .offset(let plan):
      guard let state = motionState(ofSecond: second), let block = lowPassed(second: second, plan: plan) else {
        return false
      }
      let publishes = isReference
      zone?.append(block, publishes: publishes, erasedFrom: state.quietTime, isLast: state.isLast)
    }
    guard let mask = zone?.ownMasks.last else { return false }
    let nonce = try randomBytes(32)
    maskNonces.append(nonce)
    maskSent = true
    send(.maskCommit, bigEndian(UInt32(second)) + maskHash(role, second, nonce, mask.encoded()))
    return true
  }

  /// This side's low-passed motion of one second of the key zone, for a plan between thresholds.
  private func motion(second: Int, plan: SignalPlan) -> StepMotion? {
    guard let zone, let onset, let alignment else { return nil }
    let channels = plan.channels.map(\.channel)
    let steps = zone.steps(of: second)
    if isReference {
      return plan.chain.ownMotion(
        of: recording, onset: onset, alignment: alignment, grid: zone.grid, channels: channels, steps: steps)
    }
    return plan.chain.peerMotion(
      of: recording, onset: onset, alignment: alignment, grid: zone.grid, channels: channels, steps: steps)
  }

  /// This side's low-passed motion of one second of the key zone, the other board's by its clock as that is known
  /// by now.
  private func lowPassed(second: Int, plan: OffsetPlan) -> LowPassedBlock? {
    guard let zone, let onset else { return nil }
    let channels = plan.channels.map(\.channel)
    let steps = zone.steps(of: second)
    if isReference {
      return plan.lowPass.ownValues(
        of: recording, onset: onset, grid: zone.grid, channels: channels, steps: steps)
    }
    guard let alignment else { return nil }
    var block = plan.lowPass.peerValues(
      of: recording, onset: onset, alignment: alignment.shifted(by: -clock.shift), grid: zone.grid, channels: channels,
      steps: steps)
    for cell in block.values.indices { block.values[cell] += biases[cell % channels.count] }
    return block
  }

  /// The other board says which cells of a second it accepts, once both masks of it are open.
  private mutating func judgeIfDue() -> Bool {
    guard !isReference, step == .collecting, case .offset(let plan) = zone?.plan,
      let second = zone?.verdicts.count, second < maskOpensSent, second < zone?.peerMasks.count ?? 0,
      let block = lowPassed(second: second, plan: plan)
    else { return false }
    zone?.judge(block, trackers: &trackers, clock: &clock)
    guard let zone else { return false }
    let verdict = zone.candidates(second: second).map { zone.verdicts[second][$0] }
    send(.verdict, bigEndian(UInt32(second)) + BitString(verdict).packed())
    return true
  }

  /// be32(second) ‖ one bit per cell that both masks keep, in order, most significant first, padded with zeros.
  mutating func receiveVerdict(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    var reader = ByteReader(body)
    let second = Int(try reader.read(UInt32.self))
    let packed = try reader.read(reader.remaining)
    guard let zone, isReference, zone.plan.profile == .offset, step == .collecting, second == zone.verdicts.count,
      second < min(maskOpensSent, zone.peerMasks.count)
    else { throw .unexpectedMessage("a verdict out of turn") }
    let candidates = zone.candidates(second: second)
    guard let bits = BitString(packed: packed, count: candidates.count) else {
      throw .malformed("a verdict of the wrong length")
    }
    var accepted = [Bool](repeating: false, count: zone.cellsPerSecond)
    for (place, cell) in candidates.enumerated() { accepted[cell] = bits[place] }
    self.zone?.settle(accepted)
    try evaluate(at: now)
    try pumpMasks(at: now)
  }

  /// Whether the motion up to `time` (seconds since the reference's onset) is complete, and where quiet began if it ended
  /// before; `nil` while more samples are needed to tell.
  private func motionState(through time: Double) -> (quietTime: Double?, isLast: Bool)? {
    guard let onset, let last = recording.timestamps.last else { return nil }
    let offset = isReference ? 0 : alignment?.offset ?? 0
    func referenceTime(_ own: Int64) -> Double { Double(own &- onset) * 1e-9 + offset }
    if let quietSince, referenceTime(quietSince) <= time { return (referenceTime(quietSince), true) }
    // The other board's spline looks sixteen scans ahead. The reference takes its own scans; only where they miss the grid
    // does a spline come in, of which four will do.
    var reach = 0.02 + (isReference ? 4 : 16) * recording.typicalPeriod
    if let zone, case .guard(let plan) = zone.plan {
      reach += Double(plan.chain.reach * plan.chain.width) * zone.grid.spacing
    }
    let arrived = referenceTime(last) >= time + reach
    if !arrived { return sourceEnded ? (nil, referenceTime(last) < time + 0.5) : nil }
    // A pause under way may turn out to be the end of the burst.
    if quietSince == nil, let pause = detector.quietSince, referenceTime(pause) <= time, !sourceEnded { return nil }
    return (nil, false)
  }

  func maskHash(_ side: PairingRole, _ second: Int, _ nonce: [UInt8], _ encoded: [UInt8]) -> [UInt8] {
    SHA256.hash(
      ascii("TACC2/mask") + [side.byte] + outerHash + bigEndian(UInt32(second)) + nonce + prefixed(encoded))
  }

  private mutating func openMaskIfDue() -> Bool {
    guard let zone, maskOpensSent < zone.ownMasks.count, peerMaskCommitments.count > maskOpensSent else { return false }
    let second = maskOpensSent
    // In step: whoever decides after a second that it was enough must not find the next one opened already.
    guard zone.settledSeconds >= second else { return false }
    guard zone.ownMasks.count > second + 1 || zone.ownMasks[second].isLast else { return false }
    send(.maskOpen, bigEndian(UInt32(second)) + maskNonces[second] + zone.ownMasks[second].encoded())
    maskOpensSent += 1
    return true
  }

  mutating func receiveMaskCommit(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    var reader = ByteReader(body)
    let second = Int(try reader.read(UInt32.self))
    let hash = try reader.read(32)
    try reader.end()
    guard let zone, step == .collecting || step == .closingMasks, second == peerMaskCommitments.count,
      second < configuration.maximumSeconds, second < zone.peerMasks.count + 2, peerMaskLast == nil
    else { throw .unexpectedMessage("a mask commitment out of turn") }
    peerMaskCommitments.append(hash)
    try pumpMasks(at: now)
  }

  mutating func receiveMaskOpen(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    var reader = ByteReader(body)
    let second = Int(try reader.read(UInt32.self))
    let nonce = try reader.read(32)
    let encoded = try reader.read(reader.remaining)
    guard let zone, step == .collecting, second == zone.peerMasks.count, second < peerMaskCommitments.count,
      second < zone.ownMasks.count
    else { throw .unexpectedMessage("a mask opened out of turn") }
    guard maskHash(role.peer, second, nonce, encoded) == peerMaskCommitments[second] else {
      throw .maskCommitmentMismatch
    }
    let mask = try MaskBody(
      decoding: encoded, count: zone.cellsPerSecond,
      carriesPositions: zone.plan.profile == .offset && !isReference)
    if mask.isLast { peerMaskLast = second }
    self.zone?.append(peer: mask)
    try evaluate(at: now)
    try pumpMasks(at: now)
  }

  /// After every second that both have opened (and the other board has judged): enough, to be continued, or too short; from public
  /// counts alone.
  private mutating func evaluate(at now: PairingInstant) throws(AbortReason) {
    guard let zone, step == .collecting else { return }
    let opened = min(maskOpensSent, zone.settledSeconds)
    while secondsEvaluated < opened, step == .collecting {
      secondsEvaluated += 1
      if let (name, share) = zone.acceptances(seconds: secondsEvaluated).first, share < KeyZone.leastAcceptance {
        record(seconds: secondsEvaluated, kept: zone.keptBits(seconds: secondsEvaluated))
        throw .offsetsRejected(sensor: name, share: share)
      }
      let kept = zone.keptBits(seconds: secondsEvaluated)
      expectErrors(seconds: secondsEvaluated)
      let needed = neededBits
      outputs.append(.progress(.collecting(kept: kept, needed: needed)))
      let ended = zone.ownMasks[secondsEvaluated - 1].isLast || zone.peerMasks[secondsEvaluated - 1].isLast
      report.roundTrips += 1
      if kept >= needed {
        try closeMasks(seconds: secondsEvaluated, kept: kept, at: now)
      } else if ended {
        record(seconds: secondsEvaluated, kept: kept)
        throw .tooShort(kept: kept, needed: needed)
      }
    }
  }

  /// Expects as many errors as the preambles foretell, or as the masks so far speak of if that is more: up to four times as
  /// many, or a peer that erases at will would have the other shake on and on. A rehearsal's errors are known.
  private mutating func expectErrors(seconds: Int) {
    guard let zone else { return }
    let foretold = Int(zone.plan.errorCode)
    guard configuration.rehearsal == nil, let shown = zone.disagreement(seconds: seconds) else {
      errorRate = Double(foretold) * 1e-4
      return
    }
    // Rounded, so that floating point on two processors does not split the sides.
    errorRate = Double(max(foretold, min(Int((min(shown, 1) * 1e4).rounded()), 4 * foretold, 2000))) * 1e-4
  }

  /// The least n that satisfies the stopping rule.
  private var neededBits: Int {
    var low = 0
    var high = 1 << 17
    while low < high {
      let middle = (low + high) / 2
      if StoppingRule.isSatisfied(
        keptBits: middle, predictedErrorRate: errorRate, marginBits: margin, efficiency: 1.2)
      {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low
  }

  private mutating func record(seconds: Int, kept: Int) {
    guard let zone else { return }
    usedSeconds = seconds
    report.shakeSeconds = zone.end(of: seconds - 1)
    report.predictedErrorRate = errorRate
    report.rawBits = seconds * zone.bitsPerSecond
    report.keptBits = kept
    for (channel, bits) in zone.keptBitsByChannel(seconds: seconds).enumerated() {
      report.channels[channel].kept = bits
    }
    report.overlap = zone.overlaps(seconds: seconds).first?.overlap
    report.accepted = zone.acceptances(seconds: seconds).first?.overlap
  }

  private mutating func closeMasks(seconds: Int, kept: Int, at now: PairingInstant) throws(AbortReason) {
    guard let zone else { return }
    record(seconds: seconds, kept: kept)
    for (name, overlap) in zone.overlaps(seconds: seconds) where overlap < 0.60 {
      throw .maskOverlap(sensor: name, overlap: overlap)
    }
    for (name, share) in zone.acceptances(seconds: seconds) where share < KeyZone.leastAcceptance {
      throw .offsetsRejected(sensor: name, share: share)
    }
    report.ledger.debit(.masks, bits: 0, "masks, and what clipped: known to every predictor of the bound")
    if zone.plan.profile == .offset {
      report.ledger.debit(
        .offsets, bits: 0,
        "offsets: the reference's places inside their cells, four bits a value, known to every predictor of the bound")
    }
    enter(.closingMasks, at: now)
    outputs.append(.progress(.reconciling))
    stopSampling()
    send(.maskCheckpoint, [])
  }
}
