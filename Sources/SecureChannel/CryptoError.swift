/// What can go wrong in the primitives of this module, below the Noise protocol.
public enum CryptoError: Error, Equatable, Sendable {
  /// `sodium_init` failed, so no randomness and no guarded memory can be trusted.
  case libraryUnavailable
  /// The system gave no guarded memory for a secret of this many bytes.
  case outOfGuardedMemory(count: Int)
  /// The pages of a secret could not be made read-only.
  case memoryProtectionFailed
  /// An argument has the wrong length, in bytes.
  case wrongLength(of: String, expected: String, actual: Int)
  /// An X25519 result was all zero: the other side's public key has small order (RFC 7748, section 6.1).
  case allZeroSharedSecret
  /// A text is not the base64 of a secret of this many bytes.
  case malformedText(count: Int)
}

extension CryptoError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .libraryUnavailable:
      "libsodium could not be initialised; check that the kernel's random source (getrandom or /dev/urandom) works"
    case .outOfGuardedMemory(let count):
      "no guarded memory for a secret of \(count) bytes; check free memory and the sysctl vm.max_map_count"
    case .memoryProtectionFailed:
      "the pages of a secret could not be made read-only (mprotect failed); check the sysctl vm.max_map_count"
    case .wrongLength(let subject, let expected, let actual):
      "\(subject) has \(actual) bytes, expected \(expected); pass a value of that length"
    case .allZeroSharedSecret:
      "the X25519 result is all zero: the other side sent a public key of small order; end this attempt"
    case .malformedText(let count):
      "a text is not the base64 of \(count) bytes; it was damaged or changed"
    }
  }
}
