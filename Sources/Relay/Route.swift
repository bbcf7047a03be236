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
    let path = target.prefix { $0 != "?" && $0 != "#" }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    // The empty part before the first slash is always there in origin form.
    guard parts.first == "" else {
      self = .unknown
      return
    }
    switch parts.dropFirst() {
    case [""]: self = .page
    case ["healthz"]: self = .health
    case ["metrics"]: self = .metrics
    case ["session"]: self = .newSession
    case let rest where rest.count == 2 && rest.first == "session":
      self = .session(code: parts[2])
    case let rest where rest.count == 3 && rest.first == "ws":
      self = .socket(code: parts[2], role: parts[3])
    case let rest where rest.count == 2 && rest.first == "rooms":
      self = .room(name: parts[2], ticket: Self.parameter("ticket", in: target.dropFirst(path.count)))
    default: self = .unknown
    }
  }

  /// The value of the first parameter `name` of `query`, as it stands there: what this relay looks for needs no escapes.
  private static func parameter(_ name: String, in query: Substring) -> String? {
    guard query.first == "?" else { return nil }
    for pair in query.dropFirst().prefix(while: { $0 != "#" }).split(separator: "&") where pair.hasPrefix("\(name)=") {
      return String(pair.dropFirst(name.count + 1))
    }
    return nil
  }
}
