#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The relay's messages: `{"type":…,"proto":"TACCV2","ver":4,"payload":…}`, each in one text frame.
enum RelayMessage: Equatable {
  static let proto = "TACCV2"
  static let version = 4
  /// Deepest nesting parsed; a forwarded packet has three levels of its own.
  static let maximumNesting = 16

  case hello(Admission)
  case peerJoined(role: String?)
  case peerLeft(role: String?)
  case error(String)
  /// A peer's message, with the role the relay says it comes from.
  case relayed(from: String?, PeerMessage)
  case bye(code: String?)
  case waiting
  case matched(Admission, ticket: String?)
  case ping
  case pong
  case other(type: String)

  /// What `hello` and `matched` say about a session.
  struct Admission: Equatable, Decodable {
    var sessionCode: String
    var role: String
    var sessionID: String
    var expiresAt: Double?

    enum CodingKeys: String, CodingKey {
      case sessionCode = "session_code"
      case role
      case sessionID = "session_id_b64"
      case expiresAt = "expires_at"
    }
  }
}

/// What a peer may send through the relay.
enum PeerMessage: Equatable {
  case packet(base64: String)
  case bye(code: String?)
  case other(type: String)
}

/// Why a text frame is not one of the relay's messages; the text is safe to show.
struct MalformedMessage: Error, Equatable {
  let problem: String
}

extension RelayMessage {
  /// Parses one text frame.
  static func parse(_ text: [UInt8]) throws(MalformedMessage) -> RelayMessage {
    try decodeJSON(RelayMessage.self, from: text)
  }

  /// `{"type":"packet",…}` around opaque bytes.
  static func packet(_ bytes: [UInt8]) -> [UInt8] {
    // Base64 needs no escaping in JSON.
    let (head, tail) = (packetHead, packetTail)
    let encoded = Base64.encodedCount(bytes.count)
    let count = head.count + encoded + tail.count
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let message = UnsafeMutableRawBufferPointer(buffer)
      message.copyBytes(from: head)
      bytes.withUnsafeBytes { Base64.encode($0, to: UnsafeMutableRawBufferPointer(rebasing: message[head.count...])) }
      UnsafeMutableRawBufferPointer(rebasing: message[(head.count + encoded)...]).copyBytes(from: tail)
      initialized = count
    }
  }

  private static let packetHead = Array(
    #"{"type":"packet","proto":"\#(proto)","ver":\#(version),"payload":{"data_b64":""#.utf8)
  private static let packetTail = Array(#""}}"#.utf8)

  /// `{"type":"bye",…}`; `nil` for a code that is not 1 to 32 of `a-z0-9_-`.
  static func bye(code: String) -> [UInt8]? {
    guard isByeCode(code) else { return nil }
    return Array(#"{"type":"bye","proto":"\#(proto)","ver":\#(version),"payload":{"code":"\#(code)"}}"#.utf8)
  }

  static func isByeCode(_ code: String) -> Bool {
    (1...32).contains(code.utf8.count)
      && code.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
  }
}

extension RelayMessage: Decodable {
  private enum Key: String, CodingKey {
    case type, proto, ver, payload, role, error, from, msg, code, ticket
  }

  init(from decoder: any Decoder) throws {
    let message = try decoder.container(keyedBy: Key.self)
    let type = try message.decode(String.self, forKey: .type)
    // Whoever speaks another protocol may also mean something else by the same words. Absent is tolerated.
    if let proto = try message.decodeIfPresent(String.self, forKey: .proto), proto != Self.proto {
      throw MalformedMessage(problem: "its protocol is \(displayable(proto, limit: 16)), not \(Self.proto)")
    }
    if let version = try message.decodeIfPresent(Int.self, forKey: .ver), version != Self.version {
      throw MalformedMessage(problem: "its protocol version is \(version), not \(Self.version)")
    }
    func payload() throws -> KeyedDecodingContainer<Key> {
      try message.nestedContainer(keyedBy: Key.self, forKey: .payload)
    }
    switch type {
    case "hello": self = .hello(try message.decode(Admission.self, forKey: .payload))
    case "peer_joined": self = .peerJoined(role: try payload().decodeIfPresent(String.self, forKey: .role))
    case "peer_left": self = .peerLeft(role: try payload().decodeIfPresent(String.self, forKey: .role))
    case "error": self = .error(try payload().decode(String.self, forKey: .error))
    case "relay":
      let payload = try payload()
      self = .relayed(
        from: try payload.decodeIfPresent(String.self, forKey: .from),
        try payload.decode(PeerMessage.self, forKey: .msg))
    case "bye": self = .bye(code: try? payload().decode(String.self, forKey: .code))
    case "waiting": self = .waiting
    case "matched":
      let ticket = try payload().decodeIfPresent(String.self, forKey: .ticket)
      self = .matched(try message.decode(Admission.self, forKey: .payload), ticket: ticket)
    case "ping": self = .ping
    case "pong": self = .pong
    default: self = .other(type: displayable(type, limit: 32))
    }
  }
}

extension PeerMessage: Decodable {
  private enum Key: String, CodingKey {
    case type, payload, code
    case data = "data_b64"
  }

  init(from decoder: any Decoder) throws {
    let message = try decoder.container(keyedBy: Key.self)
    let type = try message.decode(String.self, forKey: .type)
    switch type {
    case "packet":
      let payload = try message.nestedContainer(keyedBy: Key.self, forKey: .payload)
      self = .packet(base64: try payload.decode(String.self, forKey: .data))
    case "bye":
      let payload = try? message.nestedContainer(keyedBy: Key.self, forKey: .payload)
      self = .bye(code: try? payload?.decode(String.self, forKey: .code))
    default: self = .other(type: displayable(type, limit: 32))
    }
  }
}

/// Decodes JSON from the network: bounded nesting first, errors as text that is safe to show.
func decodeJSON<T: Decodable>(_ type: T.Type, from text: [UInt8]) throws(MalformedMessage) -> T {
  guard jsonNesting(text) <= RelayMessage.maximumNesting else {
    throw MalformedMessage(problem: "its JSON nests deeper than \(RelayMessage.maximumNesting) levels")
  }
  // Decoders differ in what they make of malformed UTF-8; RFC 8259 has none.
  guard String(validating: text, as: UTF8.self) != nil else {
    throw MalformedMessage(problem: "it is not UTF-8")
  }
  do {
    return try JSONDecoder().decode(type, from: Data(text))
  } catch let error as MalformedMessage {
    throw error
  } catch let error as DecodingError {
    throw MalformedMessage(problem: describe(error))
  } catch {
    throw MalformedMessage(problem: "it cannot be read as JSON")
  }
}

private func describe(_ error: DecodingError) -> String {
  func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
    let keys = context.codingPath + (last.map { [$0] } ?? [])
    return keys.isEmpty ? "the message" : keys.map { displayable($0.stringValue, limit: 32) }.joined(separator: ".")
  }
  return switch error {
  case .keyNotFound(let key, let context): "\(path(context, key)) is missing"
  case .valueNotFound(_, let context): "\(path(context)) is null"
  case .typeMismatch(_, let context): "\(path(context)) has the wrong JSON type"
  case .dataCorrupted(let context):
    context.codingPath.isEmpty ? "it is not JSON" : "\(path(context)) has a value that does not fit"
  @unknown default: "it cannot be read as JSON"
  }
}

/// Strict base64 (RFC 4648, section 4) of a bounded number of bytes; `nil` for anything else.
func decodeBase64(_ text: String, count: ClosedRange<Int>) -> [UInt8]? {
  var text = text
  guard let bytes = text.withUTF8({ Base64.decode(UnsafeRawBufferPointer($0), limit: count.upperBound) }) else {
    return nil
  }
  return count.contains(bytes.count) ? bytes : nil
}
