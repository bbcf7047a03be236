import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server's side of the opening handshake (RFC 6455 section 4.2). No extension and no subprotocol is agreed.
enum WebSocketHandshake {
  /// Computes the accept key; the decisions are all made here.
  private static let upgrader = NIOWebSocketServerUpgrader(
    shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
    upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })

  /// The headers of the 101 response, or `nil` where `head` is no sound opening of a WebSocket.
  static func responseHeaders(to head: HTTPRequestHead, on channel: any Channel) -> HTTPHeaders? {
    let headers = head.headers
    guard head.method == .GET, head.version == .http1_1,
      headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }),
      headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }),
      headers["sec-websocket-version"] == ["13"],
      let key = headers["sec-websocket-key"].first, headers["sec-websocket-key"].count == 1,
      Base64.decodedCount(Array(key.utf8)) == 16,
      // A body would be read as frames by somebody in between who does not understand it as one.
      !headers.contains(name: "content-length") || headers["content-length"] == ["0"],
      !headers.contains(name: "transfer-encoding")
    else { return nil }
    // The future is complete when it is made, for so is the one it waits for.
    let result = NIOLoopBoundBox<HTTPHeaders?>(nil, eventLoop: channel.eventLoop)
    upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: [:])
      .whenSuccess { result.value = $0 }
    return result.value
  }
}
