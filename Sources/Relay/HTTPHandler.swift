import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers HTTP requests, and turns a connection into a WebSocket when asked to.
///
/// Every request is answered before the next one is looked at, so requests sent ahead need no queue.
final class HTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case idle
    case request(HTTPRequestHead, bodyBytes: Int)
    /// Answered with 101; the parser is being taken away.
    case upgrading
    case closing
  }

  /// The handlers that make the connection speak HTTP; they go when it becomes a WebSocket.
  struct Codec {
    let headGuard: HeadGuard
    let encoder: HTTPResponseEncoder
    let decoder: ByteToMessageHandler<HTTPRequestDecoder>
  }

  private let services: RelayServices
  private let loop: LoopContext
  private let codec: Codec
  private var state = State.idle
  private var sawEarlyData = false

  init(services: RelayServices, loop: LoopContext, codec: Codec) {
    self.services = services
    self.loop = loop
    self.codec = codec
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch state {
    case .closing: return
    case .upgrading:
      // Whatever this is, even its type is unknown: the parser may be gone already.
      sawEarlyData = true
      return
    case .idle, .request: break
    }
    switch (Self.unwrapInboundIn(data), state) {
    case (.head(let head), _):
      codec.headGuard.headArrived()
      state = .request(head, bodyBytes: 0)
    case (.body(let body), .request(let head, let before)):
      let bytes = before + body.readableBytes
      guard bytes <= services.limits.requestBodyBytes else {
        let limit = services.limits.requestBodyBytes
        let text = "request body larger than \(limit) bytes (limit requestBodyBytes): no request here needs one"
        return respond(context, to: head, .json(.payloadTooLarge, JSONText.detail(text)), close: true)
      }
      state = .request(head, bodyBytes: bytes)
    case (.end, .request(let head, _)):
      codec.headGuard.requestCompleted()
      state = .idle
      answer(context, head)
    case (.body, _), (.end, _): break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return context.close(promise: nil) }
    switch state {
    case .idle, .request:
      let text = "not an HTTP/1.1 request: see RFC 9112"
      respond(context, to: nil, .json(.badRequest, JSONText.detail(text)), close: true)
    case .upgrading: sawEarlyData = true
    case .closing: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    state = .closing
    context.fireChannelInactive()
  }

  // MARK: Requests

  private func answer(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
    let wantsUpgrade = head.headers.contains(name: "upgrade")
    let route = Route(target: head.uri)
    let allowed: HTTPMethod = route == .newSession ? .POST : .GET
    guard head.method == allowed || (allowed == .GET && head.method == .HEAD) || route == .unknown else {
      var response = Response.json(.methodNotAllowed, JSONText.detail("Method Not Allowed"))
      response.headers.append(("allow", allowed == .GET ? "GET, HEAD" : "POST"))
      return respond(context, to: head, response, close: wantsUpgrade)
    }
    let response: Response
    switch route {
    case .page: response = Response(status: .ok, contentType: "text/html; charset=utf-8", body: StatusPage.html)
    case .health: response = .json(.ok, "{\"status\":\"ok\"}")
    case .newSession: response = newSession(context)
    case .session(let code):
      response = services.store.snapshot(code).map { .json(.ok, JSONText.snapshot($0)) } ?? .noSession
    case .socket(let code, let role):
      return socket(context, head, code: code, role: role)
    case .room(let name, let ticket):
      return room(context, head, name: name, ticket: ticket)
    case .unknown: response = .json(.notFound, JSONText.detail("Not Found"))
    }
    // A parser that has seen an upgrade stops there, also where the upgrade is ignored.
    respond(context, to: head, response, close: wantsUpgrade)
  }

  private func newSession(_ context: ChannelHandlerContext) -> Response {
    do throws(SessionRefusal) {
      let ticket = try services.store.open(from: AddressKey(context.remoteAddress))
      return .json(.ok, JSONText.opened(ticket, lifetime: services.limits.sessionTime))
    } catch {
      services.logger.debug("session refused", metadata: ["error": "\(error)"])
      switch error {
      case .addressQuota(_, let seconds):
        var response = Response.json(.tooManyRequests, JSONText.detail(error.description))
        response.headers.append(("retry-after", "\(seconds)"))
        return response
      case .tooManyOpen, .noFreshCode: return .json(.serviceUnavailable, JSONText.detail(error.description))
      }
    }
  }

  // MARK: WebSocket

  private func socket(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, code: String, role: String) {
    guard let slot = services.store.find(code) else { return respond(context, to: head, .noSession, close: true) }
    if let role = Role(rawValue: role) {
      upgrade(context, head, .join(slot, role))
    } else {
      let reason = CloseReason(code: CloseReason.policy, text: "unknown role")
      upgrade(context, head, .refuse(error: "unknown role: join as alice or bob", reason))
    }
  }

  private func room(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, name: String, ticket: String?) {
    guard let room = RoomName(name) else {
      let text = "not a room name: 1 to 64 characters of A-Z a-z 0-9 . _ -"
      return respond(context, to: head, .json(.badRequest, JSONText.detail(text)), close: true)
    }
    // A ticket that is none is treated like one that has expired.
    upgrade(context, head, .wait(room, ticket.flatMap { RoomTicket($0) }))
  }

  /// Takes the HTTP parser away, answers 101, and puts the WebSocket handlers in place.
  private func upgrade(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ purpose: WebSocketHandler.Purpose) {
    guard let headers = WebSocketHandshake.responseHeaders(to: head, on: context.channel) else {
      var response = Response.json(
        .upgradeRequired, JSONText.detail("this is a WebSocket: connect with version 13 (RFC 6455 section 4.1)"))
      response.headers += [("upgrade", "websocket"), ("sec-websocket-version", "13")]
      return respond(context, to: head, response, close: true)
    }
    state = .upgrading
    codec.headGuard.upgraded()
    let bound = NIOLoopBound((self, context, purpose), eventLoop: context.eventLoop)
    context.pipeline.syncOperations.removeHandler(codec.decoder).whenComplete { result in
      let (handler, context, purpose) = bound.value
      guard case .success = result, handler.completeUpgrade(context, headers, purpose) else {
        return context.close(promise: nil)
      }
    }
  }

  private func completeUpgrade(
    _ context: ChannelHandlerContext, _ headers: HTTPHeaders, _ purpose: WebSocketHandler.Purpose
  ) -> Bool {
    // A client has to wait for the answer before it sends a frame (RFC 6455 section 4.1).
    guard !sawEarlyData, case .upgrading = state, context.channel.isActive else { return false }
    let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
    context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
    let pipeline = context.pipeline.syncOperations
    // At once, since a WebSocket handler writes as soon as it is there.
    pipeline.removeHandler(codec.encoder, promise: nil)
    do {
      let decoder = WebSocketFrameDecoder(maxFrameSize: services.limits.messageBytes)
      try pipeline.addHandler(ByteToMessageHandler(decoder))
      try pipeline.addHandler(WebSocketHandler(services: services, loop: loop, purpose: purpose))
    } catch {
      return false
    }
    pipeline.removeHandler(codec.headGuard, promise: nil)
    pipeline.removeHandler(context: context, promise: nil)
    return true
  }

  // MARK: Responses

  private struct Response {
    var status: HTTPResponseStatus
    var contentType: String
    var body: String
    var headers: [(String, String)] = []

    static func json(_ status: HTTPResponseStatus, _ body: String) -> Response {
      Response(status: status, contentType: "application/json", body: body)
    }

    static var noSession: Response { .json(.notFound, JSONText.detail("unknown or expired session_code")) }
  }

  private func respond(
    _ context: ChannelHandlerContext, to request: HTTPRequestHead?, _ response: Response, close: Bool
  ) {
    let close = close || !(request?.isKeepAlive ?? false)
    var headers = HTTPHeaders([
      ("content-type", response.contentType), ("content-length", "\(response.body.utf8.count)"),
      ("cache-control", "no-store"), ("x-content-type-options", "nosniff"),
    ])
    if response.contentType.hasPrefix("text/html") {
      headers.add(name: "content-security-policy", value: "default-src 'none'; style-src 'unsafe-inline'")
    }
    headers.add(contentsOf: response.headers)
    if close { headers.add(name: "connection", value: "close") }
    let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    if request?.method != .HEAD {
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: response.body)))), promise: nil)
    }
    guard close else {
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
      // Requests sent ahead by a client that does not read the responses would fill the memory with them.
      if !context.channel.isWritable {
        services.logger.debug("client closed", metadata: ["error": "reads no responses (limit sendQueueBytes)"])
        state = .closing
        context.close(promise: nil)
      }
      return
    }
    state = .closing
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
    codec.headGuard.close(after: written.futureResult)
  }
}

extension AddressKey {
  /// What `address` counts as; `nil` for addresses that tell nobody apart, such as Unix sockets.
  init?(_ address: SocketAddress?) {
    switch address {
    case .v4(let address): self.init(ipv4: UInt32(bigEndian: address.address.sin_addr.s_addr))
    case .v6(let address):
      self.init(ipv6: withUnsafeBytes(of: address.address.sin6_addr) { Array($0) })
    case .unixDomainSocket, nil: return nil
    }
  }
}
