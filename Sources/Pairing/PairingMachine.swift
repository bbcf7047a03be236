import Agreement
import Motion
import SecureChannel

/// One side of one pairing, without I/O: events and a clock in, actions out.
///
/// It serves one attempt: one session of the relay, one burst of motion. The caller delivers packets in order, samples
/// as they come, and a tick when ``deadline`` has passed; it carries out the actions in order. After ``PairingAction/paired``
/// or ``PairingAction/aborted`` every further event is ignored. Whatever the other side sends, the machine answers with
/// actions or ends; it does not trap.
public struct PairingMachine: Sendable {
  private var session: SealedSession
  private(set) var core: PairingCore
  private var started = false
  private var openingDeadline: PairingInstant?
  private var finished = false

  /// A machine at rest.
  ///
  /// - Throws: ``AbortReason/internalFault(_:)`` where the session id is not 16 bytes, the margin below 128, or there
  ///   is no randomness.
  public init(configuration: PairingConfiguration) throws(AbortReason) {
    guard configuration.sessionID.count == 16 else {
      throw .internalFault("a session id of \(configuration.sessionID.count) bytes, 16 are needed")
    }
    guard PairingConfiguration.margins.contains(configuration.margin) else {
      throw .internalFault("a margin of \(configuration.margin) bits; at least 128 and at most 8192 are allowed")
    }
    let nonce: [UInt8]
    do { nonce = try SystemRandom.bytes(count: Hello.nonceCount) } catch { throw .internalFault("\(error)") }
    let hello = Hello(
      role: configuration.role, profiles: configuration.profiles.sorted(), sensors: configuration.sensors,
      margin: UInt16(configuration.margin), nonce: nonce,
      offersIdentity: configuration.identity != nil)
    session = SealedSession(role: configuration.role, sessionID: configuration.sessionID, hello: hello)
    core = PairingCore(configuration: configuration, hello: hello)
  }

  /// When the next tick is due, if any.
  public var deadline: PairingInstant? {
    if finished { return nil }
    return session.isOpen ? core.deadline : openingDeadline
  }

  /// Whether the pairing has ended, one way or the other.
  public var isFinished: Bool { finished }

  /// What can be told of the pairing so far.
  public var report: PairingReport { core.report }

  /// Alice or Bob.
  public var role: PairingRole { core.role }

  /// This side's bits between the masks and the end of error correction, for comparison in one process.
  var uncorrectedBits: BitString { core.step == .reconciling ? core.bits : BitString() }

  /// This side's symbols before erasure, cell by cell, while error correction runs; for comparison in one process.
  var rawDecisions: [(symbol: Int, levels: Int)?] {
    guard core.step == .reconciling, let seconds = core.usedSeconds else { return [] }
    return core.zone?.rawDecisions(seconds: seconds) ?? []
  }

  /// Takes one event.
  public mutating func handle(_ event: PairingEvent, at now: PairingInstant) -> [PairingAction] {
    guard !finished else { return [] }
    var actions: [PairingAction] = []
    do throws(AbortReason) {
      switch event {
      case .start:
        guard !started else { break }
        started = true
        openingDeadline = now.advanced(bySeconds: core.configuration.peerTimeout)
        actions += [.send(session.greeting), .progress(.waitingForPeer)]
      case .peerJoined:
        // A relay that keeps nothing for absent peers has dropped the first greeting.
        if session.isGreeting, session.peerHello == nil { actions.append(.send(session.greeting)) }
      case .packet(let packet): try receive(packet, at: now, into: &actions)
      case .samples(let batch): try pass(.samples(batch), at: now, into: &actions)
      case .sourceEnded: try pass(.sourceEnded, at: now, into: &actions)
      case .tick:
        if !session.isOpen, let openingDeadline, now >= openingDeadline {
          throw AbortReason.deadline(step: PairingCore.Step.opening.rawValue)
        }
        try pass(.tick, at: now, into: &actions)
      case .peerLeft: throw AbortReason.peerLeft
      case .protocolViolation(let text): throw AbortReason.malformed(text)
      case .linkLost(let text): throw AbortReason.linkLost(text)
      case .sourceFailed(let text): throw AbortReason.sensorFailed(text)
      case .cancel: throw AbortReason.cancelled
      }
    } catch {
      abort(error, into: &actions)
    }
    return actions
  }

  private mutating func receive(
    _ packet: [UInt8], at now: PairingInstant, into actions: inout [PairingAction]
  ) throws(AbortReason) {
    switch try session.receive(packet) {
    case .opening(let replies, let opened):
      actions += replies.map(PairingAction.send)
      if !opened {
        // The peer is there: from here on the opening is a matter of round trips.
        openingDeadline = now.advanced(bySeconds: core.configuration.stepTimeout)
      } else if let peerHello = session.peerHello {
        core.report.roundTrips += 2
        try pass(.opened(outerHash: session.outerHash, peerHello: peerHello), at: now, into: &actions)
      }
    case .repeatedGreeting: break
    case .frame(let frame, let closed):
      try pass(.frame(frame), at: now, into: &actions)
      if let closed { try close(closed, at: now, into: &actions) }
    }
  }

  private mutating func pass(
    _ input: CoreInput, at now: PairingInstant, into actions: inout [PairingAction]
  ) throws(AbortReason) {
    var failure: AbortReason?
    do { try core.handle(input, at: now) } catch { failure = error }
    // What was sent before the fault goes out before the abort.
    let outputs = core.outputs
    core.outputs = []
    for output in outputs {
      switch output {
      case .send(let frame):
        let (packet, closed) = try session.seal(frame)
        actions.append(.send(packet))
        if let closed, failure == nil { try close(closed, at: now, into: &actions) }
      case .startSampling: actions.append(.startSampling)
      case .stopSampling: actions.append(.stopSampling)
      case .progress(let progress): actions.append(.progress(progress))
      case .paired(let paired):
        finished = true
        session.close()
        actions.append(.paired(paired))
      }
    }
    if let failure { throw failure }
  }

  private mutating func close(
    _ label: String, at now: PairingInstant, into actions: inout [PairingAction]
  ) throws(AbortReason) {
    guard let hash = session.transcriptHash(label) else { return }
    try pass(.checkpointClosed(label: label, hash: hash), at: now, into: &actions)
  }

  private mutating func abort(_ reason: AbortReason, into actions: inout [PairingAction]) {
    if session.isOpen,
      let sealed = try? session.seal(
        Frame(type: .abort, body: AbortFrame.body(for: reason, maskSent: core.maskSent)))
    {
      actions.append(.send(sealed.packet))
    }
    core.outputs = []
    core.finish()
    if core.outputs.contains(where: { if case .stopSampling = $0 { true } else { false } }) {
      actions.append(.stopSampling)
    }
    core.outputs = []
    core.session?.transport.close()
    core.session = nil
    session.close()
    finished = true
    actions.append(.aborted(reason))
  }
}
