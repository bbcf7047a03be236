/// A session at the relay, as `POST /session`, the `hello` message or a room's `matched` message describes it.
///
/// Neither the code nor the identifier is a secret: whoever runs the relay knows both. The identifier only binds
/// a handshake to its session.
public struct RelaySession: Sendable, Hashable {
  /// Number of bytes of `sessionID`.
  public static let idLength = 16

  /// What a person passes to the other side: 8 characters of `ABCDEFGHJKLMNPQRSTUVWXYZ23456789`.
  public let sessionCode: String
  /// The session's identifier: 16 bytes, chosen by the relay.
  public let sessionID: [UInt8]
  /// The role taken or assigned; `nil` for a session that was created and not joined yet.
  public let role: RelayRole?
  /// When the session ends by the relay's clock, in seconds since the epoch; only `hello` and `matched` say it.
  ///
  /// A board without a battery-backed clock must not compare this with its own time.
  public let expiresAt: Double?
  /// How long the session lives from its creation; only `POST /session` says it.
  public let expiresIn: Duration?

  /// Describes a session.
  ///
  /// - Parameters:
  ///   - sessionCode: the 8-character code.
  ///   - sessionID: the identifier, 16 bytes.
  ///   - role: the role taken or assigned.
  ///   - expiresAt: seconds since the epoch by the relay's clock.
  ///   - expiresIn: life time from creation.
  public init(
    sessionCode: String, sessionID: [UInt8], role: RelayRole? = nil, expiresAt: Double? = nil,
    expiresIn: Duration? = nil
  ) {
    self.sessionCode = sessionCode
    self.sessionID = sessionID
    self.role = role
    self.expiresAt = expiresAt
    self.expiresIn = expiresIn
  }
}
