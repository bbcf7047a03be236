/// Every bound the relay puts on what clients may do.
///
/// A limit is exact: what equals it passes, one more is refused, and the refusal names the field here so that the
/// person who reads the error knows what to change. ``validate()`` is the only place where values are checked.
public struct RelayLimits: Sendable, Equatable {
  /// Bytes in one WebSocket message, all its fragments together. Over it: `error`, close 1009.
  public var messageBytes = 64 * 1024
  /// Bytes of all messages of one session, both directions together. Over it the session ends: `error`, close 1008.
  public var sessionBytes = 4 * 1024 * 1024
  /// Messages of one session, both directions together. Over it the session ends: `error`, close 1008.
  public var sessionMessages = 4_000
  /// WebSocket control frames and unfinished fragments of one connection, which are no messages yet but cost work.
  /// Over it: `error`, close 1008.
  public var extraFrames = 8_000
  /// How long a session that somebody has joined may have a side missing. Over it the session ends.
  public var aloneTime = Duration.seconds(60)
  /// How long a session lives from its creation, used or not. Over it the session ends.
  public var sessionTime = Duration.seconds(1_800)
  /// Sessions created by one address (IPv4 address, IPv6 /64) in one hour. Over it: HTTP status 429.
  public var sessionsPerAddressHour = 1_000
  /// How often one address (IPv4 address, IPv6 /64) may ask for a session by its code or open a WebSocket in one minute,
  /// whether there is such a session or not; whoever tries codes gets no further than this. Over it: HTTP status 429.
  public var lookupsPerAddressMinute = 600
  /// Sessions alive at the same time. Over it: HTTP status 503.
  public var openSessions = 100_000
  /// Connections open at the same time, HTTP and WebSocket together; fewer where the system lets the process open fewer
  /// files. Over it: closed on arrival.
  public var openConnections = 20_000
  /// Connections of one address (IPv4 address, IPv6 /64) open at the same time. Over it: closed on arrival. Behind a
  /// trusted proxy only WebSockets count, for the address that the proxy names. Over it: HTTP status 429.
  public var connectionsPerAddress = 512
  /// Bytes waiting to be sent to one client. Over it the client reads too slowly: `error`, close 1013; before it is a
  /// WebSocket, closed.
  public var sendQueueBytes = 256 * 1024
  /// Bytes of messages kept for a side that is not there yet. Over it the message is refused with an `error`.
  public var keptBytes = 128 * 1024
  /// Messages kept for a side that is not there yet. Over it the message is refused with an `error`.
  public var keptMessages = 512
  /// Bytes in a request head, from the first byte of the request line to the empty line. Over it: HTTP status 431.
  public var requestHeadBytes = 8 * 1024
  /// Bytes in a request body; no request of this protocol needs one. Its framing and trailers may take as much as a
  /// head on top of that. Over it: HTTP status 413.
  public var requestBodyBytes = 4 * 1024
  /// How long a request may take to arrive whole, and how long a connection may idle before one. Over it: HTTP
  /// status 408, or closed in silence where nothing has arrived.
  public var requestTime = Duration.seconds(5)
  /// The time from one WebSocket ping of the server to the next.
  public var pingInterval = Duration.seconds(20)
  /// Pings in succession after which nothing was heard that make a client count as gone: `error`, close 1008.
  public var pingMisses = 2
  /// How long a closing connection waits for the client to close its side before it is cut.
  public var closeTime = Duration.seconds(2)
  /// How long sessions that are under way may go on once the relay is told to stop; zero for not at all. Then they are
  /// closed with 1001.
  public var drainTime = Duration.seconds(30)

  /// How long an agent may wait in a room. Over it: `error`, close 1008.
  public var roomTime = Duration.seconds(120)
  /// Agents that wait in one room at the same time. Over it: `error`, close 1013.
  public var roomAgents = 64
  /// Agents of one address (IPv4 address, IPv6 /64) that wait at the same time, in whatever rooms. Over it: `error`,
  /// close 1008.
  public var roomAgentsPerAddress = 64
  /// Rooms in which somebody waits. Over it no other room can be entered: `error`, close 1013.
  public var rooms = 10_000
  /// Messages one agent sends while it waits in a room. Over it: `error`, close 1008.
  public var roomMessages = 128
  /// How long two agents that were matched with each other before wait for somebody else, before they are matched with
  /// each other again; zero for not at all.
  public var rematchTime = Duration.seconds(2)
  /// How long the ticket of a match is worth something. Later it is taken for none.
  public var roomTicketTime = Duration.seconds(600)
  /// Tickets remembered. Over it the oldest is forgotten.
  public var roomTickets = 65_536

  /// The defaults of the protocol.
  public init() {}

  /// Checks every limit for sense, and those that depend on each other.
  /// - Throws: ``RelayLimitsError`` for the first limit out of its range.
  public func validate() throws(RelayLimitsError) {
    try check("messageBytes", messageBytes, 64...16 * 1024 * 1024)
    try check("sessionBytes", sessionBytes, messageBytes...1 << 40)
    try check("sessionMessages", sessionMessages, 1...1 << 40)
    try check("extraFrames", extraFrames, 1...1 << 40)
    try check("aloneTime", aloneTime)
    try check("sessionTime", sessionTime)
    try check("sessionsPerAddressHour", sessionsPerAddressHour, 1...1 << 40)
    try check("lookupsPerAddressMinute", lookupsPerAddressMinute, 1...1 << 40)
    try check("openSessions", openSessions, 1...10_000_000)
    try check("openConnections", openConnections, 1...10_000_000)
    try check("connectionsPerAddress", connectionsPerAddress, 1...10_000_000)
    try check("keptBytes", keptBytes, 0...64 * 1024 * 1024)
    try check("keptMessages", keptMessages, 0...100_000)
    // The queue must hold one whole message with its envelope, and all that is handed to a late joiner at once.
    let envelope = Self.envelopeBytes
    let queueFloor = max(messageBytes + 4 * envelope, keptBytes + (keptMessages + 4) * envelope)
    try check("sendQueueBytes", sendQueueBytes, queueFloor...1 << 30)
    try check("requestHeadBytes", requestHeadBytes, 256...1024 * 1024)
    try check("requestBodyBytes", requestBodyBytes, 0...1024 * 1024)
    try check("requestTime", requestTime)
    try check("pingInterval", pingInterval)
    try check("pingMisses", pingMisses, 1...1_000)
    try check("closeTime", closeTime)
    if drainTime != .zero { try check("drainTime", drainTime) }
    try check("roomTime", roomTime)
    try check("roomAgents", roomAgents, 1...100_000)
    try check("roomAgentsPerAddress", roomAgentsPerAddress, 1...10_000_000)
    try check("rooms", rooms, 1...10_000_000)
    try check("roomMessages", roomMessages, 0...1 << 40)
    if rematchTime != .zero { try check("rematchTime", rematchTime) }
    try check("roomTicketTime", roomTicketTime)
    try check("roomTickets", roomTickets, 1...10_000_000)
  }

  /// An upper bound for what the relay adds around one message: WebSocket header and `relay` envelope.
  static let envelopeBytes = 128

  private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(RelayLimitsError) {
    guard range.contains(value) else {
      throw RelayLimitsError(limit: name, value: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
  }

  private func check(_ name: String, _ value: Duration) throws(RelayLimitsError) {
    guard value >= .milliseconds(10), value <= .seconds(86_400) else {
      throw RelayLimitsError(limit: name, value: "\(value)", expected: "10 milliseconds to 1 day")
    }
  }
}

/// A limit that was configured outside its range.
public struct RelayLimitsError: Error, Equatable, CustomStringConvertible {
  /// The name of the field of ``RelayLimits``.
  public let limit: String
  /// The value that was refused.
  public let value: String
  /// The range that would have been accepted.
  public let expected: String

  /// What happened, what was expected, what to do.
  public var description: String {
    "relay limit \(limit) is \(value), but must be \(expected): set it inside that range"
  }
}
