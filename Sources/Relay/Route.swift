/// What a request target asks for.
enum Route: Equatable, Sendable {
  /// `/`
  case page
  /// `/healthz`
  case health
  /// `/metrics`
  case metrics
  /// `/session`
  case newSession
  /// `/session/{code}`
  case session(code: String)
  /// `/ws/{code}/{role}`
  case socket(code: String, role: String)
  /// `/rooms/{room}`, `/rooms/{room}?ticket={ticket}`
  case room(name: String, ticket: String?)
  case unknown

  /// Reads a request target in origin form (RFC 9112 section 3.2.1); a query is ignored, but for a
  /// room's ticket.
  init(target: String) {
    // Bytes all along: a long target of characters would cost many times what it costs to send.
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    // One more than any path has.
    let parts = path.split(separator: UInt8(ascii: "/"), maxSplits: 4, omittingEmptySubsequences: false)
    // The empty part before the first slash is always there in origin form.
    guard let first = parts.first, first.isEmpty, parts.count <= 4, parts.count >= 2 else {
      self = .unknown
      return
    }
    switch (Self.text(parts[1]), parts.count) {
    case ("", 2): self = .page
    case ("healthz", 2): self = .health
    case ("metrics", 2): self = .metrics
    case ("session", 2): self = .newSession
    case ("session", 3): self = .session(code: Self.text(parts[2]))
    case ("ws", 4): self = .socket(code: Self.text(parts[2]), role: Self.text(parts[3]))
    case ("rooms", 3):
      self = .room(
        name: Self.text(parts[2]), ticket: Self.parameter("ticket=", in: target.utf8[path.endIndex...]))
    default: self = .unknown
    }
  }

  /// The value of the first parameter of `query` that begins with `name`, as it stands there: what this relay looks for
  /// needs no escapes.
  private static func parameter(_ name: StaticString, in query: Substring.UTF8View) -> String? {
    guard query.first == UInt8(ascii: "?") else { return nil }
    let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    var rest = query.dropFirst().prefix { $0 != UInt8(ascii: "#") }
    while !rest.isEmpty {
      let pair = rest.prefix { $0 != UInt8(ascii: "&") }
      if pair.starts(with: name) { return text(pair.dropFirst(name.count)) }
      rest = rest[pair.endIndex...].dropFirst()
    }
    return nil
  }

  private static func text(_ bytes: Substring.UTF8View) -> String { String(Substring(bytes)) }
}
