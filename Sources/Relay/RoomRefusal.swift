/// Why an agent may not wait in a room, or no longer.
enum RoomRefusal: Equatable, Sendable, CustomStringConvertible {
  case rooms(limit: Int)
  case roomAgents(limit: Int)
  case roomAgentsPerAddress(limit: Int)
  case roomTime(seconds: String)
  case roomMessages(limit: Int)
  /// There was a partner, but no session could be opened with this agent.
  case session(SessionRefusal)

  /// What happened, what to do.
  var description: String {
    switch self {
    case .rooms(let limit):
      "cannot wait here: \(limit) rooms are in use (limit rooms); try again later"
    case .roomAgents(let limit):
      "cannot wait here: \(limit) agents wait in this room (limit roomAgents); try again later, or use another room"
    case .roomAgentsPerAddress(let limit):
      "cannot wait here: \(limit) agents of this address wait already (limit roomAgentsPerAddress); end some of them"
    case .roomTime(let seconds):
      "no match within \(seconds) s (limit roomTime); come again when both boards are ready"
    case .roomMessages(let limit):
      "more than \(limit) messages sent while waiting (limit roomMessages); send nothing here but a ping now and then"
    case .session(let refusal): refusal.description
    }
  }

  /// How the connection is closed after the description was sent: 1008 for what the agent or its address has used up,
  /// 1013 for what the relay or the room has too much of.
  var closeReason: CloseReason {
    let (code, limit) =
      switch self {
      case .rooms: (CloseReason.tryAgainLater, "rooms")
      case .roomAgents: (CloseReason.tryAgainLater, "roomAgents")
      case .roomAgentsPerAddress: (CloseReason.policy, "roomAgentsPerAddress")
      case .roomTime: (CloseReason.policy, "roomTime")
      case .roomMessages: (CloseReason.policy, "roomMessages")
      case .session(.addressQuota): (CloseReason.policy, "sessionsPerAddressHour")
      case .session(.tooManyOpen): (CloseReason.tryAgainLater, "openSessions")
      case .session(.noFreshCode): (CloseReason.tryAgainLater, "")
      }
    return CloseReason(code: code, text: limit.isEmpty ? "no session opened" : "limit \(limit)")
  }
}
