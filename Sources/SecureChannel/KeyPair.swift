/// An X25519 key pair (RFC 7748).
public struct KeyPair: Sendable {
  /// The public key, 32 bytes.
  public let publicKey: [UInt8]
  /// The private key, 32 bytes; clamped only when used.
  let privateKey: SecretBytes

  /// A fresh pair; the private key is never outside guarded memory.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public static func generate() throws(CryptoError) -> KeyPair {
    try KeyPair(privateKey: SecretBytes.random(count: Sodium.keyLength))
  }

  /// The pair of a known private key, for test vectors and for keys made elsewhere.
  ///
  /// - Throws: ``CryptoError`` unless the key has 32 bytes.
  public init(privateKey: SecretBytes) throws(CryptoError) {
    try Sodium.initialize()
    guard privateKey.count == Sodium.keyLength else {
      throw .wrongLength(of: "an X25519 private key", expected: "\(Sodium.keyLength)", actual: privateKey.count)
    }
    self.privateKey = privateKey
    publicKey = privateKey.withUnsafePointer { Sodium.x25519PublicKey(privateKey: $0) }
  }

  /// The shared secret with another's public key, 32 bytes.
  ///
  /// - Throws: ``CryptoError/allZeroSharedSecret`` for a public key of small order.
  func sharedSecret(with otherPublicKey: [UInt8]) throws(CryptoError) -> SecretBytes {
    guard otherPublicKey.count == Sodium.keyLength else {
      throw .wrongLength(of: "an X25519 public key", expected: "\(Sodium.keyLength)", actual: otherPublicKey.count)
    }
    return try SecretBytes(count: Sodium.keyLength) { (output) throws(CryptoError) in
      try privateKey.withUnsafePointer { (key) throws(CryptoError) in
        try Sodium.x25519(privateKey: key, publicKey: otherPublicKey, into: output)
      }
    }
  }
}

extension KeyPair: CustomStringConvertible, CustomReflectable {
  /// The public key in hexadecimal; nothing of the private key.
  public var description: String {
    "KeyPair(public \(Hexadecimal.text(publicKey)), private key redacted)"
  }

  /// The public key alone.
  public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
