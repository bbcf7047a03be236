import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// Answers HTTP requests, and turns a connection into a WebSocket when asked to.
///
/// Every request is answered before the next one is looked at, so requests sent ahead need no queue. A connection that
/// brings very many of them at once is closed after some, since the others of its event loop wait meanwhile.
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

  /// What a listener shows.
  enum Surface {
    /// All there is, `/metrics` only if it is not shown elsewhere.
    case relay
    /// What whoever runs the relay wants to know, and nothing else.
    case operation
  }

  /// Answers to one read of the socket. Clients that wait for an answer before they ask again need one.
  static let answersPerRead = 16

  private let services: RelayServices
  private let surface: Surface
  private let loop: LoopContext
  private let codec: Codec
  private var state = State.idle
  private var sawEarlyData = false
  /// Requests that were answered since the socket was last read.
  private var answers = 0

  init(services: RelayServices, surface: Surface, loop: LoopContext, codec: Codec) {
    self.services = services
    self.surface = surface
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
        services.metrics.refused(for: "requestBodyBytes")
        let text = "request body larger than \(limit) bytes (limit requestBodyBytes): no request here needs one"
        return respond(context, to: head, .json(.payloadTooLarge, JSONText.detail(text)), close: true)
      }
      state = .request(head, bodyBytes: bytes)
    case (.end, .request(let head, _)):
      codec.headGuard.requestCompleted()
      state = .idle
      answers += 1
      answer(context, head)
    case (.body, _), (.end, _): break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    answers = 0
    context.fireChannelReadComplete()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else {
      if case .handshakeFailed? = error as? NIOSSLError { services.metrics.handshakeFailed() }
      return context.close(promise: nil)
    }
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
    // After these the parser takes what follows for another protocol, also where we do not.
    let wantsUpgrade = head.headers.contains(name: "upgrade") || head.method == .CONNECT
    let route = self.route(to: head.uri)
    let allowed: HTTPMethod = route == .newSession ? .POST : .GET
    guard head.method == allowed || (allowed == .GET && head.method == .HEAD) || route == .unknown else {
      var response = Response.json(.methodNotAllowed, JSONText.detail("Method Not Allowed"))
      response.headers.append(("allow", allowed == .GET ? "GET, HEAD" : "POST"))
      return respond(context, to: head, response, close: wantsUpgrade)
    }
    let isDraining = services.admission.isDraining
    let client = client(context, head)
    let response: Response
    switch route {
    case .page: response = Response(status: .ok, contentType: "text/html; charset=utf-8", body: services.page)
    case .health:
      response =
        isDraining
        ? .json(.serviceUnavailable, "{\"status\":\"draining\"}") : .json(.ok, "{\"status\":\"ok\"}")
    case .metrics:
      response = Response(
        status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", body: services.metricsReport())
    case .newSession: response = isDraining ? .draining : newSession(client)
    case .session(let code):
      response =
        lookupRefusal(client) ?? services.store.snapshot(code).map { .json(.ok, JSONText.snapshot($0)) } ?? .noSession
    case .socket(let code, let role):
      guard let refusal = isDraining ? .draining : lookupRefusal(client) else {
        return socket(context, head, of: client, code: code, role: role)
      }
      response = refusal
    case .room(let name, let ticket):
      guard let refusal = isDraining ? .draining : lookupRefusal(client) else {
        return room(context, head, of: client, name: name, ticket: ticket)
      }
      response = refusal
    case .unknown: response = .notFound
    }
    respond(context, to: head, response, close: wantsUpgrade || isDraining)
  }

  /// What a target stands for on this listener.
  private func route(to target: String) -> Route {
    let route = Route(target: target)
    switch (surface, route) {
    case (.operation, .health), (.operation, .metrics): return route
    case (.operation, _): return .unknown
    case (.relay, .metrics): return services.configuration.metrics == nil ? .metrics : .unknown
    case (.relay, _): return route
    }
  }

  /// Who sent a request; `nil` where the transport has no addresses.
  private func client(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) -> IPAddress? {
    IPAddress(context.remoteAddress).map {
      services.configuration.trustedProxies.client(of: $0, forwardedFor: head.headers["x-forwarded-for"])
    }
  }

  /// The answer to who asks for codes or rooms too often. It comes before anything is looked for, so that it says nothing
  /// about what there is.
  private func lookupRefusal(_ client: IPAddress?) -> Response? {
    let wait = services.admission.admitLookup(from: client.map { AddressKey($0) }, at: RelayInstant.monotonicNow())
    guard let wait else { return nil }
    let limit = services.limits.lookupsPerAddressMinute
    let seconds = (wait + 999_999_999) / 1_000_000_000
    refuse("request refused", limit: "lookupsPerAddressMinute", client)
    return .tooMany(
      "no more than \(limit) requests a minute from one address (limit lookupsPerAddressMinute); "
        + "try again in \(seconds) s", retryAfter: seconds)
  }

  private func newSession(_ client: IPAddress?) -> Response {
    do throws(SessionRefusal) {
      let ticket = try services.store.open(from: client.map { AddressKey($0) })
      return .json(.ok, JSONText.opened(ticket, lifetime: services.limits.sessionTime))
    } catch {
      switch error {
      case .addressQuota(_, let seconds):
        refuse("session refused", limit: "sessionsPerAddressHour", client)
        return .tooMany(error.description, retryAfter: seconds)
      case .tooManyOpen:
        refuse("session refused", limit: "openSessions", client)
        return .json(.serviceUnavailable, JSONText.detail(error.description))
      case .noFreshCode:
        services.logger.error("session refused", metadata: ["error": "\(error)"])
        return .json(.serviceUnavailable, JSONText.detail(error.description))
      }
    }
  }

  private func refuse(_ what: Logger.Message, limit: String, _ client: IPAddress?) {
    services.metrics.refused(for: limit)
    services.logger.debug(what, metadata: services.logged(["error": "limit \(limit)"], of: client))
  }

  // MARK: WebSocket

  private func socket(
    _ context: ChannelHandlerContext, _ head: HTTPRequestHead, of client: IPAddress?, code: String, role: String
  ) {
    guard let slot = services.store.find(code) else { return respond(context, to: head, .noSession, close: true) }
    if let role = Role(rawValue: role) {
      upgrade(context, head, of: client, .join(slot, role))
    } else {
      let reason = CloseReason(code: CloseReason.policy, text: "unknown role")
      upgrade(context, head, of: client, .refuse(error: "unknown role: join as alice or bob", reason))
    }
  }

  private func room(
    _ context: ChannelHandlerContext, _ head: HTTPRequestHead, of client: IPAddress?, name: String, ticket: String?
  ) {
    guard let room = RoomName(name) else {
      let text = "not a room name: 1 to 64 characters of A-Z a-z 0-9 . _ -"
      return respond(context, to: head, .json(.badRequest, JSONText.detail(text)), close: true)
    }
    // A ticket that is none is treated like one that has expired.
    upgrade(context, head, of: client, .wait(room, ticket.flatMap { RoomTicket($0) }))
  }

  /// Takes the HTTP parser away, answers 101, and puts the WebSocket handlers in place.
  private func upgrade(
    _ context: ChannelHandlerContext, _ head: HTTPRequestHead, of client: IPAddress?,
    _ purpose: WebSocketHandler.Purpose
  ) {
    guard let headers = WebSocketHandshake.responseHeaders(to: head, on: context.channel) else {
      var response = Response.json(
        .upgradeRequired, JSONText.detail("this is a WebSocket: connect with version 13 (RFC 6455 section 4.1)"))
      response.headers += [("upgrade", "websocket"), ("sec-websocket-version", "13")]
      return respond(context, to: head, response, close: true)
    }
    // One connection of a proxy's carries one client from here on.
    if let client, client != IPAddress(context.remoteAddress) {
      let key = AddressKey(client)
      guard services.admission.admitForwarded(from: key) else {
        let limit = services.limits.connectionsPerAddress
        refuse("WebSocket refused", limit: "connectionsPerAddress", client)
        let text = "no more than \(limit) connections of one address (limit connectionsPerAddress); close some of them"
        return respond(context, to: head, .json(.tooManyRequests, JSONText.detail(text)), close: true)
      }
      let admission = services.admission
      context.channel.closeFuture.whenComplete { _ in admission.releaseForwarded(from: key) }
    }
    state = .upgrading
    codec.headGuard.upgraded()
    let socket = WebSocketHandler(services: services, loop: loop, purpose: purpose, client: client)
    let bound = NIOLoopBound((self, context, socket), eventLoop: context.eventLoop)
    context.pipeline.syncOperations.removeHandler(codec.decoder).whenComplete { result in
      let (handler, context, socket) = bound.value
      guard case .success = result, handler.completeUpgrade(context, headers, socket) else {
        return context.close(promise: nil)
      }
    }
  }

  private func completeUpgrade(
    _ context: ChannelHandlerContext, _ headers: HTTPHeaders, _ socket: WebSocketHandler
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
      try pipeline.addHandler(socket)
    } catch {
      return false
    }
    pipeline.removeHandler(codec.headGuard, promise: nil)
    pipeline.removeHandler(context: context, promise: nil)
    return true
  }

  // MARK: Responses

  private func respond(
    _ context: ChannelHandlerContext, to request: HTTPRequestHead?, _ response: Response, close: Bool
  ) {
    let close = close || !(request?.isKeepAlive ?? false) || answers >= Self.answersPerRead
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
        refuse("client that reads no responses closed", limit: "sendQueueBytes", IPAddress(context.remoteAddress))
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
