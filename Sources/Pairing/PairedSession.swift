import SecureChannel

/// What a successful pairing yields.
public struct PairedSession: Sendable {
  /// Sealed traffic with the peer under the session keys.
  public let transport: Transport
  /// The pairing key; 32 bytes of which at least 128 bits are justified.
  public let pairingKey: SecretBytes
  /// A short fingerprint of the pairing key, for the local report: not to be published.
  public let fingerprint: String
  /// Six digits (and words) equal on both boards.
  public let sas: ShortAuthenticationString
  /// The hash of the authenticated handshake, 32 bytes, equal on both sides.
  public let handshakeHash: [UInt8]
  /// What both boards may keep, to derive keys for other programs from.
  public let pairingSecret: PairingSecret
  /// Who the other board is; `nil` unless both sides have an identity.
  public internal(set) var peer: PeerIdentity?
}
