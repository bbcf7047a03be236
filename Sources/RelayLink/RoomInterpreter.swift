/// Interprets what arrives on `/rooms/{room}`: `waiting`, and at some time `matched`.
struct RoomInterpreter: MessageInterpreter {
  private var lastError = ""

  /// Longest ticket accepted.
  static let maximumTicketLength = 128

  var awaited: String { "the relay's room" }

  mutating func interpret(_ text: [UInt8]) -> Interpretation<RelayMatch> {
    do throws(MalformedMessage) {
      switch try RelayMessage.parse(text) {
      case .waiting: return .patience
      case .matched(let admission, let ticket):
        let session = try admission.session()
        guard let role = session.role else { throw MalformedMessage(problem: "role is missing") }
        if let ticket, !Self.isTicket(ticket) {
          throw MalformedMessage(problem: "ticket is not 1 to 128 characters of A-Za-z0-9._~-")
        }
        return .opened(RelayMatch(session: session, role: role, ticket: ticket))
      case .error(let text):
        lastError = displayable(text)
        return .ignored
      case .ping, .pong: return .ignored
      default: return .refused(.unexpectedAnswer("it is not a room's message"))
      }
    } catch {
      return .refused(.unexpectedAnswer(error.problem))
    }
  }

  func refusal(code: UInt16?, reason: String) -> RelayLinkError {
    .closedWhileJoining(code: code, reason: lastError.isEmpty ? reason : lastError)
  }

  /// A ticket goes back to the relay in a URL, so it may only hold what needs no escaping there (RFC 3986).
  static func isTicket(_ text: String) -> Bool {
    (1...maximumTicketLength).contains(text.utf8.count) && text.utf8.allSatisfy(RoomName.isUnreserved)
  }
}
