/// An Ed25519 key pair for signatures (RFC 8032).
///
/// Signatures are deterministic. A signature of a message of ours begins with a label that says what is signed, so that
/// one never serves as another.
public struct SigningKey: Sendable {
  /// How many bytes a signature has.
  public static let signatureCount = Sodium.signatureLength

  /// The public key, 32 bytes.
  public let publicKey: [UInt8]
  /// The seed that both halves follow from, 32 bytes: the private key of RFC 8032.
  let seed: SecretBytes

  /// A fresh pair; the seed is never outside guarded memory.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public static func generate() throws(CryptoError) -> SigningKey {
    try SigningKey(seed: SecretBytes.random(count: Sodium.keyLength))
  }

  /// The pair of a known seed, for test vectors and for keys that were kept.
  ///
  /// - Throws: ``CryptoError`` unless the seed has 32 bytes.
  public init(seed: SecretBytes) throws(CryptoError) {
    try Sodium.initialize()
    guard seed.count == Sodium.keyLength else {
      throw .wrongLength(of: "an Ed25519 seed", expected: "\(Sodium.keyLength)", actual: seed.count)
    }
    self.seed = seed
    publicKey = seed.withUnsafePointer { Sodium.ed25519PublicKey(seed: $0) }
  }

  /// The signature of a message, 64 bytes.
  public func sign(_ message: [UInt8]) -> [UInt8] {
    seed.withUnsafePointer { Sodium.ed25519Sign(message, seed: $0) }
  }

  /// Whether `signature` is the owner's of `publicKey` over `message`. Keys of small order, and encodings that are not
  /// canonical, are refused, as libsodium does.
  public static func isValid(_ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]) -> Bool {
    guard signature.count == signatureCount, publicKey.count == Sodium.keyLength else { return false }
    return Sodium.ed25519Verify(signature, message, publicKey: publicKey)
  }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
  /// The public key in hexadecimal; nothing of the seed.
  public var description: String { "SigningKey(public \(Hexadecimal.text(publicKey)), seed redacted)" }

  /// The public key alone.
  public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
