import NIOCore
import NIOWebSocket

/// One WebSocket connection: turns frames into session events, and deliveries into frames.
final class WebSocketHandler: ChannelInboundHandler, LoopMember {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = ByteBuffer

  /// What a connection that was upgraded is for.
  enum Purpose {
    case join(SessionSlot, Role)
    /// Waits in a room to be matched.
    case wait(RoomName, RoomTicket?)
    /// Told why it is of no use, and closed.
    case refuse(error: String, CloseReason)
  }

  private struct Partial {
    var message: RelayedMessage
    let isText: Bool
  }

  /// Frames that wait for the end of a read are handed to the system when there are as many bytes of them.
  private static let flushBytes = 16 * 1024
  /// Frames no longer than this are copied behind those that wait: a copy costs less than a place in the channel's queue.
  private static let copiedBytes = 2 * 1024

  /// Where one turn of the event loop brings more frames than this, reads are short from then on, since others wait
  /// meanwhile. It brings up to 256 KiB, which are sixteen long messages or forty thousand empty frames.
  static let framesPerRead = 4_096
  static let shortReadBytes = 2 * 1024
  /// What may have been on its way when the relay closed; who sends on has not understood, and does not have to.
  static let framesAwaitingClose = 1_024

  private let services: RelayServices
  private let loop: LoopContext
  private let purpose: Purpose
  private let client: IPAddress?
  private var context: ChannelHandlerContext?
  private var connection: Connection?
  private var heartbeat: Heartbeat
  private var extraFrames = 0
  /// Frames of the present read.
  private var frames = 0
  /// What the client sent after our close frame, or on its way to us meanwhile.
  private var framesAfterClose = 0
  /// The message whose last fragment has not come.
  private var partial: Partial?
  /// Set once a close frame was sent: nothing is sent or read after it.
  private var closeDeadline: Int64?
  /// Set once the client has nothing left to do here but to close.
  private var awaitedClose: (deadline: Int64, reason: CloseReason)?
  /// Frames that the channel has not been given yet.
  private var waiting = ByteBuffer()
  /// Whether the event loop will flush this handler.
  private var willFlush = false
  /// What this connection counts as while it is open.
  private var openedAs: (any WritableKeyPath<Admission.Sockets, Int> & Sendable)?

  /// - Parameter client: Who the client is, as far as limits and log care.
  init(services: RelayServices, loop: LoopContext, purpose: Purpose, client: IPAddress?) {
    self.services = services
    self.loop = loop
    self.purpose = purpose
    self.client = client
    heartbeat = Heartbeat(
      interval: services.limits.pingInterval.relayNanoseconds, misses: services.limits.pingMisses,
      now: RelayInstant.monotonicNow())
  }

  // MARK: Coming and going

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // The channel may have died during the upgrade; then nobody will report it inactive any more.
    guard context.channel.isActive else { return }
    switch purpose {
    case .join(let slot, let role):
      guard let connection = connect(context, \.sessions) else { break }
      services.store.handle(.join(connection, role), in: slot)
    case .wait(let room, let ticket):
      guard let connection = connect(context, \.rooms) else { break }
      services.rooms.handle(.join(connection, ticket: ticket, from: client.map { AddressKey($0) }), in: room)
    case .refuse(let error, let reason):
      loop.add(self)
      fail(error, reason)
    }
    loop.flush()
  }

  /// Makes what session or room know this client by; `nil` where a relay that shuts down has sent it away already.
  private func connect(
    _ context: ChannelHandlerContext, _ kind: any WritableKeyPath<Admission.Sockets, Int> & Sendable
  ) -> Connection? {
    services.admission.opened(kind)
    openedAs = kind
    connection = Connection(self, eventLoop: context.eventLoop)
    loop.add(self)
    return connection
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    forget()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    forget()
    loop.flush()
    context.fireChannelInactive()
  }

  private func forget() {
    leave()
    loop.remove(self)
    if let openedAs { services.admission.closed(openedAs) }
    openedAs = nil
  }

  private func leave() {
    guard let connection else { return }
    self.connection = nil
    connection.detach()
    switch purpose {
    case .join(let slot, _): services.store.handle(.leave(connection), in: slot)
    case .wait(let room, _): services.rooms.handle(.leave(connection), in: room)
    case .refuse: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let limit = services.limits.messageBytes
    switch error as? NIOWebSocketError {
    case .invalidFrameLength: failTooBig()
    case .fragmentedControlFrame, .multiByteControlFrameLength:
      violation("control frames must be whole and carry at most \(min(125, limit)) bytes (RFC 6455 section 5.5)")
    case nil: context.close(promise: nil)
    }
    loop.flush()
  }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    frames += 1
    guard closeDeadline == nil else {
      framesAfterClose += 1
      // The client's answer to our close; now nothing is left to wait for. Nor is there with one that goes on and on.
      if frame.opcode == .connectionClose || framesAfterClose > Self.framesAwaitingClose {
        context.close(promise: nil)
      }
      return
    }
    heartbeat.heard()
    guard let mask = frame.maskKey else {
      return violation("client frames must be masked (RFC 6455 section 5.1)")
    }
    guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
      return violation("reserved bits are set, but no extension was agreed (RFC 6455 section 5.2)")
    }
    switch frame.opcode {
    case .text, .binary:
      guard partial == nil else { return violation("a new message began before the last had ended") }
      let isText = frame.opcode == .text
      var message = RelayedMessage(from: role, capacity: frame.data.readableBytes)
      message.append(frame.data, mask: mask)
      if frame.fin {
        take(&message, isText: isText)
      } else if countExtraFrame() {
        partial = Partial(message: message, isText: isText)
      }
    case .continuation:
      guard let before = partial?.message.byteCount else {
        return violation("a continuation came without a beginning")
      }
      guard frame.data.readableBytes <= services.limits.messageBytes - before else { return failTooBig() }
      partial?.message.append(frame.data, mask: mask)
      if !frame.fin {
        _ = countExtraFrame()
      } else if var whole = partial.take() {
        take(&whole.message, isText: whole.isText)
      }
    case .ping:
      guard countExtraFrame() else { return }
      write(ServerFrame.pong(frame.unmaskedData))
    case .pong: _ = countExtraFrame()
    case .connectionClose: answerClose(frame.unmaskedData)
    default: violation("unknown frame opcode (RFC 6455 section 5.2)")
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if frames > Self.framesPerRead { readLess(of: context.channel) }
    frames = 0
    loop.flush()
    context.fireChannelReadComplete()
  }

  private func readLess(of channel: any Channel) {
    guard let options = channel.syncOptions else { return }
    // A channel that is closed already refuses, and is read no more.
    try? options.setOption(
      ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.shortReadBytes))
    try? options.setOption(ChannelOptions.maxMessagesPerRead, value: 1)
  }

  private var role: Role {
    if case .join(_, let role) = purpose { role } else { .alice }
  }

  /// Takes a whole message; in place, since a copy of its buffer would cost as much as the message.
  private func take(_ message: inout RelayedMessage, isText: Bool) {
    guard let connection else { return }
    let bytes = message.byteCount
    loop.received(bytes: bytes)
    guard let inbound = read(&message, isText: isText) else { return }
    if case .refused = inbound { loop.metrics.dropped(1, .unreadable) }
    switch purpose {
    case .join(let slot, _): services.store.handle(.message(inbound, bytes: bytes, from: connection), in: slot)
    case .wait(let room, _): services.rooms.handle(.message(inbound.inRoom, from: connection), in: room)
    case .refuse: break
    }
  }

  /// Reads a whole message; `nil` where the connection ends for it.
  private func read(_ message: inout RelayedMessage, isText: Bool) -> InboundMessage<ByteBuffer>? {
    guard isText else { return .refused("binary frame refused: send JSON in text frames") }
    do throws(EnvelopeFault) {
      return switch try message.scan() {
      case .ping: .ping
      case .commit: .commit(message.finish())
      case .bye: .bye(message.finish())
      case .forward: .forward(message.finish())
      }
    } catch .notUTF8 {
      // RFC 6455 section 8.1 leaves no choice here.
      fail(EnvelopeFault.notUTF8.description, CloseReason(code: CloseReason.notUTF8, text: "not UTF-8"))
      return nil
    } catch {
      return .refused(error.description)
    }
  }

  private func countExtraFrame() -> Bool {
    extraFrames += 1
    guard extraFrames > services.limits.extraFrames else { return true }
    let limit = services.limits.extraFrames
    fail(
      "more than \(limit) control frames and fragments on one connection (limit extraFrames): send whole messages",
      CloseReason(code: CloseReason.policy, text: "limit extraFrames"))
    return false
  }

  /// Answers a client's close with the same code, as RFC 6455 section 5.5.1 has it.
  private func answerClose(_ payload: ByteBuffer) {
    guard payload.readableBytes > 0 else { return finish(ServerFrame.emptyClose()) }
    let code = payload.getInteger(at: payload.readerIndex, as: UInt16.self) ?? 0
    guard (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code) else {
      return violation("close code is none a client may send (RFC 6455 section 7.4)")
    }
    let text = payload.readableBytesView.dropFirst(2)
    let isText = text.withContiguousStorageIfAvailable(UTF8Check.isValid) ?? false
    guard isText else {
      return fail(EnvelopeFault.notUTF8.description, CloseReason(code: CloseReason.notUTF8, text: "not UTF-8"))
    }
    finish(ServerFrame.close(CloseReason(code: code, text: "")))
  }

  // MARK: Writing

  /// Takes what the session or the room has for this client.
  func take(_ delivery: Connection.Delivery) {
    switch delivery {
    case .frame(let frame): write(frame)
    case .relayed(let frame, let read):
      if write(frame) { loop.forwards(messageRead: read) }
    case .close(let reason): close(reason)
    case .awaitClose(let reason):
      awaitedClose = (RelayInstant.monotonicNow() + services.limits.closeTime.relayNanoseconds, reason)
    }
  }

  /// - Returns: whether the frame is on its way; not where the connection is closing.
  @discardableResult
  private func write(_ frame: ByteBuffer) -> Bool {
    guard let context, closeDeadline == nil, context.channel.isActive else { return false }
    if waiting.readableBytes == 0 {
      waiting = frame
    } else if frame.readableBytes <= Self.copiedBytes {
      waiting.writeImmutableBuffer(frame)
    } else {
      handOver(context)
      waiting = frame
    }
    if !willFlush {
      willFlush = true
      loop.willFlush(self)
    }
    if waiting.readableBytes >= Self.flushBytes {
      handOver(context)
      context.flush()
      failIfTooSlow()
    }
    return closeDeadline == nil
  }

  /// Gives the channel what waits for it.
  private func handOver(_ context: ChannelHandlerContext) {
    guard waiting.readableBytes > 0 else { return }
    context.write(Self.wrapOutboundOut(waiting), promise: nil)
    waiting = ByteBuffer()
  }

  /// Sends what was written.
  func flush() {
    willFlush = false
    guard let context else { return }
    handOver(context)
    context.flush()
    failIfTooSlow()
  }

  /// The channel's high-water mark is the limit: it counts exactly the bytes that the client has not taken.
  private func failIfTooSlow() {
    guard let context, closeDeadline == nil, context.channel.isActive, !context.channel.isWritable else { return }
    let limit = services.limits.sendQueueBytes
    fail(
      "this client reads too slowly: more than \(limit) bytes wait for it (limit sendQueueBytes); read faster",
      CloseReason(code: CloseReason.tryAgainLater, text: "limit sendQueueBytes"))
  }

  /// Flushes every connection of this event loop that has something to flush.
  func flushLoop() {
    loop.flush()
  }

  // MARK: Closing

  private func violation(_ text: String) {
    fail(text, CloseReason(code: CloseReason.protocolError, text: "protocol error"))
  }

  private func failTooBig() {
    let limit = services.limits.messageBytes
    fail(
      "message larger than \(limit) bytes (limit messageBytes): send it in several",
      CloseReason(code: CloseReason.tooBig, text: "limit messageBytes"))
  }

  /// Says what is wrong and closes.
  private func fail(_ error: String, _ reason: CloseReason) {
    guard let context, closeDeadline == nil else { return }
    services.logger.debug(
      "client closed",
      metadata: services.logged(
        ["code": "\(reason.code)", "error": "\(error)", "session": "\(redactedCode)"], of: client))
    handOver(context)
    if let text = JSONText.message(OutboundMessage<ByteBuffer>.error(error)) {
      context.write(Self.wrapOutboundOut(ServerFrame.text(text)), promise: nil)
    }
    close(reason)
  }

  private func close(_ reason: CloseReason) {
    guard closeDeadline == nil else { return }
    loop.metrics.closes(for: reason)
    finish(ServerFrame.close(reason))
  }

  private var redactedCode: String {
    if case .join(let slot, _) = purpose { slot.code.redacted } else { "none" }
  }

  /// Sends the close frame and the end of the stream, then waits for the client's: cutting the connection while
  /// something of the client's is unread would make its system drop what we said last.
  private func finish(_ closeFrame: ByteBuffer) {
    guard let context, closeDeadline == nil else { return }
    closeDeadline = RelayInstant.monotonicNow() + services.limits.closeTime.relayNanoseconds
    partial = nil
    handOver(context)
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(Self.wrapOutboundOut(closeFrame), promise: sent)
    let channel = context.channel
    sent.futureResult.whenSuccess { channel.close(mode: .output, promise: nil) }
    leave()
  }

  // MARK: LoopMember

  func tick(at now: Int64) {
    if let closeDeadline {
      if now >= closeDeadline { context?.close(promise: nil) }
      return
    }
    if let awaitedClose, now >= awaitedClose.deadline { return close(awaitedClose.reason) }
    switch heartbeat.tick(at: now) {
    case .quiet: break
    case .ping: write(ServerFrame.ping())
    case .gone:
      let misses = services.limits.pingMisses
      fail(
        "no answer to \(misses) pings in succession (limit pingMisses): this client counts as gone",
        CloseReason(code: CloseReason.policy, text: "limit pingMisses"))
    }
  }

  func drain() {
    if case .wait = purpose { stop(gracefully: true) }
  }

  func stop(gracefully: Bool) {
    if gracefully {
      fail(
        "the relay is shutting down: try again later",
        CloseReason(code: CloseReason.goingAway, text: "relay is shutting down"))
    } else {
      context?.close(promise: nil)
    }
  }
}

extension InboundMessage {
  /// What the message is to a room, which has nobody to forward it to.
  fileprivate var inRoom: InboundMessage<Never> {
    switch self {
    case .ping: .ping
    case .refused(let why): .refused(why)
    case .commit, .bye, .forward: .refused("a room takes ping only: wait for matched, and go on in that session")
    }
  }
}
