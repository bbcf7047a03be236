import Agreement
import Motion
import SecureChannel

/// What the core is told by the session around it.
enum CoreInput: Sendable {
  /// The outer channel stands.
  case opened(outerHash: [UInt8], peerHello: Hello)
  /// A frame from the peer.
  case frame(Frame)
  /// Both sides have sent this checkpoint; its transcript hash.
  case checkpointClosed(label: String, hash: [UInt8])
  /// Scans, in order.
  case samples(Recording)
  /// The recording is at its end.
  case sourceEnded
  /// Time passed.
  case tick
}

/// What the core wants done.
enum CoreOutput: Sendable {
  case send(Frame)
  case startSampling
  case stopSampling
  case progress(PairingProgress)
  case paired(PairedSession)
}

/// One side of the pairing inside the outer channel: motion in, frames in and out, a session at the end.
///
/// It knows neither sockets nor sealing: the session around it seals what it sends and chains the transcript.
struct PairingCore: Sendable {
  /// What the side is doing; each step names what its deadline is waiting for.
  enum Step: String, Sendable {
    case opening = "waiting for the secure channel"
    case awaitingBurst = "waiting for the shake"
    case exchangingPreambles = "comparing the first two seconds"
    case collecting = "exchanging masks"
    case closingMasks = "closing the masks"
    case reconciling = "correcting errors"
    case closingReconciliation = "closing the error correction"
    case committing = "exchanging commitments"
    case handshaking = "exchanging keys"
    case confirming = "confirming the keys"
    case identifying = "exchanging identities"
    case done = "done"
  }

  let configuration: PairingConfiguration
  let hello: Hello
  var role: PairingRole { configuration.role }
  /// The board whose grid, frame and bits are the reference; the other board maps its motion to it and corrects its bits.
  /// The plan names it. Planner, alignment and key zone call the reference Alice and the other board Bob.
  var reference = PairingRole.alice
  /// Whether that is this board.
  var isReference: Bool { role == reference }
  var step = Step.opening
  /// When the step, or the whole attempt, has taken too long.
  var deadline: PairingInstant? {
    guard let stepDeadline, let attemptDeadline else { return stepDeadline }
    return min(stepDeadline, attemptDeadline)
  }
  var stepDeadline: PairingInstant?
  /// Set once, at the onset of the burst; whatever the peer does, it stays.
  var attemptDeadline: PairingInstant?
  var report = PairingReport()
  var outputs: [CoreOutput] = []

  // The channel.
  var epoch = PairingInstant(nanoseconds: 0)
  var outerHash: [UInt8] = []
  var peerHello: Hello?
  /// The highest profile that both sides permit.
  var profile = QuantiserProfile.guard
  var transcripts: [String: [UInt8]] = [:]
  var margin: Int
  /// Whether reasons stay local from here on.
  var maskSent = false

  // The clock.
  var probes = ClockProbes()
  var probesSent: [Int64] = []
  var probesAnswered = 0
  var lastReplyReceived: Int64 = 0
  var lastReply: (received: Int64, sent: Int64)?

  // The motion.
  var scans = ScanStore()
  var recording: Recording { scans.recording }
  var detector: BurstDetector
  var onset: Int64?
  var quietSince: Int64?
  var sourceEnded = false
  var isSampling = false
  var ownPreamble: PreambleBody?
  var ownNonce: [UInt8] = []
  /// Whether Alice has opened hers; Bob's follows it.
  var hasOpenedPreamble = false
  var ownOnsetTime: Int64 = 0
  var peerCommitment: (onsetTime: Int64, hash: [UInt8])?
  var peerPreamble: PreambleBody?
  /// The boards compared, once with either as the reference.
  var comparisons: [PreambleComparison] = []
  /// The other board's clock and frame against the reference's.
  var alignment: Alignment?
  /// What to add to the other board's low-passed values, by channel of the plan, SI units.
  var biases: [Double] = []
  /// How the boards' values differ, by channel of the plan.
  var trackers: [LatticeTracker] = []
  /// Follows the other board's clock on a lattice.
  var clock = ResidualClock()

  // The bits.
  var zone: KeyZone?
  /// Where quiet began in the newest second whose motion is told, if it did, and whether that second is the last.
  var secondEnd: (quietTime: Double?, isLast: Bool)?
  var maskNonces: [[UInt8]] = []
  var peerMaskCommitments: [[UInt8]] = []
  var maskOpensSent = 0
  var peerMaskLast: Int?
  var secondsEvaluated = 0
  /// The rate of bit errors to expect: what the preambles foretell, or the masks so far if they speak of more.
  var errorRate = 0.0
  var usedSeconds: Int?
  var bits = BitString()
  var bounds: EntropyBounds?
  var corrector: CascadeCorrector?
  var responder: CascadeResponder?
  var cascadeRoundTrips = 0
  var queriesOutstanding = 0

  // The keys.
  var keys: KeySchedule?
  var ephemeral: KeyPair?
  var peerEphemeralCommitment: [UInt8] = []
  var inner: HandshakeState?
  var session: PairedSession?
  var identities: IdentityExchange?

  init(configuration: PairingConfiguration, hello: Hello) {
    self.configuration = configuration
    self.hello = hello
    margin = configuration.margin
    if case .recording(let assumesOnset) = configuration.source {
      detector = BurstDetector(assumesOnset: assumesOnset)
    } else {
      detector = BurstDetector()
    }
  }

  /// Takes one input; what follows is in ``outputs``.
  mutating func handle(_ input: CoreInput, at now: PairingInstant) throws(AbortReason) {
    guard step != .done else { return }
    if let attemptDeadline, now >= attemptDeadline {
      throw .attemptTooLong(step: step.rawValue, seconds: configuration.attemptTimeout)
    }
    switch input {
    case .opened(let outerHash, let peerHello): try open(outerHash: outerHash, peerHello: peerHello, at: now)
    case .frame(let frame):
      try receive(frame, at: now)
      if step != .awaitingBurst, step != .done { stepDeadline = now.advanced(bySeconds: configuration.stepTimeout) }
    case .checkpointClosed(let label, let hash): try closed(label, hash, at: now)
    case .samples(let batch): try take(batch, at: now)
    case .sourceEnded:
      sourceEnded = true
      try advanceMotion(at: now)
      if onset == nil { throw .noMotion }
    case .tick:
      guard let deadline, now >= deadline else { return }
      throw step == .awaitingBurst && onset == nil ? .noMotion : .deadline(step: step.rawValue)
    }
  }

  mutating func enter(_ next: Step, at now: PairingInstant) {
    step = next
    stepDeadline = now.advanced(
      bySeconds: next == .awaitingBurst ? configuration.windowSeconds : configuration.stepTimeout)
  }

  mutating func send(_ type: FrameType, _ body: [UInt8]) { outputs.append(.send(Frame(type: type, body: body))) }

  mutating func stopSampling() {
    guard isSampling else { return }
    isSampling = false
    outputs.append(.stopSampling)
  }

  /// Ends the core: secrets are let go, which overwrites them, and samples are no longer wanted. A core that is dropped
  /// before its end lets go of them too.
  mutating func finish() {
    stopSampling()
    step = .done
    stepDeadline = nil
    attemptDeadline = nil
    zone = nil
    scans.removeAll()
    detector = BurstDetector()
    bits = BitString()
    corrector = nil
    responder = nil
    keys = nil
    ephemeral = nil
    inner = nil
    identities = nil
  }

  private mutating func open(outerHash: [UInt8], peerHello: Hello, at now: PairingInstant) throws(AbortReason) {
    guard step == .opening else { return }
    guard let profile = Set(peerHello.profiles).intersection(configuration.profiles).max() else {
      throw .noCommonProfile(own: configuration.profiles, peer: peerHello.profiles)
    }
    self.profile = profile
    report.profile = profile
    self.outerHash = outerHash
    self.peerHello = peerHello
    margin = max(configuration.margin, Int(peerHello.margin))
    epoch = now
    enter(.awaitingBurst, at: now)
    isSampling = true
    outputs.append(.startSampling)
    outputs.append(.progress(.waitingForShake))
    if role == .alice { sendProbe(at: now) }
  }

  private mutating func receive(_ frame: Frame, at now: PairingInstant) throws(AbortReason) {
    switch frame.type {
    case .probe: try receiveProbe(frame.body, at: now)
    case .probeReply: try receiveProbeReply(frame.body, at: now)
    case .preambleCommit: try receivePreambleCommit(frame.body, at: now)
    case .preambleOpen: try receivePreambleOpen(frame.body, at: now)
    case .plan: try receivePlan(frame.body, at: now)
    case .validity: try receiveValidity(frame.body, at: now)
    case .maskCommit: try receiveMaskCommit(frame.body, at: now)
    case .maskOpen: try receiveMaskOpen(frame.body, at: now)
    case .verdict: try receiveVerdict(frame.body, at: now)
    case .maskCheckpoint:
      guard step == .collecting || step == .closingMasks, frame.body.isEmpty else {
        throw .unexpectedMessage("a mask checkpoint")
      }
    case .parityQuery: try receiveQueries(frame.body, at: now)
    case .parityAnswer: try receiveAnswers(frame.body, at: now)
    case .reconciledCheckpoint: try receiveReconciled(frame.body, at: now)
    case .commitCheckpoint: try receiveCommitments(frame.body, at: now)
    case .handshake: try receiveHandshake(frame.body, at: now)
    case .confirm: try receiveConfirmation(frame.body, at: now)
    case .identity: try receiveIdentity(frame.body)
    case .identityProof: try receiveIdentityProof(frame.body)
    case .abort: throw .peerAborted(AbortFrame.name(of: frame.body))
    }
  }

  private mutating func closed(_ label: String, _ hash: [UInt8], at now: PairingInstant) throws(AbortReason) {
    transcripts[label] = hash
    switch label {
    case "mask": try beginReconciliation(at: now)
    case "rec": try commit(transcript: hash, at: now)
    default: try beginHandshake(transcript: hash, at: now)
    }
  }

  // MARK: - Clock

  func sinceEpoch(_ now: PairingInstant) -> Int64 { now.nanoseconds &- epoch.nanoseconds }

  private mutating func sendProbe(at now: PairingInstant) {
    let sent = sinceEpoch(now)
    probesSent.append(sent)
    send(
      .probe,
      ProbeBody(index: UInt8(probesSent.count - 1), sent: sent, lastReplyReceived: lastReplyReceived).encoded())
  }

  private mutating func receiveProbe(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    let probe = try ProbeBody(decoding: body)
    guard role == .bob, Int(probe.index) == probesAnswered, probesAnswered < ClockProbes.count else {
      throw .unexpectedMessage("a clock probe")
    }
    let received = sinceEpoch(now)
    if let lastReply {
      // Bob's reply, Alice's receipt of it, her next probe, his receipt of that: an exchange seen from his side.
      probes.add(sent: lastReply.sent, peerReceived: probe.lastReplyReceived, peerSent: probe.sent, received: received)
    }
    probesAnswered += 1
    lastReply = (received, received)
    send(.probeReply, [probe.index] + bigEndian(received) + bigEndian(received))
  }

  private mutating func receiveProbeReply(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    var reader = ByteReader(body)
    let index = Int(try reader.read(UInt8.self))
    let peerReceived = try reader.read(Int64.self)
    let peerSent = try reader.read(Int64.self)
    try reader.end()
    guard role == .alice, index == probesAnswered, index < probesSent.count else {
      throw .unexpectedMessage("a reply to no clock probe")
    }
    lastReplyReceived = sinceEpoch(now)
    probes.add(sent: probesSent[index], peerReceived: peerReceived, peerSent: peerSent, received: lastReplyReceived)
    probesAnswered += 1
    report.roundTrips += 1
    if probesSent.count < ClockProbes.count {
      sendProbe(at: now)
    } else {
      try openPreambleIfDue()
    }
  }
}
