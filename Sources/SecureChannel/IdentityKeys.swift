/// The long-term keys of a board: an X25519 pair for handshakes and an Ed25519 pair for signatures.
public struct IdentityKeys: Sendable {
  /// How many bytes ``secret()`` has.
  public static let secretCount = 64

  /// The pair for Noise handshakes with static keys.
  public let staticKey: KeyPair
  /// The pair that signs.
  public let signingKey: SigningKey
  /// Both public keys.
  public let publicIdentity: PublicIdentity

  private init(staticKey: KeyPair, signingKey: SigningKey) throws(CryptoError) {
    self.staticKey = staticKey
    self.signingKey = signingKey
    publicIdentity = try PublicIdentity(staticKey: staticKey.publicKey, signingKey: signingKey.publicKey)
  }

  /// Fresh keys, independent of each other.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public static func generate() throws(CryptoError) -> IdentityKeys {
    try IdentityKeys(staticKey: KeyPair.generate(), signingKey: SigningKey.generate())
  }

  /// The keys that ``secret()`` was made of.
  ///
  /// - Throws: ``CryptoError`` unless there are 64 bytes.
  public init(secret: SecretBytes) throws(CryptoError) {
    guard secret.count == Self.secretCount else {
      throw .wrongLength(of: "the secret of an identity", expected: "\(Self.secretCount)", actual: secret.count)
    }
    let half = Sodium.keyLength
    func part(_ offset: Int) throws(CryptoError) -> SecretBytes {
      try SecretBytes(count: half) { (memory) throws(CryptoError) in
        secret.withUnsafePointer { memory.update(from: $0 + offset, count: half) }
      }
    }
    try self.init(staticKey: KeyPair(privateKey: part(0)), signingKey: SigningKey(seed: part(half)))
  }

  /// What is to be kept: the X25519 private key, then the Ed25519 seed, 64 bytes.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public func secret() throws(CryptoError) -> SecretBytes {
    let half = Sodium.keyLength
    return try SecretBytes(count: Self.secretCount) { (memory) throws(CryptoError) in
      staticKey.privateKey.withUnsafePointer { memory.update(from: $0, count: half) }
      signingKey.seed.withUnsafePointer { (memory + half).update(from: $0, count: half) }
    }
  }

  /// Whether another board's X25519 key is one that a secret can be agreed with; points of small order are none.
  public func canAgree(with other: PublicIdentity) -> Bool {
    (try? staticKey.sharedSecret(with: other.staticKey)) != nil
  }
}
