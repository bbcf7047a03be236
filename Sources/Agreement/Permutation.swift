/// A permutation of 0..<count that two machines derive alike from the same random stream.
///
/// The standard library's `shuffle` promises no algorithm, so the whole derivation is written down here:
///
/// - Each 64-bit word of the stream gives three 21-bit draws, the least significant first; its top bit is not used.
/// - A uniform index below s comes from a draw x by multiplication (Lemire, "Fast Random Integer Generation in an
///   Interval", 2019): ⌊x·s / 2²¹⌋ is the index unless x·s mod 2²¹ is below 2²¹ mod s, in which case the draw is
///   rejected and the next one is taken. No index is more likely than another.
/// - Fisher–Yates (Durstenfeld): starting from the identity, for i = count − 1 down to 1, swap the entries i and j,
///   j uniform in 0...i.
public struct Permutation: Sendable, Equatable {
  /// The most elements a permutation can have.
  public static let maximumCount = 65_536

  private let elements: [UInt16]

  /// Shuffles 0..<count with words of `generator`. `count` must be in 0...65,536.
  public init(count: Int, using generator: inout some RandomNumberGenerator) {
    precondition((0...Permutation.maximumCount).contains(count), "a permutation has 0 to 65,536 elements")
    elements = [UInt16](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = UInt16(truncatingIfNeeded: index) }
      initialized = count
      var draws = UniformDraws()
      var last = count - 1
      while last > 0 {
        buffer.swapAt(last, draws.index(below: UInt64(last + 1), using: &generator))
        last -= 1
      }
    }
  }

  /// Of no elements.
  static let empty = Permutation(elements: [])

  private init(elements: [UInt16]) { self.elements = elements }

  /// The order of a random half: the bits taken, then the others, both ascending.
  init(_ half: RandomHalf) {
    elements = [UInt16](unsafeUninitializedCapacity: half.count) { buffer, initialized in
      var next = (taken: 0, left: half.taken)
      for bit in 0..<half.count {
        if half.contains(bit) {
          buffer[next.taken] = UInt16(truncatingIfNeeded: bit)
          next.taken += 1
        } else {
          buffer[next.left] = UInt16(truncatingIfNeeded: bit)
          next.left += 1
        }
      }
      initialized = half.count
    }
  }

  /// How many elements are permuted.
  public var count: Int { elements.count }

  /// The element that stands at a position of the permuted order.
  public subscript(position: Int) -> Int { Int(elements[position]) }

  /// The elements in order, for inner loops.
  @inline(__always)
  func withElements<Result>(_ body: (UnsafeBufferPointer<UInt16>) -> Result) -> Result {
    elements.withUnsafeBufferPointer(body)
  }
}

/// Cuts a stream of 64-bit words into uniform indices.
private struct UniformDraws {
  private static let bits: UInt64 = 21
  private static let mask: UInt64 = (1 << bits) - 1

  private var word: UInt64 = 0
  private var left = 0

  @inline(__always)
  mutating func index(below bound: UInt64, using generator: inout some RandomNumberGenerator) -> Int {
    var product = draw(&generator) &* bound
    if product & Self.mask < bound {
      let threshold = (Self.mask + 1) % bound
      while product & Self.mask < threshold { product = draw(&generator) &* bound }
    }
    return Int(truncatingIfNeeded: product >> Self.bits)
  }

  @inline(__always)
  private mutating func draw(_ generator: inout some RandomNumberGenerator) -> UInt64 {
    if left == 0 {
      word = generator.next()
      left = 3
    }
    defer {
      word >>= Self.bits
      left -= 1
    }
    return word & Self.mask
  }
}
