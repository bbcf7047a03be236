/// The long-term public keys of a board, by which boards that have met know each other again.
public struct PublicIdentity: Sendable, Hashable {
  /// How many bytes ``encoded`` has.
  public static let encodedCount = 64

  /// The X25519 key for Noise handshakes with static keys, 32 bytes.
  public let staticKey: [UInt8]
  /// The Ed25519 key that signs, 32 bytes.
  public let signingKey: [UInt8]

  /// - Throws: ``CryptoError`` unless both have 32 bytes.
  public init(staticKey: [UInt8], signingKey: [UInt8]) throws(CryptoError) {
    for key in [staticKey, signingKey] where key.count != Sodium.keyLength {
      throw .wrongLength(of: "a public key", expected: "\(Sodium.keyLength)", actual: key.count)
    }
    self.staticKey = staticKey
    self.signingKey = signingKey
  }

  /// From ``encoded``.
  ///
  /// - Throws: ``CryptoError`` unless there are 64 bytes.
  public init(encoded: [UInt8]) throws(CryptoError) {
    guard encoded.count == Self.encodedCount else {
      throw .wrongLength(of: "a public identity", expected: "\(Self.encodedCount)", actual: encoded.count)
    }
    try self.init(
      staticKey: Array(encoded.prefix(Sodium.keyLength)), signingKey: Array(encoded.dropFirst(Sodium.keyLength)))
  }

  /// pk = X25519 key ‖ Ed25519 key: what is exchanged, signed and bound into exported keys.
  public var encoded: [UInt8] { staticKey + signingKey }

  /// 16 bytes of H("TACC2/board" ‖ pk) in hexadecimal: a short name that nobody can choose.
  public var fingerprint: String {
    Hexadecimal.text(SHA256.hash(Array("TACC2/board".utf8) + encoded).prefix(16))
  }
}
