public import SecureChannel

/// What a board has of another for one purpose: how to find it, and how to know it.
public struct Acquaintance: Sendable {
  /// How far apart the two boards' clocks may be for them to find each other, seconds.
  public static let clockTolerance: Int64 = 7_200

  /// What they meet for.
  public let purpose: Purpose
  /// Which side of the handshake this board takes; the two boards never take the same. It also looks into more than one
  /// room where the day changes.
  public let role: HandshakeState.Role
  let own: KeyPair
  let remoteKey: [UInt8]
  let secrets: MeetingSecrets

  /// An acquaintance of this board.
  ///
  /// - Parameters:
  ///   - keys: this board's.
  ///   - peer: the other's.
  ///   - secret: that of their pairing.
  ///   - activity: what this board wants to do.
  public init(
    keys: IdentityKeys, peer: PublicIdentity, secret: PairingSecret, activity: Activity
  ) throws(TransferError) {
    let isLower = keys.publicIdentity.encoded.lexicographicallyPrecedes(peer.encoded)
    switch activity {
    case .send:
      purpose = .file(fromLower: isLower)
      role = .initiator
    case .receive:
      purpose = .file(fromLower: !isLower)
      role = .responder
    case .connect:
      purpose = .pipe
      role = isLower ? .initiator : .responder
    }
    own = keys.staticKey
    remoteKey = peer.staticKey
    do {
      secrets = try MeetingSecrets(secret, boards: (keys.publicIdentity, peer), purpose: purpose.label)
    } catch {
      throw .crypto(error)
    }
  }

  /// What a board wants to do.
  public enum Activity: Sendable {
    /// Send a file.
    case send
    /// Receive files.
    case receive
    /// Connect a pipe.
    case connect
  }

  /// The rooms to wait in at a time: one, and for the initiator the one of the day before or after too where the day
  /// changes within ``clockTolerance``. The responder is in one room only, so that the two are never brought together in
  /// two at once.
  ///
  /// - Parameter second: seconds since the epoch by this board's clock.
  public func rooms(atSecond second: Int64) throws(TransferError) -> [String] {
    var days = [MeetingSecrets.day(ofSecond: second)]
    if role == .initiator {
      for shift in [-Self.clockTolerance, Self.clockTolerance] {
        let day = MeetingSecrets.day(ofSecond: second &+ shift)
        if !days.contains(day) { days.append(day) }
      }
    }
    var rooms: [String] = []
    do {
      for day in days { rooms.append(try secrets.room(onDay: day)) }
    } catch {
      throw .crypto(error)
    }
    return rooms
  }
}
