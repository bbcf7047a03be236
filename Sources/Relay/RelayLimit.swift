/// One of ``RelayLimits`` as a configuration sees it: its name, where its value is, what it means.
public struct RelayLimit: Sendable {
  /// Where a limit's value is, by its kind.
  public enum Value: Sendable {
    /// A number of things or bytes, as the name says.
    case count(any WritableKeyPath<RelayLimits, Int> & Sendable)
    /// A time.
    case time(any WritableKeyPath<RelayLimits, Duration> & Sendable)
  }

  /// The name of the field of ``RelayLimits``, which is also what clients are told.
  public let name: String
  /// Where its value is.
  public let value: Value
  /// What it bounds.
  public let summary: String

  private init(_ name: String, _ path: any WritableKeyPath<RelayLimits, Int> & Sendable, _ summary: String) {
    self.name = name
    value = .count(path)
    self.summary = summary
  }

  private init(_ name: String, _ path: any WritableKeyPath<RelayLimits, Duration> & Sendable, _ summary: String) {
    self.name = name
    value = .time(path)
    self.summary = summary
  }

  /// Every limit there is, in the order of ``RelayLimits``.
  public static let all: [RelayLimit] = [
    RelayLimit("messageBytes", \.messageBytes, "one WebSocket message"),
    RelayLimit("sessionBytes", \.sessionBytes, "all messages of a session"),
    RelayLimit("sessionMessages", \.sessionMessages, "messages of a session"),
    RelayLimit("extraFrames", \.extraFrames, "control frames and fragments of a connection"),
    RelayLimit("aloneTime", \.aloneTime, "how long a joined session may lack a side"),
    RelayLimit("sessionTime", \.sessionTime, "how long a session lives, used or not"),
    RelayLimit("sessionsPerAddressHour", \.sessionsPerAddressHour, "sessions an address opens in an hour"),
    RelayLimit(
      "lookupsPerAddressMinute", \.lookupsPerAddressMinute,
      "codes an address asks for, and rooms it enters, in a minute"),
    RelayLimit("openSessions", \.openSessions, "sessions alive"),
    RelayLimit("openConnections", \.openConnections, "connections of everybody"),
    RelayLimit("connectionsPerAddress", \.connectionsPerAddress, "connections of one address"),
    RelayLimit("sendQueueBytes", \.sendQueueBytes, "what waits for a client that reads slowly"),
    RelayLimit("keptBytes", \.keptBytes, "messages kept for a side that is absent"),
    RelayLimit("keptMessages", \.keptMessages, "messages kept for a side that is absent"),
    RelayLimit("requestHeadBytes", \.requestHeadBytes, "an HTTP request's head"),
    RelayLimit("requestBodyBytes", \.requestBodyBytes, "an HTTP request's body"),
    RelayLimit("requestTime", \.requestTime, "how long TLS handshake and request may take, and idle connections live"),
    RelayLimit("pingInterval", \.pingInterval, "from one WebSocket ping to the next"),
    RelayLimit("pingMisses", \.pingMisses, "pings without an answer after which a client is gone"),
    RelayLimit("closeTime", \.closeTime, "how long a closing connection waits for the client"),
    RelayLimit("drainTime", \.drainTime, "how long sessions may go on when the relay is told to stop"),
    RelayLimit("roomTime", \.roomTime, "how long an agent waits in a room"),
    RelayLimit("roomAgents", \.roomAgents, "agents that wait in one room"),
    RelayLimit("roomAgentsPerAddress", \.roomAgentsPerAddress, "agents of one address that wait"),
    RelayLimit("rooms", \.rooms, "rooms in which somebody waits"),
    RelayLimit("roomMessages", \.roomMessages, "messages an agent sends while it waits"),
    RelayLimit("rematchTime", \.rematchTime, "how long partners wait for somebody else before they meet again"),
    RelayLimit("roomTicketTime", \.roomTicketTime, "how long a ticket is worth something"),
    RelayLimit("roomTickets", \.roomTickets, "tickets remembered"),
  ]
}
