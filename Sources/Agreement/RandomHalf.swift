/// About half of the bits of a string, each taken or left by one bit of a random stream, which two machines derive alike.
///
/// Bit x is taken where bit x mod 64 of word ⌊x/64⌋ of the stream is set, least significant first. A draw that takes
/// none or all is thrown away, and the words after it are used. Any set of errors has an odd number in such a half with
/// probability ½. In the order of the half the bits taken come first, then the others, both ascending.
struct RandomHalf: Sendable, Equatable {
  /// How many bits the string has.
  let count: Int
  /// How many were taken.
  let taken: Int
  /// One bit each, least significant first; none beyond the string.
  let words: [UInt64]

  /// Draws a half of 0..<count; `count` must be at least 2.
  init(count: Int, using generator: inout some RandomNumberGenerator) {
    precondition((2...Permutation.maximumCount).contains(count), "half of a string of 2 to 65,536 bits")
    var words = [UInt64](repeating: 0, count: (count + 63) / 64)
    var taken = 0
    repeat {
      taken = 0
      for index in words.indices {
        let inside = min(64, count - index * 64)
        words[index] = generator.next() & (UInt64.max >> UInt64(64 - inside))
        taken += words[index].nonzeroBitCount
      }
    } while taken == 0 || taken == count
    self.count = count
    self.taken = taken
    self.words = words
  }

  /// Whether a bit was taken.
  func contains(_ bit: Int) -> Bool { words[bit >> 6] >> UInt64(bit & 63) & 1 != 0 }
}
