import NIOCore

/// Stands between the socket and the HTTP parser and bounds what a request may cost before it is understood: bytes of
/// its head and around its body, and time until it is whole.
///
/// The parser gets no more bytes of one head than the limit allows; if that is not enough for a head, there is none.
/// (Where a client sends requests ahead without waiting, the bytes of the next head that share a packet with the last
/// one are not counted.)
final class HeadGuard: ChannelInboundHandler, RemovableChannelHandler, LoopMember {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    /// Waiting for a whole head, of which so many bytes came.
    case head(bytes: Int)
    /// Waiting for the end of a body, of which so many bytes came with its framing and trailers.
    case body(bytes: Int)
    /// What comes is thrown away until the client closes.
    case closing(deadline: Int64)
    /// The connection speaks another protocol now.
    case open
  }

  private let limits: RelayLimits
  private let loop: LoopContext
  private var state = State.head(bytes: 0)
  private var requestDeadline: Int64
  private var context: ChannelHandlerContext?

  init(limits: RelayLimits, loop: LoopContext) {
    self.limits = limits
    self.loop = loop
    requestDeadline = RelayInstant.monotonicNow() + limits.requestTime.relayNanoseconds
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    loop.remove(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    loop.remove(self)
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = Self.unwrapInboundIn(data)
    while buffer.readableBytes > 0 {
      switch state {
      case .closing: return
      case .open:
        context.fireChannelRead(Self.wrapInboundOut(buffer))
        return
      case .body(let bytes):
        let room = limits.requestBodyBytes + limits.requestHeadBytes - bytes
        guard room > 0, let part = buffer.readSlice(length: min(room, buffer.readableBytes)) else {
          return refuse("413 Content Too Large", bodyTooLarge, limit: "requestBodyBytes")
        }
        state = .body(bytes: bytes + part.readableBytes)
        context.fireChannelRead(Self.wrapInboundOut(part))
      case .head(let bytes):
        let room = limits.requestHeadBytes - bytes
        guard room > 0, let part = buffer.readSlice(length: min(room, buffer.readableBytes)) else {
          return refuse("431 Request Header Fields Too Large", headTooLarge, limit: "requestHeadBytes")
        }
        state = .head(bytes: bytes + part.readableBytes)
        context.fireChannelRead(Self.wrapInboundOut(part))
      }
    }
  }

  private var headTooLarge: String {
    "request head larger than \(limits.requestHeadBytes) bytes (limit requestHeadBytes): send fewer or shorter fields"
  }

  private var bodyTooLarge: String {
    "request body with its framing larger than \(limits.requestBodyBytes + limits.requestHeadBytes) bytes "
      + "(limits requestBodyBytes and requestHeadBytes): no request here needs one"
  }

  // MARK: What the HTTP handler reports

  /// A head was understood; bytes that follow are its body.
  func headArrived() {
    if case .head = state { state = .body(bytes: 0) }
  }

  /// The request was whole; the next may come.
  func requestCompleted() {
    if case .body = state { state = .head(bytes: 0) }
    requestDeadline = RelayInstant.monotonicNow() + limits.requestTime.relayNanoseconds
  }

  /// The connection becomes a WebSocket; no bound of this handler applies any more.
  func upgraded() {
    state = .open
  }

  /// The last response was written: sends the end of the stream and waits for the client's, so that the response is
  /// not lost with what the client sent and nobody read.
  func close(after written: EventLoopFuture<Void>) {
    guard let context else { return }
    if case .closing = state { return }
    state = .closing(deadline: RelayInstant.monotonicNow() + limits.closeTime.relayNanoseconds)
    let channel = context.channel
    written.whenSuccess { channel.close(mode: .output, promise: nil) }
    written.whenFailure { _ in channel.close(promise: nil) }
  }

  // MARK: LoopMember

  func tick(at now: Int64) {
    switch state {
    case .closing(let deadline):
      if now >= deadline { context?.close(promise: nil) }
    case .open: break
    case .head(bytes: 0):
      if now >= requestDeadline { context?.close(promise: nil) }
    case .head, .body:
      guard now >= requestDeadline else { return }
      let seconds = limits.requestTime.relaySecondsText
      refuse(
        "408 Request Timeout", "request not whole within \(seconds) s (limit requestTime): send it at once",
        limit: "requestTime")
    }
  }

  func stop(gracefully: Bool) {
    context?.close(promise: nil)
  }

  // An idle connection may be what somebody asks for our health by; it is closed in time anyway.
  func drain() {}

  /// Answers in the parser's stead, which has not understood a request.
  private func refuse(_ status: String, _ detail: String, limit: String) {
    guard let context else { return }
    loop.metrics.refused(for: limit)
    let body = JSONText.detail(detail)
    let response =
      "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
      + "Connection: close\r\n\r\n\(body)"
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: response)), promise: written)
    close(after: written.futureResult)
  }
}
