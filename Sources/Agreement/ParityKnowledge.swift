/// What Bob knows: for every pass the ranges whose parity difference he has learned, which bits are determined by them,
/// and his bits as corrected so far.
struct ParityKnowledge: Sendable {
  /// The bits as corrected so far.
  private(set) var bits: BitString
  /// How many were corrected.
  private(set) var corrected = 0
  /// How often a correction made an even range of another pass odd again.
  private(set) var backtracks = 0
  /// The passes whose block parities are known.
  private(set) var passes: [PassPartition] = []
  /// How many of the passes are searched for errors.
  private(set) var begun = 1
  /// By bit, whether the parities leave no doubt about it.
  private(set) var determined: [Bool]

  private let correctionLimit: Int
  /// The parity difference of the whole strings as they are now, known once the first pass's blocks are.
  private var wholeIsOdd = false
  /// New ranges, of which some may determine bits.
  private var fresh: [(pass: Int, leaf: Int)] = []

  init(bits: BitString, correctionLimit: Int) {
    self.bits = bits
    self.correctionLimit = correctionLimit
    determined = [Bool](repeating: false, count: bits.count)
  }

  /// Searches one pass more; `false` if all are searched already.
  mutating func beginNextPass() -> Bool {
    guard begun < passes.count else { return false }
    begun += 1
    return true
  }

  /// Adds a pass. `blocks` are adjoining from position 0 on, with the peer's parities; what they leave of the string is
  /// one more block, whose parity follows from that of the whole.
  mutating func addPass(_ permutation: Permutation, blocks: [Range<Int>], parities: ArraySlice<Bool>) {
    let pass = passes.count
    passes.append(PassPartition(permutation: permutation))
    var passIsOdd = false
    for (block, parity) in zip(blocks, parities) {
      let odd = parity != ownParity(pass: pass, block)
      passIsOdd = passIsOdd != odd
      append(block, odd: odd, pass: pass)
    }
    let end = blocks.last?.upperBound ?? 0
    if end < bits.count {
      append(end..<bits.count, odd: passIsOdd != wholeIsOdd, pass: pass)
    } else {
      wholeIsOdd = passIsOdd
    }
  }

  /// Cuts a range at the given positions, with the peer's parity of every part but the last.
  mutating func split(_ split: Split, at cuts: some Sequence<Int>, parities: ArraySlice<Bool>) {
    let whole = passes[split.pass].leaves[split.leaf]
    var start = whole.start
    var rest = whole.odd
    for (cut, parity) in zip(cuts, parities) {
      let odd = parity != ownParity(pass: split.pass, start..<cut)
      if start == whole.start {
        passes[split.pass].replace(split.leaf, by: leaf(start..<cut, odd: odd, pass: split.pass))
        fresh.append((split.pass, split.leaf))
      } else {
        append(start..<cut, odd: odd, pass: split.pass)
      }
      rest = rest != odd
      start = cut
    }
    if start > whole.start { append(start..<whole.end, odd: rest, pass: split.pass) }
  }

  /// Determines, and corrects where needed, every bit that is the last undetermined one of a range, and what follows.
  mutating func settle() throws(CascadeError) {
    var pending: [(pass: Int, leaf: Int)] = []
    for (pass, index) in fresh {
      let leaf = passes[pass].leaves[index]
      if leaf.open == 0, leaf.odd { throw .inconsistentAnswers }
      if leaf.open == 1 { pending.append((pass, index)) }
    }
    fresh.removeAll(keepingCapacity: true)
    while let (pass, index) = pending.popLast() {
      let leaf = passes[pass].leaves[index]
      // It may have been determined by another range since.
      guard leaf.open == 1, let bit = undeterminedBit(of: leaf, pass: pass) else { continue }
      determined[bit] = true
      if leaf.odd { try correct(bit, foundIn: pass) }
      for other in passes.indices {
        let index = passes[other].leaf(ofBit: bit)
        passes[other].close(leaf: index)
        let leaf = passes[other].leaves[index]
        if leaf.open == 1 { pending.append((other, index)) }
        if leaf.open == 0, leaf.odd { throw .inconsistentAnswers }
      }
    }
  }

  private mutating func correct(_ bit: Int, foundIn pass: Int) throws(CascadeError) {
    guard corrected < correctionLimit else {
      throw .tooManyErrors(corrected: corrected + 1, limit: correctionLimit)
    }
    bits.flip(bit)
    corrected += 1
    wholeIsOdd.toggle()
    for other in passes.indices {
      let index = passes[other].leaf(ofBit: bit)
      passes[other].toggle(leaf: index)
      if other != pass, other < begun, passes[other].leaves[index].odd { backtracks += 1 }
    }
  }

  private mutating func append(_ range: Range<Int>, odd: Bool, pass: Int) {
    fresh.append((pass, passes[pass].leaves.count))
    passes[pass].append(leaf(range, odd: odd, pass: pass))
  }

  private func leaf(_ range: Range<Int>, odd: Bool, pass: Int) -> PassPartition.Leaf {
    let permutation = passes[pass].permutation
    var open = 0
    for position in range where !determined[permutation[position]] { open += 1 }
    return PassPartition.Leaf(start: range.lowerBound, end: range.upperBound, open: open, odd: odd)
  }

  private func ownParity(pass: Int, _ range: Range<Int>) -> Bool {
    let permutation = passes[pass].permutation
    var parity = false
    for position in range { parity = parity != bits[permutation[position]] }
    return parity
  }

  private func undeterminedBit(of leaf: PassPartition.Leaf, pass: Int) -> Int? {
    let permutation = passes[pass].permutation
    for position in leaf.start..<leaf.end where !determined[permutation[position]] { return permutation[position] }
    return nil
  }
}
