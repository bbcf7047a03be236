/// What a client sent, as far as its session or its room cares. `Text` is whatever stands for a message on its way to the other
/// side; the machine only moves it.
enum InboundMessage<Text: Sendable>: Sendable {
  case ping
  case commit(Text)
  case bye(Text)
  case forward(Text)
  /// Nothing that can be forwarded; the sender is told why and goes on.
  case refused(String)
}

/// What a session or a room tells a client.
enum OutboundMessage<Text: Sendable>: Sendable {
  case hello(SessionTicket, Role)
  case peerJoined(Role)
  case peerLeft(Role)
  case pong(unix: Double)
  case error(String)
  case relay(Text)
  /// In a room: nobody to be matched with yet.
  case waiting
  /// In a room: the session to go on in, the role in it, and what to show when returning to the room.
  case matched(SessionTicket, Role, RoomTicket)
}

extension OutboundMessage: Equatable where Text: Equatable {}
