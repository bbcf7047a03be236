internal import CSodium

/// libsodium's guarded memory, with a small store of blocks of key size.
///
/// `sodium_malloc` and `sodium_free` cost a dozen system calls and two page faults, as much time as X25519, and a
/// handshake makes some thirty keys; a block from the store costs one system call each way. Guard pages and memory
/// lock stay, and a block is zeroed before it is stored; only its canary is not checked until the system gets it back.
/// Only blocks of exactly the key size are kept, so that a secret always ends where its guard page begins.
enum GuardedMemory {
  private static let storedCount = Sodium.keyLength
  /// At two resident pages a block, at most 256 KiB with pages of 4 KiB.
  private static let maximumStored = 32
  private static let store = Locked<[Block]>([])

  /// The start of a block.
  fileprivate struct Block {
    let memory: UnsafeMutablePointer<UInt8>
  }

  /// `count` writable zero bytes, or nil if the system gives none. `Sodium.initialize` must have succeeded.
  static func allocate(count: Int) -> UnsafeMutablePointer<UInt8>? {
    if count == storedCount, let block = takeFromStore() { return block }
    guard let memory = sodium_malloc(count) else { return nil }
    let bytes = memory.bindMemory(to: UInt8.self, capacity: count)
    bytes.initialize(repeating: 0, count: count)
    return bytes
  }

  /// Makes the block read-only; false if the system refuses.
  static func protect(_ memory: UnsafeMutablePointer<UInt8>) -> Bool {
    sodium_mprotect_readonly(memory) == 0
  }

  /// Zeroes the block, whatever its protection, and keeps it for later or gives it back to the system.
  static func release(_ memory: UnsafeMutablePointer<UInt8>, count: Int) {
    guard count == storedCount, sodium_mprotect_readwrite(memory) == 0 else {
      // Makes it writable, checks the canary, zeroes, unlocks and unmaps.
      sodium_free(memory)
      return
    }
    sodium_memzero(memory, count)
    if !putIntoStore(memory) { sodium_free(memory) }
  }

  private static func takeFromStore() -> UnsafeMutablePointer<UInt8>? {
    store.withLock { $0.popLast() }?.memory
  }

  private static func putIntoStore(_ memory: UnsafeMutablePointer<UInt8>) -> Bool {
    let block = Block(memory: memory)
    return store.withLock { blocks in
      guard blocks.count < maximumStored else { return false }
      blocks.append(block)
      return true
    }
  }
}

// SAFETY: a block in the store belongs to nobody; whoever takes it out, under the lock, is its only owner.
extension GuardedMemory.Block: @unchecked Sendable {}
