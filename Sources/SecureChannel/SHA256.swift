internal import CSodium

/// SHA-256 (FIPS 180-4), whole or in pieces. A value: a copy continues on its own.
///
/// For public data such as transcripts; its state is not in guarded memory.
public struct SHA256: Sendable {
  private var state: crypto_hash_sha256_state

  /// A hash of nothing so far.
  public init() {
    state = crypto_hash_sha256_state()
    crypto_hash_sha256_init(&state)
  }

  /// Appends bytes to what is hashed.
  public mutating func update(_ bytes: [UInt8]) {
    crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
  }

  /// The 32-byte hash of everything appended so far. Appending may go on afterwards.
  public func finalize() -> [UInt8] {
    var copy = state
    var hash = [UInt8](repeating: 0, count: Sodium.hashLength)
    crypto_hash_sha256_final(&copy, &hash)
    return hash
  }

  /// The 32-byte hash of `bytes`.
  public static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: Sodium.hashLength)
    crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
    return hash
  }
}

extension SHA256: CustomStringConvertible, CustomReflectable {
  /// The name alone: a state could give away what was hashed.
  public var description: String { "SHA256" }

  /// A mirror without children.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
