#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Secret numbers that never change, in one place in memory however often they are passed on, and overwritten with zeros
/// when the last owner lets go.
///
/// `@unchecked Sendable`: the memory is written by `init` and `deinit` alone.
final class SecretValues: RandomAccessCollection, @unchecked Sendable {
  let startIndex = 0
  let endIndex: Int
  private let elements: UnsafeMutablePointer<Double>

  /// A copy of the values; the caller still has its own.
  init(_ values: some Collection<Double>) {
    let capacity = values.count
    elements = .allocate(capacity: Swift.max(capacity, 1))
    var filled = 0
    for value in values.prefix(capacity) {
      (elements + filled).initialize(to: value)
      filled += 1
    }
    endIndex = filled
  }

  deinit {
    explicit_bzero(elements, Swift.max(endIndex, 1) * MemoryLayout<Double>.stride)
    elements.deallocate()
  }

  subscript(index: Int) -> Double {
    precondition(index >= 0 && index < endIndex, "value index out of range")
    return elements[index]
  }
}
