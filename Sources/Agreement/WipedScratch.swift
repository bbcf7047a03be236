#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Working memory for figures derived from secret bits, overwritten with zeros before it is freed.
///
/// A reference type without locks: it never leaves the function that made it, so it is deliberately not `Sendable`.
/// Indices are the program's own, never a peer's; debug builds check them.
package final class WipedScratch<Element: BitwiseCopyable> {
  package let count: Int
  private let elements: UnsafeMutablePointer<Element>

  package init(repeating value: Element, count: Int) {
    self.count = max(count, 0)
    elements = .allocate(capacity: max(count, 1))
    elements.initialize(repeating: value, count: max(count, 1))
  }

  deinit {
    explicit_bzero(elements, max(count, 1) * MemoryLayout<Element>.stride)
    elements.deallocate()
  }

  @inline(__always)
  package subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count, "scratch index out of range")
      return elements[index]
    }
    set {
      assert(index >= 0 && index < count, "scratch index out of range")
      elements[index] = newValue
    }
  }

  /// The elements as one pointer, for inner loops of an object that holds on to this scratch meanwhile.
  @inline(__always)
  package var pointer: UnsafeMutablePointer<Element> { elements }
}

extension BitString {
  /// The bits, one per byte, in memory that is wiped like the string itself.
  func unpackedScratch() -> WipedScratch<UInt8> {
    let scratch = WipedScratch<UInt8>(repeating: 0, count: count)
    for index in 0..<count where self[index] { scratch[index] = 1 }
    return scratch
  }
}
