import Foundation

/// What a client understands of the frames that the relay sends; stops at frames no server may send (RFC 6455
/// section 5.1) and at text that is not a message of the protocol.
public struct ServerOutput {
  /// The messages, in order.
  public private(set) var messages: [[String: Any]] = []
  /// The status of the close frame, 1005 for one without; `nil` where none came.
  public private(set) var closeCode: Int?

  /// Takes apart everything that the relay has sent on one connection.
  public init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard closeCode == nil else { broken("the relay sends on after its close frame") }
      guard rest.count >= 2 else { broken("a frame is cut off") }
      let first = rest.removeFirst()
      var length = Int(rest.removeFirst())
      let sizes = [126: 2, 127: 8]
      if let size = sizes[length] {
        length = rest.prefix(size).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(size)
      }
      guard length < 1 << 20, rest.count >= length else { broken("a frame is cut off, or masked") }
      take(first, Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
  }

  private mutating func take(_ first: UInt8, _ payload: [UInt8]) {
    switch first {
    case 0x81:
      let object = try? JSONSerialization.jsonObject(with: Data(payload))
      // Foundation reads no number beyond its range, and JSON has no range.
      guard let message = object as? [String: Any] else {
        guard String(validating: payload, as: UTF8.self) != nil else { broken("text that is not UTF-8") }
        return messages.append(["type": "unreadable"])
      }
      guard message["type"] is String, message["payload"] is [String: Any] else { broken("no message of the protocol") }
      messages.append(message)
    case 0x88:
      guard payload.count != 1 else { broken("a close code of one byte") }
      closeCode = payload.count < 2 ? 1005 : Int(payload[0]) << 8 | Int(payload[1])
    case 0x89, 0x8A:
      guard payload.count <= 125 else { broken("a control frame that is too long") }
    default: broken("a frame that starts with \(first)")
    }
  }
}
