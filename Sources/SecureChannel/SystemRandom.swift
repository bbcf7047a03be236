/// The operating system's random source, by way of libsodium.
public enum SystemRandom {
  /// `count` random bytes, for what is public in the end: nonces, session identifiers. A secret is better made by
  /// ``SecretBytes/random(count:)``, which keeps it out of ordinary memory.
  ///
  /// - Throws: ``CryptoError`` when libsodium cannot be initialised or `count` is negative.
  public static func bytes(count: Int) throws(CryptoError) -> [UInt8] {
    try Sodium.initialize()
    guard count >= 0 else { throw .wrongLength(of: "a random string", expected: "zero or more", actual: count) }
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      Sodium.fillWithRandomBytes(start, count: count)
    }
    return bytes
  }
}
