import SecureChannel

/// Who this board is to the boards it pairs with.
public struct BoardIdentity: Sendable {
  /// Its long-term keys.
  public let keys: IdentityKeys
  /// What it calls itself.
  public let name: DeviceName

  /// An identity.
  public init(keys: IdentityKeys, name: DeviceName) {
    self.keys = keys
    self.name = name
  }
}

/// Who the other board is: it has proved that it holds the signing key, in this very session.
public struct PeerIdentity: Sendable, Hashable {
  /// Its long-term public keys.
  public let identity: PublicIdentity
  /// What it calls itself.
  public let name: DeviceName

  /// An identity.
  public init(identity: PublicIdentity, name: DeviceName) {
    self.identity = identity
    self.name = name
  }
}
