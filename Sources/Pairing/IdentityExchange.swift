import SecureChannel

/// How two boards tell each other who they are, once both have confirmed the session keys: first keys and names, then a
/// signature each, inside the inner channel, so that nobody but the paired board sees anything of it.
///
/// Identity = pk ‖ length of the name (1 byte) ‖ name, zero-padded to 64 bytes; pk is ``PublicIdentity/encoded``. The
/// length of a message tells nothing of the name.
///
/// Proof of side X = Ed25519("TACC2/id" ‖ X ‖ h_inner ‖ pk_A ‖ pk_B): it holds for this session, these two boards and this
/// role only. The X25519 key is vouched for by the signature; that its private half is there shows when it is used.
struct IdentityExchange: Sendable {
  static let identityCount = PublicIdentity.encodedCount + 1 + DeviceName.maximumCount

  private let own: BoardIdentity
  private let role: PairingRole
  private let handshakeHash: [UInt8]
  private var peer: PeerIdentity?

  init(own: BoardIdentity, role: PairingRole, handshakeHash: [UInt8]) {
    self.own = own
    self.role = role
    self.handshakeHash = handshakeHash
  }

  /// The first message.
  var identity: [UInt8] {
    let name = Array(own.name.text.utf8)
    return own.keys.publicIdentity.encoded + [UInt8(name.count)] + name
      + [UInt8](repeating: 0, count: DeviceName.maximumCount - name.count)
  }

  /// Takes the peer's first message.
  ///
  /// - Returns: the second message.
  mutating func receive(identity message: [UInt8]) throws(AbortReason) -> [UInt8] {
    guard peer == nil else { throw .unexpectedMessage("a second identity") }
    var reader = ByteReader(message)
    let encoded = try reader.read(PublicIdentity.encodedCount)
    let count = Int(try reader.read(UInt8.self))
    let padded = try reader.read(DeviceName.maximumCount)
    try reader.end()
    guard count <= padded.count, padded.dropFirst(count).allSatisfy({ $0 == 0 }),
      let text = String(validating: padded.prefix(count), as: UTF8.self), let name = DeviceName(text)
    else { throw .malformed("a device name that is none") }
    let identity: PublicIdentity
    do { identity = try PublicIdentity(encoded: encoded) } catch { throw .malformed("\(error)") }
    let mine = own.keys.publicIdentity
    guard identity.staticKey != mine.staticKey, identity.signingKey != mine.signingKey else { throw .sameIdentity }
    guard own.keys.canAgree(with: identity) else { throw .malformed("a static key of small order") }
    peer = PeerIdentity(identity: identity, name: name)
    return own.keys.signingKey.sign(statement(of: role, peer: identity))
  }

  /// Takes the peer's second message.
  ///
  /// - Returns: who the peer is.
  func receive(proof message: [UInt8]) throws(AbortReason) -> PeerIdentity {
    guard let peer else { throw .unexpectedMessage("a proof of no identity") }
    guard
      SigningKey.isValid(
        message, of: statement(of: role.peer, peer: peer.identity), by: peer.identity.signingKey)
    else { throw .identityProof }
    return peer
  }

  /// What a side signs.
  private func statement(of side: PairingRole, peer: PublicIdentity) -> [UInt8] {
    let mine = own.keys.publicIdentity.encoded
    let keys = role == .alice ? mine + peer.encoded : peer.encoded + mine
    return ascii("TACC2/id") + [side.byte] + handshakeHash + keys
  }
}
