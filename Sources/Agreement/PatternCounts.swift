/// How often each bit followed each pattern of 1 to `depth` bits.
struct PatternCounts {
  private let counts: WipedScratch<Int32>

  init(depth: Int) {
    // The patterns of order d take the places 2^d ..< 2^(d+1), two counts each.
    counts = WipedScratch(repeating: 0, count: 4 << depth)
  }

  @inline(__always)
  private func place(_ pattern: Int, _ order: Int) -> Int { 2 * (1 << order | pattern & ((1 << order) - 1)) }

  /// The commoner successor of the last `order` bits of `pattern` (1 if both are equally common) and its count; `nil`
  /// if the pattern was never seen.
  @inline(__always)
  func guess(after pattern: Int, order: Int) -> (bit: Int, count: Int)? {
    let place = place(pattern, order)
    let (zeros, ones) = (counts[place], counts[place + 1])
    if zeros == 0 && ones == 0 { return nil }
    return ones >= zeros ? (1, Int(ones)) : (0, Int(zeros))
  }

  /// Counts `bit` after the last `order` bits of `pattern`; a pattern not seen before is only entered if `mayGrow`.
  ///
  /// - Returns: whether a new pattern was entered.
  @inline(__always)
  func add(_ bit: Int, after pattern: Int, order: Int, mayGrow: Bool = true) -> Bool {
    let place = place(pattern, order)
    let isNew = counts[place] == 0 && counts[place + 1] == 0
    if isNew && !mayGrow { return false }
    counts[place + bit] &+= 1
    return isNew
  }
}
