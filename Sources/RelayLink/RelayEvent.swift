/// What happens on a ``RelayConnection`` after it was opened.
///
/// Nothing here is authenticated: the relay can invent, drop and reorder all of it. Only what the secure channel
/// accepts inside a packet may be believed; everything else can at most end an attempt.
public enum RelayEvent: Sendable, Hashable {
  /// The other side joined. The side that joins second is not told that the first is there already.
  case peerJoined
  /// The other side left.
  case peerLeft
  /// One opaque packet, 1 to 16,384 bytes.
  case packet([UInt8])
  /// The other side said goodbye with this code: 1 to 32 of `a-z0-9_-`, or the sanitised text it sent instead.
  case peerBye(code: String)
  /// The relay complained; the text is bounded and free of control characters.
  case relayError(String)
  /// The relay or the peer sent something that the protocol does not allow. It was dropped and the connection goes
  /// on; the text is bounded and free of control characters.
  case protocolViolation(String)
  /// The connection is over. Always the last event.
  case closed(RelayClosure)
}

/// Why a connection ended.
public enum RelayClosure: Sendable, Hashable {
  /// This side closed it.
  case byUs
  /// The relay closed it with a WebSocket close frame (RFC 6455, section 7.4); `code` is `nil` if it gave none.
  case byRelay(code: UInt16?, reason: String)
  /// The connection broke without a close frame, or the relay stopped answering pings. The text is libcurl's or ours.
  case lost(String)
  /// The relay broke WebSocket framing, sent a message over 96 KiB, or sent too much that was malformed.
  case relayMisbehaved(String)
  /// Events were not consumed fast enough and the bounded queue filled up.
  case consumerTooSlow
}

extension RelayClosure: CustomStringConvertible {
  /// One sentence for a log.
  public var description: String {
    switch self {
    case .byUs: "this side closed the relay connection"
    case .byRelay(let code, let reason):
      "the relay closed the connection (code \(code.map(String.init) ?? "none"))"
        + (reason.isEmpty ? "" : ": \(reason)")
    case .lost(let detail): "the relay connection was lost: \(detail)"
    case .relayMisbehaved(let detail): "the relay broke the protocol: \(detail)"
    case .consumerTooSlow: "messages arrived faster than they were consumed, so the connection was closed"
    }
  }
}
