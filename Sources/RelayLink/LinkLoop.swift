#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What a link's thread is to do.
struct LinkRequest<Interpreter: MessageInterpreter>: Sendable {
  var url: String
  var endpoint: RelayEndpoint
  var options: RelayLinkOptions
  var interpreter: Interpreter
  var libcurl: LibcurlRequirements
  let mailbox: LinkMailbox
  let events: EventQueue
  let opening: OneShot<Result<Interpreter.Opened, RelayLinkError>>
  /// Called when the relay first asks for patience.
  let patient: @Sendable () -> Void

  /// Does all of it; blocks until the link has ended. The outcome is told only when everything is released.
  func run() {
    var closure = RelayClosure.byUs
    var failure: RelayLinkError?
    do throws(RelayLinkError) {
      let started = ContinuousClock.now
      let socket = try CurlWebSocket(
        url: url, endpoint: endpoint, options: options, mailbox: mailbox, pingsAreOurs: libcurl.leavesPingsToUs)
      let loop = LinkLoop(request: self, socket: socket, started: started)
      closure = try loop.run()
    } catch {
      failure = error
    }
    // Whoever has seen the last event can post nothing more.
    mailbox.ask(.close)
    events.finish(with: closure)
    mailbox.end()
    // After a success this is the second value, which is dropped.
    opening.fulfil(.failure(failure ?? .closed))
  }
}

/// Drives one WebSocket: poll(2) on its socket and the waker, no other waiting. Belongs to its thread.
///
/// ```
///   joining ──hello──▶ open ──close()──▶ flushing ──all sent──▶ awaiting the relay's close ──▶ over
///      │                │                    └──────── close deadline ────────────────────────▶ over
///      │                ├── relay closes: answer its close frame ─────────────────────────────▶ over
///      └─ deadline ─▶ ✗ └── connection lost, pings unanswered, framing broken, queue full ─────▶ over
/// ```
final class LinkLoop<Interpreter: MessageInterpreter> {
  private enum Phase {
    case joining
    case open
    case flushing
    case awaitingClose
  }

  /// Bytes of frames that are joined into one send.
  private static var batchSize: Int { 64 * 1024 }
  /// Pieces read before sending gets its turn again.
  private static var receiveBurst: Int { 64 }
  /// Events that are handed on together.
  private static var eventBurst: Int { 4 }
  /// Malformed messages after which the relay is given up.
  private static var violationLimit: Int { 64 }
  /// Messages and pings after which the relay is given up, five times what it lets through in a session: while it sends
  /// faster than it is read, libcurl keeps all of it.
  private static var messageLimit: Int { 20_000 }

  private let request: LinkRequest<Interpreter>
  private let socket: CurlWebSocket
  private var interpreter: Interpreter
  private var assembler = MessageAssembler()
  private var keepalive: Keepalive
  private var phase = Phase.joining
  /// When joining or closing takes too long.
  private var deadline: ContinuousClock.Instant?
  private var violations = 0
  private var messages = 0
  /// What is to be handed on when the socket has no more, so that its consumer is woken once.
  private var arrived: [RelayEvent] = []
  private var random = SystemRandomNumberGenerator()

  /// Bytes being sent; only replaced when all are gone.
  private var outgoing: [UInt8] = []
  private var outgoingSent = 0
  /// Bytes of queued messages within `outgoing`.
  private var outgoingQueued = 0
  private var pong: [UInt8]?
  private var wantsPing = false

  /// How the link ended, once it has.
  private var outcome: Result<RelayClosure, RelayLinkError>?

  init(request: LinkRequest<Interpreter>, socket: CurlWebSocket, started: ContinuousClock.Instant) {
    self.request = request
    self.socket = socket
    interpreter = request.interpreter
    keepalive = Keepalive(interval: request.options.pingInterval, now: .now)
    deadline = started + request.options.connectDeadline
  }

  /// Runs until the link has ended: how, or why nothing was opened.
  func run() throws(RelayLinkError) -> RelayClosure {
    while true {
      heed(request.mailbox.wish)
      let moreToReceive = receive()
      send()
      checkTime()
      if let outcome { return try outcome.get() }
      wait(noLongerThan: moreToReceive ? .zero : nil)
    }
  }

  // MARK: Owner and time

  private func heed(_ wish: LinkMailbox.Wish) {
    switch (wish, phase) {
    case (.abandon, _):
      farewell(code: 1001)
      end(.byUs, else: .cancelled)
    case (.close, .joining), (.close, .open):
      phase = .flushing
      deadline = .now + request.options.closeDeadline
    default: break
    }
  }

  private func checkTime() {
    guard outcome == nil else { return }
    let now = ContinuousClock.now
    if let deadline, now >= deadline {
      switch phase {
      case .joining:
        end(.byUs, else: .timedOut(stage: interpreter.awaited, after: request.options.connectDeadline))
      case .open: self.deadline = nil
      case .flushing, .awaitingClose: end(.byUs, else: .cancelled)
      }
      return
    }
    switch keepalive.tick(at: now) {
    case .ping:
      wantsPing = true
      send()
    case .giveUp:
      let text = "nothing arrived from the relay although it was pinged \(Keepalive.allowedMisses) times"
      end(.lost(text), else: .connectionFailed(text))
    case nil: break
    }
  }

  private func wait(noLongerThan limit: Duration?) {
    let next = min(keepalive.deadline, deadline ?? keepalive.deadline)
    let timeout = limit ?? (next - .now)
    var wanted: Int32 = 0
    if mayReceive { wanted |= Int32(POLLIN) }
    if outgoingSent < outgoing.count { wanted |= Int32(POLLOUT) }
    var polled = [
      pollfd(fd: socket.socket, events: Int16(wanted), revents: 0),
      pollfd(fd: request.mailbox.waker.fileDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    // An interrupted or failed poll only means one more turn of the loop.
    _ = poll(&polled, nfds_t(polled.count), timeout.milliseconds)
    if polled[1].revents != 0 { request.mailbox.waker.drain() }
  }

  // MARK: Receiving

  /// libcurl before 8.14 answers pings by itself, which must not happen in the middle of one of our frames.
  private var mayReceive: Bool { socket.pingsAreOurs || outgoingSent == outgoing.count }

  /// Reads what has arrived, and hands on what it means; `true` if there may be more.
  private func receive() -> Bool {
    guard mayReceive else { return false }
    defer { handOn() }
    for _ in 0..<Self.receiveBurst where outcome == nil {
      switch socket.receive() {
      case .piece(let piece, let count):
        keepalive.heard(at: .now)
        // What libcurl answers by itself it still delivers in part, if it arrives in pieces.
        if piece.kind == .ping, !socket.pingsAreOurs { continue }
        do throws(MessageAssembler.Failure) {
          if let message = try assembler.append(socket.buffer.prefix(count), of: piece) { take(message) }
        } catch {
          let code: UInt16 = error == .tooLarge ? 1009 : 1002
          report(.protocolViolation("the relay broke the protocol: \(error.description)"))
          misbehaved(error.description, code: code)
        }
      case .nothingNow: return false
      case .malformed(let detail):
        report(.protocolViolation("the relay broke WebSocket framing: \(detail)"))
        misbehaved(detail, code: 1002)
      case .lost(let detail):
        // While closing, the relay may close TCP instead of answering.
        phase == .awaitingClose
          ? end(.byUs, else: .cancelled) : end(.lost(detail), else: .connectionFailed(detail))
      }
    }
    return outcome == nil
  }

  private func take(_ message: MessageAssembler.Message) {
    messages += 1
    if messages > Self.messageLimit { return misbehaved("more than \(Self.messageLimit) messages", code: 1008) }
    switch message {
    case .text(let text): interpret(text)
    case .binary(let count):
      phase == .joining
        ? end(.byUs, else: .unexpectedAnswer("its first message is binary"))
        : report(.protocolViolation("a binary message of \(count) bytes from the relay was dropped"))
    case .ping(let payload):
      // Of several unanswered pings only the last needs a pong (RFC 6455, section 5.5.3), so this is bounded.
      pong = payload
    case .pong: break
    case .close(let code, let reason):
      if phase == .awaitingClose { return end(.byUs, else: .cancelled) }
      farewell(code: Self.answer(toClose: code))
      if phase == .joining { return end(.byUs, else: interpreter.refusal(code: code, reason: reason)) }
      end(.byRelay(code: code, reason: reason), else: .closedWhileJoining(code: code, reason: reason))
    }
  }

  private func interpret(_ text: [UInt8]) {
    switch interpreter.interpret(text) {
    case .opened(let value):
      guard phase == .joining else { return }
      phase = .open
      deadline = nil
      request.opening.fulfil(.success(value))
    case .patience:
      guard phase == .joining, deadline != nil else { return }
      deadline = nil
      request.patient()
    case .event(let event): report(event)
    case .refused(let error):
      farewell(code: 1002)
      end(.byUs, else: error)
    case .ignored: break
    }
  }

  private func report(_ event: RelayEvent) {
    // Whoever closes no longer listens.
    guard outcome == nil, phase == .open else { return }
    if case .protocolViolation = event {
      violations += 1
      if violations > Self.violationLimit { return misbehaved("too many malformed messages", code: 1008) }
    }
    arrived.append(event)
    if arrived.count >= Self.eventBurst { handOn() }
  }

  private func handOn() {
    guard !arrived.isEmpty else { return }
    let hadRoom = request.events.push(arrived)
    arrived.removeAll(keepingCapacity: true)
    guard !hadRoom, outcome == nil else { return }
    farewell(code: 1008)
    end(.consumerTooSlow, else: .closed)
  }

  // MARK: Sending

  private func send() {
    while outcome == nil {
      if outgoingSent == outgoing.count { refill() }
      guard outgoingSent < outgoing.count else { return }
      switch socket.send(outgoing[outgoingSent...]) {
      case .bytes(let count): outgoingSent += count
      case .nothingNow: return
      case .lost(let detail): end(.lost(detail), else: .connectionFailed(detail))
      }
    }
  }

  private func refill() {
    request.mailbox.release(outgoingQueued)
    outgoingQueued = 0
    outgoing.removeAll(keepingCapacity: true)
    outgoingSent = 0
    // Nothing may follow our close frame.
    guard phase != .awaitingClose else { return }
    if let payload = pong {
      append(.pong, payload)
      pong = nil
    }
    if wantsPing {
      append(.ping, [])
      wantsPing = false
    }
    guard phase == .open || phase == .flushing else { return }
    while outgoing.count < Self.batchSize {
      guard let message = request.mailbox.takeMessage() else { break }
      append(.text, message)
      outgoingQueued += message.count
    }
    if phase == .flushing, outgoing.isEmpty {
      append(.close, ClientFrame.closePayload(code: 1000))
      phase = .awaitingClose
    }
  }

  private func append(_ opcode: ClientFrame.Opcode, _ payload: [UInt8]) {
    ClientFrame.append(opcode, payload, mask: random.next(), to: &outgoing)
  }

  /// The code to answer a close frame with: the same, unless it may not appear on the wire (RFC 6455, section 7.4).
  private static func answer(toClose code: UInt16?) -> UInt16 {
    switch code {
    case nil: 1000
    case .some(let code) where (1000...1003).contains(code) || (1007...1014).contains(code): code
    case .some(let code) where (3000...4999).contains(code): code
    default: 1002
    }
  }

  /// Tries once to send a close frame; for when the link ends whether that succeeds or not.
  private func farewell(code: UInt16) {
    guard outcome == nil, outgoingSent == outgoing.count, phase != .awaitingClose else { return }
    outgoing.removeAll(keepingCapacity: true)
    outgoingSent = 0
    append(.close, ClientFrame.closePayload(code: code))
    if case .bytes(let count) = socket.send(outgoing[...]) { outgoingSent = count }
  }

  // MARK: Ending

  private func misbehaved(_ detail: String, code: UInt16) {
    farewell(code: code)
    end(.relayMisbehaved(detail), else: .unexpectedAnswer(detail))
  }

  private func end(_ closure: RelayClosure, else error: RelayLinkError) {
    guard outcome == nil else { return }
    outcome = phase == .joining ? .failure(error) : .success(closure)
  }
}
