#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Secret bits packed 64 to a word, for parities of many at a time. Wiped before it is freed.
///
/// `@unchecked Sendable`: the words are written by the initialisers and `deinit` alone.
final class ParityWords: @unchecked Sendable {
  private let words: UnsafeMutablePointer<UInt64>
  private let wordCount: Int
  private let count: Int

  private init(count: Int) {
    self.count = count
    wordCount = count / 64 + 1
    words = .allocate(capacity: wordCount)
    words.initialize(repeating: 0, count: wordCount)
  }

  /// The bits themselves: bit x mod 64 of word ⌊x/64⌋ is bit x.
  convenience init(_ bits: BitString) {
    self.init(count: bits.count)
    bits.withBytes { bytes in
      for index in 0..<count { words[index >> 6] |= UInt64(bytes[index]) << UInt64(index & 63) }
    }
  }

  /// The parities of all prefixes of the bits in permuted order: bit x is the parity of the first x of them.
  convenience init(prefixesOf bits: BitString, in order: Permutation) {
    self.init(count: bits.count)
    var carry: UInt64 = 0
    bits.withBytes { bytes in
      order.withElements { order in
        for index in 0..<wordCount {
          let first = index * 64
          var word = carry
          for position in max(1, first)..<min(first + 64, count + 1) {
            word ^= UInt64(bytes[Int(order[position - 1])]) << UInt64(position - first)
          }
          for shift: UInt64 in [1, 2, 4, 8, 16, 32] { word ^= word << shift }
          words[index] = word
          carry = word >> 63
        }
      }
    }
  }

  deinit {
    explicit_bzero(words, wordCount * MemoryLayout<UInt64>.stride)
    words.deallocate()
  }

  /// The bit at an index, 0 to the number of bits.
  subscript(index: Int) -> Bool {
    precondition(index >= 0 && index <= count, "index out of range")
    return words[index >> 6] >> UInt64(index & 63) & 1 != 0
  }

  /// The parity of the bits of a half.
  func parity(of half: RandomHalf) -> Bool {
    precondition(half.count == count, "a half of another string")
    var word: UInt64 = 0
    for (index, taken) in half.words.enumerated() { word ^= words[index] & taken }
    return word.nonzeroBitCount & 1 != 0
  }
}
