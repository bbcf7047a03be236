#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A string of secret bits, held one bit per byte for speed, and wiped from memory when its last owner lets go.
///
/// Value semantics: a copy that is written to gets storage of its own, which is wiped in its turn.
public struct BitString: Sendable {
  private var storage: WipedBytes

  /// The empty string.
  public init() {
    storage = WipedBytes(count: 0, capacity: 0)
  }

  /// `count` zero bits.
  public init(zeros count: Int) {
    storage = WipedBytes(count: count, capacity: count)
  }

  /// The bits of a sequence, in order.
  public init(_ bits: some Sequence<Bool>) {
    self.init()
    for bit in bits { append(bit) }
  }

  /// How many bits the string holds.
  public var count: Int { storage.count }

  /// Whether it holds none.
  public var isEmpty: Bool { storage.count == 0 }

  /// The bit at `index`, which must be in `0..<count`: an index outside is a caller's bug and traps.
  public subscript(index: Int) -> Bool {
    get {
      precondition(index >= 0 && index < storage.count, "bit index out of range")
      return storage.bytes[index] != 0
    }
    set {
      precondition(index >= 0 && index < storage.count, "bit index out of range")
      makeUnique(capacity: storage.capacity)
      storage.bytes[index] = newValue ? 1 : 0
    }
  }

  /// The bits, one per byte, 0 or 1, for inner loops. The pointer is valid inside `body` only.
  @inline(__always)
  func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    withExtendedLifetime(storage) { body(UnsafePointer(storage.bytes)) }
  }

  /// Inverts the bit at `index`.
  public mutating func flip(_ index: Int) { self[index].toggle() }

  /// Adds one bit at the end.
  public mutating func append(_ bit: Bool) {
    if storage.count == storage.capacity {
      makeUnique(capacity: max(64, storage.capacity * 2), always: true)
    } else {
      makeUnique(capacity: storage.capacity)
    }
    storage.bytes[storage.count] = bit ? 1 : 0
    storage.count += 1
  }

  /// Adds all bits of another string at the end.
  public mutating func append(contentsOf other: BitString) {
    for index in 0..<other.count { append(other[index]) }
  }

  /// The number of ones.
  public var onesCount: Int { storage.reduceOnes(0..<storage.count) }

  /// The bits packed eight to a byte, most significant first, the last byte padded with zeros.
  public func packed() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (count + 7) / 8)
    for index in 0..<count where storage.bytes[index] != 0 {
      bytes[index >> 3] |= 0x80 >> UInt8(index & 7)
    }
    return bytes
  }

  /// Unpacks `count` bits from bytes packed most significant first; `nil` if the length is not ⌈count/8⌉ or a
  /// padding bit is set.
  public init?(packed bytes: [UInt8], count: Int) {
    guard count >= 0, bytes.count == count / 8 + (count % 8 == 0 ? 0 : 1) else { return nil }
    if count % 8 != 0, let last = bytes.last, last & (0xFF >> UInt8(count % 8)) != 0 { return nil }
    storage = WipedBytes(count: count, capacity: count)
    for index in 0..<count {
      storage.bytes[index] = (bytes[index >> 3] >> (7 - UInt8(index & 7))) & 1
    }
  }

  private mutating func makeUnique(capacity: Int, always: Bool = false) {
    if always || !isKnownUniquelyReferenced(&storage) {
      let copy = WipedBytes(count: storage.count, capacity: max(capacity, storage.count))
      copy.bytes.update(from: storage.bytes, count: storage.count)
      storage = copy
    }
  }
}

extension BitString: Equatable {
  /// Whether the two strings hold the same bits. Not constant-time: for tests and local bookkeeping only.
  public static func == (lhs: BitString, rhs: BitString) -> Bool {
    guard lhs.count == rhs.count else { return false }
    return (0..<lhs.count).allSatisfy { lhs.storage.bytes[$0] == rhs.storage.bytes[$0] }
  }
}

extension BitString: CustomStringConvertible, CustomReflectable {
  /// Says the length only: the bits are secret.
  public var description: String { "BitString(\(count) bits, redacted)" }
  /// Hides the storage from `dump` and string interpolation.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A heap buffer that is overwritten with zeros before it is freed.
///
/// `@unchecked Sendable`: it is only mutated through `BitString`, which makes it unique first, so no two threads ever
/// see one instance while it changes.
private final class WipedBytes: @unchecked Sendable {
  let bytes: UnsafeMutablePointer<UInt8>
  let capacity: Int
  var count: Int

  init(count: Int, capacity: Int) {
    self.count = count
    self.capacity = capacity
    bytes = .allocate(capacity: max(capacity, 1))
    bytes.initialize(repeating: 0, count: max(capacity, 1))
  }

  deinit {
    explicit_bzero(bytes, max(capacity, 1))
    bytes.deallocate()
  }

  func reduceOnes(_ range: Range<Int>) -> Int {
    var ones = 0
    for index in range { ones += Int(bytes[index]) }
    return ones
  }
}
