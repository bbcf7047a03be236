internal import CSodium

/// A secret of fixed length in libsodium's guarded memory.
///
/// The bytes lie between inaccessible pages, are locked into RAM where the memory lock limit allows it, cannot be
/// written once they are there, and are zeroed when the last reference goes. They show up in no description, no
/// string interpolation and no `dump`. Copying the reference copies no bytes.
public final class SecretBytes {
  /// How many bytes the secret has.
  public let count: Int
  private let storage: UnsafeMutablePointer<UInt8>

  /// Allocates `count` bytes, lets `body` write them (they begin as zeros), and makes them read-only.
  init(count: Int, initializingWith body: (UnsafeMutablePointer<UInt8>) throws(CryptoError) -> Void)
    throws(CryptoError)
  {
    try Sodium.initialize()
    guard count >= 0 else { throw .wrongLength(of: "a secret", expected: "zero or more", actual: count) }
    guard let memory = GuardedMemory.allocate(count: count) else { throw .outOfGuardedMemory(count: count) }
    do {
      try body(memory)
    } catch {
      GuardedMemory.release(memory, count: count)
      throw error
    }
    guard GuardedMemory.protect(memory) else {
      GuardedMemory.release(memory, count: count)
      throw .memoryProtectionFailed
    }
    self.count = count
    self.storage = memory
  }

  deinit {
    GuardedMemory.release(storage, count: count)
  }

  /// Copies `bytes` into guarded memory. The caller still has its own copy; see ``wipe(_:)`` and ``init(moving:)``.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public convenience init(copying bytes: [UInt8]) throws(CryptoError) {
    try self.init(count: bytes.count) { (memory) throws(CryptoError) in
      memory.update(from: bytes, count: bytes.count)
    }
  }

  /// Copies `bytes` into guarded memory and zeroes the array, also when there is no guarded memory.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public convenience init(moving bytes: inout [UInt8]) throws(CryptoError) {
    defer { wipe(&bytes) }
    try self.init(copying: bytes)
  }

  /// `count` fresh bytes from the system's random source, that were never anywhere but in guarded memory.
  ///
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public static func random(count: Int) throws(CryptoError) -> SecretBytes {
    try SecretBytes(count: count) { (memory) throws(CryptoError) in
      Sodium.fillWithRandomBytes(memory, count: count)
    }
  }

  /// Calls `body` with a copy of the secret in an ordinary array, and zeroes that copy afterwards.
  ///
  /// This is the one way out of guarded memory. `body` must not keep the array: what it keeps is not zeroed.
  public func withExposedBytes<Result, Failure: Error>(
    _ body: ([UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var exposed = [UInt8](UnsafeBufferPointer(start: storage, count: count))
    defer { wipe(&exposed) }
    return try body(exposed)
  }
}

// SAFETY: both stored properties are constants; the memory is written only inside the initialiser, before any other
// thread can hold a reference, and is read-only at the level of the MMU from then on; only `deinit`, which runs once
// and after every use, changes it again.
extension SecretBytes: @unchecked Sendable {}

extension SecretBytes: ByteSource {
  func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafePointer(storage))
  }

  /// The bytes in place, for this module only; valid only during `body`.
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withExtendedLifetime(self) { body(UnsafeRawBufferPointer(start: storage, count: count)) }
  }
}

extension SecretBytes: Equatable {
  /// Whether two secrets are the same, in a time that depends only on their lengths, which are not secret.
  public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafePointer { a in
      right.withUnsafePointer { b in sodium_memcmp(a, b, left.count) == 0 }
    }
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The length alone.
  public var description: String { "SecretBytes(\(count) bytes, redacted)" }

  /// The length alone.
  public var debugDescription: String { description }

  /// A mirror without children, so that `dump` and debuggers' default summaries show nothing.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
