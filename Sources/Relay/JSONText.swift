/// Writing the few JSON texts the relay makes itself.
enum JSONText {
  /// `text` as a JSON string with its quotes.
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{00}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Seconds since the epoch, with a fraction of microseconds at most.
  static func seconds(_ unix: Double) -> String {
    let microseconds = (unix * 1e6).rounded()
    return "\(microseconds / 1e6)"
  }

  /// A message made by the relay, around a payload that is JSON already.
  static func message(type: String, payload: String) -> String {
    "{\"type\":\"\(type)\",\"proto\":\"\(RelayProtocol.name)\",\"ver\":\(RelayProtocol.version),\"payload\":\(payload)}"
  }

  /// A message made by the relay; a relayed one is not made here, see ``RelayedMessage``.
  static func message<Text>(_ message: OutboundMessage<Text>) -> String? {
    switch message {
    case .hello(let ticket, let role): self.message(type: "hello", payload: "{\(admission(ticket, role))}")
    case .peerJoined(let role): self.message(type: "peer_joined", payload: "{\"role\":\"\(role.rawValue)\"}")
    case .peerLeft(let role): self.message(type: "peer_left", payload: "{\"role\":\"\(role.rawValue)\"}")
    case .pong(let unix): self.message(type: "pong", payload: "{\"t\":\(seconds(unix))}")
    case .error(let text): self.message(type: "error", payload: "{\"error\":\(string(text))}")
    case .relay: nil
    case .waiting: self.message(type: "waiting", payload: "{}")
    case .matched(let session, let role, let ticket):
      self.message(type: "matched", payload: "{\(admission(session, role)),\"ticket\":\"\(ticket.text)\"}")
    }
  }

  /// The members that tell a client which seat in which session is its own.
  private static func admission(_ ticket: SessionTicket, _ role: Role) -> String {
    "\"session_code\":\"\(ticket.code.text)\",\"role\":\"\(role.rawValue)\","
      + "\"session_id_b64\":\"\(ticket.identifierBase64)\",\"expires_at\":\(seconds(ticket.expires.unix))"
  }

  /// The answer to `POST /session`.
  static func opened(_ ticket: SessionTicket, lifetime: Duration) -> String {
    "{\"session_code\":\"\(ticket.code.text)\",\"session_id_b64\":\"\(ticket.identifierBase64)\","
      + "\"proto\":\"\(RelayProtocol.name)\",\"ver\":\(RelayProtocol.version),"
      + "\"expires_in_s\":\(lifetime.relaySecondsText)}"
  }

  /// The answer to `GET /session/{code}`.
  static func snapshot(_ snapshot: SessionSnapshot) -> String {
    let ticket = snapshot.ticket
    return "{\"session_code\":\"\(ticket.code.text)\",\"created_at\":\(seconds(ticket.created.unix)),"
      + "\"expires_at\":\(seconds(ticket.expires.unix)),"
      + "\"present\":{\"alice\":\(snapshot.alicePresent),\"bob\":\(snapshot.bobPresent)},"
      + "\"commits_present\":{\"alice\":\(snapshot.aliceCommitted),\"bob\":\(snapshot.bobCommitted)}}"
  }

  /// The body of an HTTP refusal.
  static func detail(_ text: String) -> String { "{\"detail\":\(string(text))}" }
}

/// What every message of the relay says of itself.
enum RelayProtocol {
  static let name = "TACCV2"
  static let version = 4
}
