/// What one text frame from the relay means for whoever is waiting or listening.
enum Interpretation<Opened: Sendable>: Sendable {
  /// What `open` was waiting for.
  case opened(Opened)
  /// The relay works, and what is awaited may take as long as it takes.
  case patience
  case event(RelayEvent)
  /// The connection cannot come about.
  case refused(RelayLinkError)
  case ignored
}

/// Gives meaning to the relay's messages: one implementation for sessions, one for rooms. No sockets, no clock.
protocol MessageInterpreter: Sendable {
  associatedtype Opened: Sendable

  /// What a deadline that passes is said to have waited for.
  var awaited: String { get }

  mutating func interpret(_ text: [UInt8]) -> Interpretation<Opened>

  /// The error for a close frame that arrives before anything was opened.
  func refusal(code: UInt16?, reason: String) -> RelayLinkError
}

extension RelayMessage.Admission {
  /// Checks the shapes; `problem` is safe to show.
  func session() throws(MalformedMessage) -> RelaySession {
    guard SessionCode.isValid(sessionCode) else {
      throw MalformedMessage(problem: "session_code is not a session code")
    }
    guard let role = RelayRole(rawValue: role) else { throw MalformedMessage(problem: "role is neither alice nor bob") }
    guard let id = decodeBase64(sessionID, count: RelaySession.idLength...RelaySession.idLength) else {
      throw MalformedMessage(problem: "session_id_b64 is not 16 bytes of base64")
    }
    return RelaySession(sessionCode: sessionCode, sessionID: id, role: role, expiresAt: expiresAt)
  }
}
