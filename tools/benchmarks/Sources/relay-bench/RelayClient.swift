/// An HTTP connection that opens one session after the other.
final class SessionOpener {
  private let poller: Poller
  private let target: Target
  private let request: [UInt8]
  private var stream: Stream?
  /// Sessions opened on this connection. A new one comes from another address, before the quota of this is used up.
  private var opened = 0
  private static let sessionsPerConnection = 250

  init(_ poller: Poller, _ target: Target) {
    self.poller = poller
    self.target = target
    request = Array("POST /session HTTP/1.1\r\nHost: \(target.host):\(target.port)\r\nContent-Length: 0\r\n\r\n".utf8)
  }

  /// Opens a session; `done` gets its code, or `nil` where the relay refused.
  func open(_ done: @escaping (_ code: String?) -> Void) throws(BenchError) {
    if opened == Self.sessionsPerConnection { close() }
    if stream?.isOpen != true {
      stream = try poller.connect(to: target)
      opened = 0
    }
    opened += 1
    guard let stream else { return }
    stream.onBytes = {
      guard let answer = Self.answer(in: stream) else { return }
      stream.onBytes = nil
      done(answer)
    }
    stream.send(request)
  }

  func close() { stream?.close() }

  /// The code in a whole answer, `nil` while it is not whole; the inner `nil` is a refusal.
  private static func answer(in stream: Stream) -> String?? {
    guard stream.isOpen else { return .some(nil) }
    let text = String(decoding: stream.unread, as: UTF8.self)
    guard let head = text.firstRange(of: "\r\n\r\n") else { return nil }
    let fields = text[..<head.lowerBound].lowercased()
    guard let field = fields.firstRange(of: "content-length: ") else { return .some(nil) }
    let length = Int(fields[field.upperBound...].prefix { $0.isNumber }) ?? 0
    let body = text[head.upperBound...]
    guard body.utf8.count >= length else { return nil }
    stream.consume { $0.count }
    if fields.contains("connection: close") { stream.close() }
    guard text.hasPrefix("HTTP/1.1 200"), let name = body.firstRange(of: "\"session_code\":") else { return .some(nil) }
    return String(body[name.upperBound...].drop { $0 != "\"" }.dropFirst().prefix(8))
  }
}

/// A WebSocket in a session. Its frames are masked with zeros, which is valid and costs nothing.
final class RelaySocket {
  let stream: Stream
  private var isUpgraded = false
  /// Called once the relay has said hello, or the connection ended before that.
  private var onHello: ((_ isIn: Bool) -> Void)?
  /// Called after every read with how many relayed messages it completed.
  var onRelayed: ((_ messages: Int) -> Void)?

  init(
    _ poller: Poller, _ target: Target, code: String, role: String, onHello: @escaping (_ isIn: Bool) -> Void
  ) throws(BenchError) {
    stream = try poller.connect(to: target)
    self.onHello = onHello
    stream.onBytes = { [unowned self] in take() }
    stream.send(
      Array(
        ("GET /ws/\(code)/\(role) HTTP/1.1\r\nHost: \(target.host):\(target.port)\r\nUpgrade: websocket\r\n"
          + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
          .utf8))
  }

  func close() { stream.close() }

  /// A client's text frame around `text`.
  static func frame(_ text: String) -> [UInt8] { frame(0x81, Array(text.utf8)) }

  private static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let length = payload.count
    let size: [UInt8] =
      length < 126
      ? [UInt8(length)]
      : length < 65536
        ? [126, UInt8(length >> 8), UInt8(length & 0xFF)]
        : [127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
    return [first, size[0] | 0x80] + size.dropFirst() + [0, 0, 0, 0] + payload
  }

  private func take() {
    var relayed = 0
    var hello = false
    var pongs: [[UInt8]] = []
    if !isUpgraded { isUpgraded = takeAnswer() }
    if isUpgraded {
      stream.consume { bytes in
        var index = 0
        while let (header, length) = Self.extent(of: bytes, at: index), bytes.count - index - header >= length {
          let payload = index + header
          switch bytes[index] & 0x0F {
          case 0x1:
            if Self.says("relay", bytes, payload, length) {
              relayed += 1
            } else if Self.says("hello", bytes, payload, length) {
              hello = true
            }
          case 0x9: pongs.append(Self.frame(0x8A, Array(bytes[payload..<payload + length])))
          default: break
          }
          index += header + length
        }
        return index
      }
    }
    for pong in pongs { stream.send(pong) }
    if hello || !stream.isOpen {
      onHello?(hello)
      onHello = nil
    }
    if relayed > 0 { onRelayed?(relayed) }
  }

  /// Passes over the answer to the upgrade, once it is whole.
  private func takeAnswer() -> Bool {
    var isWhole = false
    stream.consume { bytes in
      guard bytes.count >= 4 else { return 0 }
      for end in 4...bytes.count where bytes[end - 1] == 10 && bytes[end - 3] == 10 {
        isWhole = true
        return end
      }
      return 0
    }
    return isWhole
  }

  private static func extent(of bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (header: Int, length: Int)? {
    guard bytes.count - index >= 2 else { return nil }
    let short = Int(bytes[index + 1] & 0x7F)
    if short < 126 { return (2, short) }
    let size = short == 126 ? 2 : 8
    guard bytes.count - index >= 2 + size else { return nil }
    return (2 + size, (0..<size).reduce(0) { $0 << 8 | Int(bytes[index + 2 + $1]) })
  }

  /// Whether the message's type, which every relay writes first, is `type`; a space may stand before it.
  private static func says(_ type: StaticString, _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ length: Int)
    -> Bool
  {
    // {"type":"
    let quote = start + 8 + (length > 9 && bytes[start + 8] == 0x20 ? 1 : 0)
    guard start + length > quote + type.utf8CodeUnitCount else { return false }
    for offset in 0..<type.utf8CodeUnitCount where bytes[quote + 1 + offset] != type.utf8Start[offset] { return false }
    return true
  }
}
