internal import CSodium

/// BLAKE2b with 32 bytes of output and no key (RFC 7693), in pieces. A value: a copy continues on its own.
///
/// For the contents of files, where SHA-256 in software would be the slowest step; its state is not in guarded memory.
public struct BLAKE2b: Sendable {
  /// How many bytes a hash has.
  public static let hashCount = 32
  private var state = State()

  /// A hash of nothing so far.
  public init() {}

  /// Appends bytes to what is hashed.
  public mutating func update(_ bytes: some Collection<UInt8>) {
    if !isKnownUniquelyReferenced(&state) { state = State(copying: state) }
    let state = state
    let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { bytes in
      _ = crypto_generichash_update(state.pointer, bytes.baseAddress, UInt64(bytes.count))
    }
    if isContiguous == nil { update(Array(bytes)) }
  }

  /// The 32-byte hash of everything appended so far. Appending may go on afterwards.
  public func finalize() -> [UInt8] {
    let copy = State(copying: state)
    var hash = [UInt8](repeating: 0, count: Self.hashCount)
    // None of these functions has a failure to report for lengths that it allows.
    _ = crypto_generichash_final(copy.pointer, &hash, hash.count)
    return hash
  }

  /// The 32-byte hash of `bytes`.
  public static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var hash = BLAKE2b()
    hash.update(bytes)
    return hash.finalize()
  }

  /// libsodium's state, which wants an alignment that Swift gives no variable.
  ///
  /// `@unchecked Sendable` is sound because memory is written only by the initialisers and by ``update(_:)`` when nobody
  /// else has a reference.
  private final class State: @unchecked Sendable {
    private let memory: UnsafeMutableRawPointer
    var pointer: OpaquePointer { OpaquePointer(memory) }

    init() {
      memory = .allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
      _ = crypto_generichash_init(OpaquePointer(memory), nil, 0, BLAKE2b.hashCount)
    }

    init(copying other: State) {
      memory = .allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
      memory.copyMemory(from: other.memory, byteCount: crypto_generichash_statebytes())
    }

    deinit { memory.deallocate() }
  }
}

extension BLAKE2b: CustomStringConvertible, CustomReflectable {
  /// The name alone: a state could give away what was hashed.
  public var description: String { "BLAKE2b" }

  /// A mirror without children.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
