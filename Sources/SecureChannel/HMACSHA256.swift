/// HMAC with SHA-256 (RFC 2104, FIPS 198-1).
public enum HMACSHA256 {
  /// The 32-byte tag of `message`. Compare tags with ``constantTimeEqual(_:_:)``.
  public static func authenticate(key: SecretBytes, message: [UInt8]) -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: Sodium.hashLength)
    key.withUnsafePointer { pointer in
      Sodium.hmac(key: pointer, keyCount: key.count, into: &tag) { $0.append(message) }
    }
    return tag
  }
}
