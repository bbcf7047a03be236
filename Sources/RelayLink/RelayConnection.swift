internal import Platform

/// One side of a session at the relay, over a WebSocket.
///
/// A thread of its own does the waiting; nothing here blocks Swift's pool. Sending only queues. A connection that is
/// dropped without ``close()`` says goodbye to the relay as far as that needs no waiting.
///
/// ```swift
/// let session = try await createSession(at: relay)
/// let link = try await RelayConnection.open(endpoint: relay, sessionCode: session.sessionCode, role: .alice)
/// try link.send(packet: hello)
/// for await event in link.events { … }
/// ```
public final class RelayConnection: Sendable {
  /// Largest packet, in bytes, in either direction.
  public static let maximumPacketSize = 16 * 1024
  /// Bytes of encoded messages (a packet takes 4/3 of its size and 70 bytes) that may wait to be sent.
  public static let outboundLimit = 256 * 1024

  /// The session as the relay's `hello` described it; `role` and `expiresAt` are set.
  public let session: RelaySession

  /// What happens, in order; the last event is ``RelayEvent/closed(_:)``.
  ///
  /// For one consumer: iterate it once. Up to 256 events and 1 MiB of packets wait for it; a consumer that falls
  /// behind that ends the connection with ``RelayClosure/consumerTooSlow``.
  public let events: AsyncStream<RelayEvent>

  private let queue: EventQueue
  private let mailbox: LinkMailbox
  private let thread: SystemThread

  private init(session: RelaySession, events: EventQueue, mailbox: LinkMailbox, thread: SystemThread) {
    self.session = session
    self.events = AsyncStream { await events.next() }
    queue = events
    self.mailbox = mailbox
    self.thread = thread
  }

  deinit { mailbox.ask(.abandon) }

  /// Joins a session; returns when the relay's `hello` has arrived.
  ///
  /// - Parameters:
  ///   - endpoint: where the relay is.
  ///   - sessionCode: 8 characters, from ``createSession(at:options:)``, a room, or the other side.
  ///   - role: the role to take.
  ///   - options: deadlines, certificates, proxies.
  /// - Throws: ``RelayLinkError``; among others ``RelayLinkError/unknownSession`` and
  ///   ``RelayLinkError/roleRefused(_:reason:)``. Cancelling the task throws ``RelayLinkError/cancelled`` within a second.
  public static func open(
    endpoint: RelayEndpoint, sessionCode: String, role: RelayRole, options: RelayLinkOptions = RelayLinkOptions()
  ) async throws(RelayLinkError) -> RelayConnection {
    try await open(
      endpoint: endpoint, sessionCode: sessionCode, role: role, options: options, libcurl: .current)
  }

  /// The same, as if this were another version of libcurl.
  static func open(
    endpoint: RelayEndpoint, sessionCode: String, role: RelayRole, options: RelayLinkOptions,
    libcurl: LibcurlRequirements
  ) async throws(RelayLinkError) -> RelayConnection {
    guard SessionCode.isValid(sessionCode) else { throw .invalidSessionCode }
    let link = try await OpenedLink.open(
      path: "/ws/\(sessionCode)/\(role.rawValue)", endpoint: endpoint, options: options,
      interpreter: SessionInterpreter(sessionCode: sessionCode, role: role), libcurl: libcurl)
    return RelayConnection(session: link.value, events: link.events, mailbox: link.mailbox, thread: link.thread)
  }

  /// All of ``events`` that wait, at least one, in order: for a consumer of very many, in place of iterating.
  ///
  /// - Parameter isolation: the caller's, which is not left where events are there already.
  /// - Returns: none after the last, or when the calling task is cancelled.
  public func waitingEvents(isolation: isolated (any Actor)? = #isolation) async -> [RelayEvent] { await queue.all() }

  /// Queues one packet for the other side. The relay drops it if the other side is absent.
  ///
  /// - Parameter packet: 1 to ``maximumPacketSize`` opaque bytes.
  /// - Throws: ``RelayLinkError/packetSize(_:)``, ``RelayLinkError/outboundQueueFull(queued:)`` or
  ///   ``RelayLinkError/closed``.
  public func send(packet: [UInt8]) throws(RelayLinkError) { try send(packets: [packet]) }

  /// Queues packets in order, all of them or none; sooner done than one after the other.
  ///
  /// - Throws: as ``send(packet:)``.
  public func send(packets: [[UInt8]]) throws(RelayLinkError) {
    for packet in packets where !(1...Self.maximumPacketSize).contains(packet.count) {
      throw .packetSize(packet.count)
    }
    try mailbox.post(packets.map(RelayMessage.packet))
  }

  /// Queues a goodbye, which ends the session for both sides at relays that know it. Follow it with ``close()``.
  ///
  /// - Parameter code: 1 to 32 characters of `a-z0-9_-`. The relay can read it.
  /// - Throws: ``RelayLinkError/invalidByeCode``, ``RelayLinkError/outboundQueueFull(queued:)`` or
  ///   ``RelayLinkError/closed``.
  public func sendBye(code: String) throws(RelayLinkError) {
    guard let message = RelayMessage.bye(code: code) else { throw .invalidByeCode }
    try mailbox.post([message])
  }

  /// Sends what is queued, says goodbye to the relay, and returns when the thread and its descriptors are gone: at once
  /// if they are already, and in any case soon after ``RelayLinkOptions/closeDeadline``.
  public func close() async {
    mailbox.ask(.close)
    await mailbox.ended()
    thread.join()
  }
}

/// A link whose relay has answered, before it is dressed as a connection or a match.
struct OpenedLink<Value: Sendable>: Sendable {
  let value: Value
  let events: EventQueue
  let mailbox: LinkMailbox
  let thread: SystemThread

  static func open<Interpreter: MessageInterpreter>(
    path: String, endpoint: RelayEndpoint, options: RelayLinkOptions, interpreter: Interpreter,
    libcurl: LibcurlRequirements = .current, patient: @escaping @Sendable () -> Void = {}
  ) async throws(RelayLinkError) -> OpenedLink where Interpreter.Opened == Value {
    try libcurl.check()
    try options.validate()
    let mailbox = try LinkMailbox()
    let request = LinkRequest(
      url: endpoint.webSocketBase + path, endpoint: endpoint, options: options, interpreter: interpreter,
      libcurl: libcurl, mailbox: mailbox, events: EventQueue(), opening: OneShot(), patient: patient)
    let thread = try LinkThread.start { request.run() }
    let result = await withTaskCancellationHandler {
      await request.opening.value()
    } onCancel: {
      mailbox.ask(.abandon)
    }
    switch result {
    case .success(let value):
      return OpenedLink(value: value, events: request.events, mailbox: mailbox, thread: thread)
    case .failure(let error):
      thread.join()
      throw error
    }
  }
}
