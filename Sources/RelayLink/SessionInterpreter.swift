/// Interprets what arrives on `/ws/{code}/{role}`.
///
/// The `from` of a forwarded message is written by the relay and proves nothing, so it is not believed: a packet is a
/// packet whoever it is said to come from. A message said to come from our own role is a relay that echoes, which no
/// honest one does; it is reported and dropped, because handing it on would look like a peer reflecting our messages.
struct SessionInterpreter: MessageInterpreter {
  let sessionCode: String
  let role: RelayRole
  private var isOpen = false
  private var lastError = ""
  private let plainPacket: PlainPacket

  init(sessionCode: String, role: RelayRole) {
    self.sessionCode = sessionCode
    self.role = role
    plainPacket = PlainPacket(from: role.peer)
  }

  var awaited: String { "the relay's hello" }

  mutating func interpret(_ text: [UInt8]) -> Interpretation<RelaySession> {
    if isOpen, let bytes = plainPacket.bytes(in: text) { return .event(.packet(bytes)) }
    let message: RelayMessage
    do {
      message = try RelayMessage.parse(text)
    } catch {
      return isOpen
        ? violation("a message from the relay was dropped: \(error.problem)")
        : .refused(.unexpectedAnswer(error.problem))
    }
    return isOpen ? interpretOpen(message) : interpretJoining(message)
  }

  func refusal(code: UInt16?, reason: String) -> RelayLinkError {
    let reason = lastError.isEmpty ? reason : lastError
    return code == 1008 ? .roleRefused(role, reason: reason) : .closedWhileJoining(code: code, reason: reason)
  }

  private mutating func interpretJoining(_ message: RelayMessage) -> Interpretation<RelaySession> {
    switch message {
    case .hello(let admission):
      do throws(MalformedMessage) {
        let session = try admission.session()
        guard session.sessionCode == sessionCode, session.role == role else {
          return .refused(.unexpectedAnswer("its hello is for another session or role"))
        }
        isOpen = true
        return .opened(session)
      } catch {
        return .refused(.unexpectedAnswer(error.problem))
      }
    case .error(let text):
      // The close that follows says what kind of error it is.
      lastError = displayable(text)
      return .ignored
    case .ping, .pong: return .ignored
    default: return .refused(.unexpectedAnswer("its first message is not hello"))
    }
  }

  private func interpretOpen(_ message: RelayMessage) -> Interpretation<RelaySession> {
    switch message {
    case .peerJoined(let who):
      who == role.rawValue ? violation("the relay says that we joined again") : .event(.peerJoined)
    case .peerLeft(let who):
      who == role.rawValue ? violation("the relay says that we left") : .event(.peerLeft)
    case .error(let text): .event(.relayError(displayable(text)))
    case .bye(let code): .event(.peerBye(code: displayable(code ?? "", limit: 32)))
    case .relayed(let from, let message):
      from == role.rawValue
        ? violation("a message that claims to come from our own role was dropped") : interpretPeer(message)
    case .ping, .pong: .ignored
    case .hello: violation("the relay said hello twice")
    case .waiting, .matched: violation("the relay sent a room's message in a session")
    case .other(let type): violation("the relay sent a message of the unknown type '\(type)'")
    }
  }

  private func interpretPeer(_ message: PeerMessage) -> Interpretation<RelaySession> {
    switch message {
    case .packet(let base64):
      guard let bytes = decodeBase64(base64, count: 1...RelayConnection.maximumPacketSize) else {
        return violation(
          "a packet was dropped: data_b64 is not base64 of 1 to \(RelayConnection.maximumPacketSize) bytes")
      }
      return .event(.packet(bytes))
    case .bye(let code): return .event(.peerBye(code: displayable(code ?? "", limit: 32)))
    case .other(let type): return violation("the peer sent a message of the unknown type '\(type)'")
    }
  }

  private func violation(_ text: String) -> Interpretation<RelaySession> { .event(.protocolViolation(text)) }
}
