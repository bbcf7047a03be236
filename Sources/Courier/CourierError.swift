public import RelayLink
public import Transfer

/// Why nothing comes of a meeting, or of what the boards met for.
public enum CourierError: Error, Sendable, Equatable {
  /// The relay cannot be used.
  case relay(RelayLinkError)
  /// Nobody came whom this board knows.
  case nobodyCame(seconds: Int)
  /// Somebody came to the room again and again, and was not the peer.
  case strangers(attempts: Int)
  /// The connection broke and could not be made again in time; what was last heard about it.
  case lost(seconds: Int, String)
  /// The two boards, or what they said.
  case transfer(TransferError)
  /// A file or a directory on this board.
  case file(String)
  /// The file was changed while it was sent.
  case changed(path: String)
}

extension CourierError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .relay(let error): "\(error)"
    case .nobodyCame(let seconds): "nobody came within \(seconds) s"
    case .strangers(let attempts):
      "somebody came to the room \(attempts) times and did not know the key of this pairing; the relay, or whoever runs "
        + "it, is in the way. Use another relay"
    case .lost(let seconds, let reason):
      "the connection broke (\(reason)) and could not be made again within \(seconds) s"
    case .transfer(let error): "\(error)"
    case .file(let text): text
    case .changed(let path): "\(path) was changed while it was sent; send it again when nothing writes to it"
    }
  }
}

/// What a user may like to know while it goes on.
public enum CourierNotice: Sendable, Equatable {
  /// Waiting for the other board in the relay's room.
  case waiting
  /// The other board is here; which of those that were waited for.
  case met(index: Int)
  /// The session ended; why. It is being replaced.
  case interrupted(String)
  /// It was replaced.
  case resumed
  /// The relay allows no more for now; what it says.
  case relayIsBusy(String)
}
