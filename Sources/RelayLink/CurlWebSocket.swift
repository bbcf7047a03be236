internal import CCurl

/// A WebSocket through libcurl, from the upgrade on non-blocking. Belongs to the thread that made it.
///
/// Received frames are decoded by libcurl, because it holds the bytes that arrived together with the upgrade's answer.
/// Frames to send are made by ``ClientFrame`` and pass through libcurl's raw mode.
final class CurlWebSocket {
  enum Received {
    case piece(MessageAssembler.Piece, count: Int)
    case nothingNow
    /// Frames that RFC 6455 does not allow.
    case malformed(String)
    case lost(String)
  }

  enum Sent {
    case bytes(Int)
    case nothingNow
    case lost(String)
  }

  private let handle: CurlHandle
  /// Whether pings are left to the caller. If not, libcurl answers them inside ``receive()``, which must then not be
  /// called while a frame is partly sent.
  let pingsAreOurs: Bool
  private var isRaw = false
  /// Pieces are delivered through this.
  private(set) var buffer = [UInt8](repeating: 0, count: 32 * 1024)
  let socket: Int32

  /// Connects and upgrades; blocks for at most the connect deadline.
  ///
  /// - Parameter pingsAreOurs: whether pings are left to the caller; see ``LibcurlRequirements/leavesPingsToUs``.
  init(
    url: String, endpoint: RelayEndpoint, options: RelayLinkOptions, mailbox: LinkMailbox, pingsAreOurs: Bool
  ) throws(RelayLinkError) {
    self.pingsAreOurs = pingsAreOurs
    handle = try CurlHandle(url: url, schemes: "ws,wss", endpoint: endpoint, options: options, mailbox: mailbox)
    try handle.set(CURLOPT_CONNECT_ONLY, 2)
    try handle.set(CURLOPT_HTTPPROXYTUNNEL, 1)
    try handle.set(CURLOPT_WS_OPTIONS, pingsAreOurs ? Int(CURLWS_NOAUTOPONG) : 0)
    // Without it, the body of a refusal would go to standard output.
    _ = ccurl_set_write(handle.raw, { _, size, count, _ in size * count }, nil)
    let status = try handle.perform(stage: "the relay's WebSocket upgrade")
    switch status {
    case 101: break
    case 403, 404: throw .unknownSession
    case 429: throw .tooManySessions
    default: throw .notARelay(status: status)
    }
    var socket = CURL_SOCKET_BAD
    guard ccurl_get_socket(handle.raw, &socket) == CURLE_OK, socket != CURL_SOCKET_BAD else {
      throw .connectionFailed("libcurl has no socket after the upgrade")
    }
    self.socket = socket
  }

  /// Receives one piece into ``buffer``. Call it until it says `nothingNow`: TLS may hold bytes that poll(2) cannot see.
  func receive() -> Received {
    setRaw(false)
    var count = 0
    var meta: UnsafePointer<curl_ws_frame>?
    let code = buffer.withUnsafeMutableBytes { curl_ws_recv(handle.raw, $0.baseAddress, $0.count, &count, &meta) }
    switch code {
    case CURLE_OK:
      guard let frame = meta?.pointee, count <= buffer.count else { return .lost("libcurl returned no frame") }
      let flags = UInt32(bitPattern: frame.flags)
      let kind: MessageAssembler.Kind =
        if flags & UInt32(CURLWS_CLOSE) != 0 {
          .close
        } else if flags & UInt32(CURLWS_PING) != 0 {
          .ping
        } else if flags & UInt32(CURLWS_PONG) != 0 {
          .pong
        } else if flags & UInt32(CURLWS_BINARY) != 0 {
          .binary
        } else {
          .text
        }
      return .piece(
        MessageAssembler.Piece(
          kind: kind, isFinal: flags & UInt32(CURLWS_CONT) == 0, bytesLeft: Int64(frame.bytesleft)), count: count)
    case CURLE_AGAIN: return .nothingNow
    case CURLE_GOT_NOTHING: return .lost("the relay's end closed the TCP connection without a close frame")
    default:
      let detail = handle.detail(code)
      // libcurl has one code for a broken connection and a broken frame; its decoder marks its own texts.
      return detail.hasPrefix("[WS]") || detail.hasPrefix("WS:") ? .malformed(detail) : .lost(detail)
    }
  }

  /// Sends some of the bytes. After `nothingNow` the next call must offer the same bytes again: a TLS library may have
  /// begun to encrypt them.
  func send(_ bytes: ArraySlice<UInt8>) -> Sent {
    setRaw(true)
    var sent = 0
    let code = bytes.withUnsafeBytes { curl_ws_send(handle.raw, $0.baseAddress, $0.count, &sent, 0, 0) }
    switch code {
    case CURLE_OK: return sent > 0 ? .bytes(min(sent, bytes.count)) : .nothingNow
    case CURLE_AGAIN: return sent > 0 ? .bytes(min(sent, bytes.count)) : .nothingNow
    default: return .lost(handle.detail(code))
    }
  }

  private func setRaw(_ raw: Bool) {
    guard raw != isRaw else { return }
    isRaw = raw
    // Cannot fail: the option is known since the upgrade.
    try? handle.set(
      CURLOPT_WS_OPTIONS, (pingsAreOurs ? Int(CURLWS_NOAUTOPONG) : 0) | (raw ? Int(CURLWS_RAW_MODE) : 0))
  }
}
