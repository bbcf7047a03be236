/// Remembers codes that were given out, so that none is given out again.
///
/// Memory is the same from the first code on: two bitmaps of four bits for each code of a generation. A code sets the bit
/// that its low, random bits name, so one that was given out is always recognised. Now and then one that was not is
/// taken for it, which costs another draw; no more than half of all bits are ever set, so two draws are enough on average.
/// When a generation is full, the one before it is dropped. So at least the last `generation` codes are never repeated,
/// and an older one only by the chance that its random bits are drawn again.
struct UsedCodes: Sendable {
  private let generation: Int
  /// Words of a bitmap: a power of two.
  private let words: Int
  private var count = 0
  private var younger: [UInt64] = []
  private var older: [UInt64] = []

  init(generation: Int = 1 << 20) {
    self.generation = max(1, generation)
    var words = 1
    while words * UInt64.bitWidth < 4 * self.generation { words *= 2 }
    self.words = words
  }

  /// Bytes it takes.
  var byteCount: Int { (younger.count + older.count) * MemoryLayout<UInt64>.size }

  /// Whether `code` may have been given out; never `false` for one of the last `generation`.
  func contains(_ code: SessionCode) -> Bool {
    guard !younger.isEmpty else { return false }
    let (word, bit) = place(of: code)
    return (younger[word] | older[word]) & bit != 0
  }

  mutating func insert(_ code: SessionCode) {
    if younger.isEmpty {
      younger = Array(repeating: 0, count: words)
      older = Array(repeating: 0, count: words)
    } else if count >= generation {
      swap(&younger, &older)
      for word in younger.indices { younger[word] = 0 }
      count = 0
    }
    let (word, bit) = place(of: code)
    younger[word] |= bit
    count += 1
  }

  private func place(of code: SessionCode) -> (word: Int, bit: UInt64) {
    (Int(code.bits >> 6) & (words - 1), 1 << (code.bits & 63))
  }
}
