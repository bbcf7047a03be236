/// What the relay must know of a client's message; everything else in it passes unread.
enum Envelope: Equatable, Sendable {
  /// Answered with `pong`.
  case ping
  /// A commitment of the right length: remembered as present, forwarded.
  case commit
  /// Forwarded; the session ends after it.
  case bye
  /// Forwarded.
  case forward
}

/// Why a client's message cannot be forwarded.
enum EnvelopeFault: Error, Equatable, Sendable, CustomStringConvertible {
  case notUTF8
  case notJSON
  case tooDeep
  case notAnObject
  case noType
  case typeNotText
  case unknownType
  case repeatedMember
  case badCommit

  /// What is wrong with the message, what was expected.
  var description: String {
    switch self {
    case .notUTF8: "message is not UTF-8: text frames must be (RFC 6455 section 8.1)"
    case .notJSON: "message is not JSON (RFC 8259): send one JSON object as one text frame"
    case .tooDeep: "message nests deeper than \(JSONCursor.maximumDepth) levels: send flatter JSON"
    case .notAnObject: "message is not a JSON object: send {\"type\":…,\"payload\":…}"
    case .noType: "message has no \"type\": send {\"type\":…,\"payload\":…}"
    case .typeNotText: "message \"type\" is not a string"
    case .unknownType:
      "unknown message type: known are hello, peer_joined, peer_left, relay, error, ping, pong, packet, commit, bye"
    case .repeatedMember:
      "message repeats \"type\", \"payload\" or \"commit_b64\": its readers would differ, send each once"
    case .badCommit: "commit refused: its payload must be an object with commit_b64, 32 bytes in padded base64"
    }
  }
}

extension Envelope {
  /// Bytes in a commitment.
  static let commitBytes = 32

  /// Reads the envelope of one text message and checks that the whole message is strict JSON, so that it can be
  /// embedded in a `relay` message as it stands.
  init(scanning raw: UnsafeRawBufferPointer) throws(EnvelopeFault) {
    let bytes = raw.bindMemory(to: UInt8.self)
    do throws(EnvelopeFault) {
      self = try Self.scan(bytes)
    } catch {
      // Bytes that are no UTF-8 also make the JSON malformed; WebSocket treats the two differently.
      guard UTF8Check.isValid(bytes) else { throw .notUTF8 }
      throw error
    }
  }

  private static func scan(_ bytes: UnsafeBufferPointer<UInt8>) throws(EnvelopeFault) -> Envelope {
    var cursor = JSONCursor(bytes, in: 0..<bytes.count)
    cursor.skipSpace()
    let isObject = cursor.current == UInt8(ascii: "{")
    var found = Members()
    do throws(JSONCursor.Fault) {
      if isObject {
        found = try members("type", "payload", of: &cursor, in: bytes, depth: 1)
      } else {
        _ = try cursor.value(atDepth: 0)
      }
    } catch {
      throw error == .tooDeep ? .tooDeep : .notJSON
    }
    cursor.skipSpace()
    guard cursor.isAtEnd else { throw .notJSON }
    guard isObject else { throw .notAnObject }
    guard !found.repeated else { throw .repeatedMember }
    guard let type = found.first else { throw .noType }
    guard type.isString else { throw .typeNotText }
    let kind = try kind(of: type, in: bytes)
    if kind == .commit { try checkCommit(found.second, in: bytes) }
    return kind
  }

  private static func kind(
    of type: JSONCursor.Span, in bytes: UnsafeBufferPointer<UInt8>
  ) throws(EnvelopeFault) -> Envelope {
    func says(_ text: StaticString) -> Bool { JSONCursor.string(type, in: bytes, equals: text) }
    if says("packet") { return .forward }
    if says("ping") { return .ping }
    if says("commit") { return .commit }
    if says("bye") { return .bye }
    if says("hello") || says("pong") || says("error") || says("relay") || says("peer_joined") || says("peer_left") {
      return .forward
    }
    throw .unknownType
  }

  private static func checkCommit(
    _ payload: JSONCursor.Span?, in bytes: UnsafeBufferPointer<UInt8>
  ) throws(EnvelopeFault) {
    guard let payload, !payload.isString else { throw .badCommit }
    var cursor = JSONCursor(bytes, in: payload.range)
    guard cursor.current == UInt8(ascii: "{") else { throw .badCommit }
    guard let found = try? members("commit_b64", nil, of: &cursor, in: bytes, depth: 2) else { throw .badCommit }
    guard !found.repeated else { throw .repeatedMember }
    guard let commit = found.first, commit.isString,
      // Every character may be written as a six-character escape; anything longer is no 32 bytes.
      commit.range.count <= 6 * 44,
      Base64.decodedCount(JSONCursor.characters(of: commit, in: bytes)) == commitBytes
    else { throw .badCommit }
  }

  private struct Members {
    var first: JSONCursor.Span?
    var second: JSONCursor.Span?
    var repeated = false
  }

  /// Reads the object at the cursor, the outermost of `depth` levels, and notes where two of its members lie.
  private static func members(
    _ first: StaticString, _ second: StaticString?, of cursor: inout JSONCursor,
    in bytes: UnsafeBufferPointer<UInt8>, depth: Int
  ) throws(JSONCursor.Fault) -> Members {
    var found = Members()
    try cursor.take(UInt8(ascii: "{"))
    cursor.skipSpace()
    if cursor.takeIf(UInt8(ascii: "}")) { return found }
    while true {
      let key = try cursor.string()
      cursor.skipSpace()
      try cursor.take(UInt8(ascii: ":"))
      cursor.skipSpace()
      let value = try cursor.value(atDepth: depth)
      if JSONCursor.string(key, in: bytes, equals: first) {
        if found.first != nil { found.repeated = true }
        found.first = value
      } else if let second, JSONCursor.string(key, in: bytes, equals: second) {
        if found.second != nil { found.repeated = true }
        found.second = value
      }
      cursor.skipSpace()
      if cursor.takeIf(UInt8(ascii: ",")) {
        cursor.skipSpace()
        continue
      }
      try cursor.take(UInt8(ascii: "}"))
      return found
    }
  }
}
