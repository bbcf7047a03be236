/// Packets of the other side as a relay forwards them that keeps to the letter of what this client sends: nearly all that
/// ever arrives, and so recognised by comparison, without a JSON parser. Everything else is for the parser.
struct PlainPacket {
  private let head: [UInt8]
  private static let tail = Array(#""}}}}"#.utf8)

  /// - Parameter role: the other side's, which the relay says a message comes from.
  init(from role: RelayRole) {
    let envelope = #""proto":"\#(RelayMessage.proto)","ver":\#(RelayMessage.version),"payload":{"#
    head = Array(
      (#"{"type":"relay",\#(envelope)"from":"\#(role.rawValue)","msg":{"type":"packet",\#(envelope)"data_b64":""#).utf8)
  }

  /// The packet's bytes; `nil` where the text is anything else.
  func bytes(in text: [UInt8]) -> [UInt8]? {
    guard text.count > head.count + Self.tail.count, text.starts(with: head),
      text[(text.count - Self.tail.count)...].elementsEqual(Self.tail)
    else { return nil }
    return text.withUnsafeBytes { text in
      Base64.decode(
        UnsafeRawBufferPointer(rebasing: text[head.count..<(text.count - Self.tail.count)]),
        limit: RelayConnection.maximumPacketSize)
    }
  }
}
