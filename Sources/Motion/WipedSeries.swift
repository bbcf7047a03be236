#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A series of secret numbers, wiped from memory when its last owner lets go.
///
/// Value semantics: a copy that is written to gets storage of its own, which is wiped in its turn, and so is the storage
/// that a growing series leaves behind. Indices count from 0.
public struct WipedSeries<Element: BitwiseCopyable & Sendable>: Sendable {
  private var storage: WipedStorage<Element>

  /// An empty series with room for `capacity` elements.
  public init(reserving capacity: Int = 0) {
    storage = WipedStorage(capacity: capacity)
  }

  /// `count` times `value`.
  public init(repeating value: Element, count: Int) {
    storage = WipedStorage(capacity: count)
    if count > 0 { storage.elements.initialize(repeating: value, count: count) }
    storage.count = Swift.max(count, 0)
  }

  /// The elements of a collection, which keeps its own copy.
  public init(_ elements: some Collection<Element>) {
    self.init(reserving: elements.count)
    for element in elements { append(element) }
  }

  /// Adds one element at the end.
  public mutating func append(_ element: Element) {
    makeUnique(capacity: storage.count + 1)
    (storage.elements + storage.count).initialize(to: element)
    storage.count += 1
  }

  /// Adds the elements of another series at the end.
  public mutating func append(contentsOf other: WipedSeries<Element>) {
    makeUnique(capacity: storage.count + other.count)
    (storage.elements + storage.count).initialize(from: other.storage.elements, count: other.count)
    storage.count += other.count
  }

  /// Takes the first element away; there must be one.
  public mutating func removeFirst() {
    precondition(storage.count > 0, "nothing to remove")
    makeUnique(capacity: storage.count)
    storage.elements.update(from: storage.elements + 1, count: storage.count - 1)
    storage.count -= 1
  }

  /// A series of the images of the elements.
  func mapSeries<Image: BitwiseCopyable & Sendable>(_ transform: (Element) -> Image) -> WipedSeries<Image> {
    var images = WipedSeries<Image>(reserving: count)
    for element in self { images.append(transform(element)) }
    return images
  }

  private mutating func makeUnique(capacity: Int) {
    let isUnique = isKnownUniquelyReferenced(&storage)
    if isUnique, capacity <= storage.capacity { return }
    let room = capacity <= storage.capacity ? storage.capacity : Swift.max(capacity, 2 * storage.capacity)
    let copy = WipedStorage<Element>(capacity: room)
    copy.elements.initialize(from: storage.elements, count: storage.count)
    copy.count = storage.count
    storage = copy
  }
}

extension WipedSeries: RandomAccessCollection, MutableCollection {
  /// 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { storage.count }

  /// The element at `index`, which must be in `0..<count`: an index outside is a caller's bug and traps.
  public subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < storage.count, "index out of range")
      return storage.elements[index]
    }
    set {
      precondition(index >= 0 && index < storage.count, "index out of range")
      makeUnique(capacity: storage.count)
      storage.elements[index] = newValue
    }
  }
}

extension WipedSeries: CustomStringConvertible, CustomReflectable {
  /// Says the length only: the numbers are secret.
  public var description: String { "WipedSeries(\(count) elements, redacted)" }
  /// Hides the storage from `dump` and string interpolation.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A heap buffer that is overwritten with zeros before it is freed.
///
/// `@unchecked Sendable`: it is only mutated through `WipedSeries`, which makes it unique first, so no two threads ever
/// see one instance while it changes.
private final class WipedStorage<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  let elements: UnsafeMutablePointer<Element>
  let capacity: Int
  var count = 0

  init(capacity: Int) {
    self.capacity = Swift.max(capacity, 0)
    elements = .allocate(capacity: Swift.max(capacity, 1))
  }

  deinit {
    explicit_bzero(elements, Swift.max(capacity, 1) * MemoryLayout<Element>.stride)
    elements.deallocate()
  }
}

/// Zeroes the vectors of an array in place, in a way that the optimiser does not remove.
func wipeSamples(_ samples: inout [SIMD3<Double>]) {
  samples.withUnsafeMutableBytes { bytes in
    guard let start = bytes.baseAddress else { return }
    explicit_bzero(start, bytes.count)
  }
}
