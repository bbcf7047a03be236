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

  /// The addresses asked for, with the peer's parities.
  private var addresses: [Address] = []

  private let correctionLimit: Int
  /// The parity difference of the whole strings as they are now, known once the first pass's blocks are.
  private var wholeIsOdd = false
  /// New ranges, of which some may determine bits.
  private var fresh: [(pass: Int, leaf: Int)] = []
  /// Bits whose own parity was asked for.
  private var revealed: [(bit: Int, wrong: Bool, pass: Int)] = []

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

  /// Adds a pass of shuffled bits. `blocks` are adjoining from position 0 on, with the peer's parities; what they leave
  /// of the string is one more block, whose parity follows from that of the whole.
  mutating func addPass(
    number: Int, _ permutation: Permutation, blocks: some Collection<Range<Int>>, parities: ArraySlice<Bool>
  ) {
    let pass = passes.count
    passes.append(PassPartition(number: number, order: .shuffled(permutation)))
    var passIsOdd = false
    var end = 0
    for (block, parity) in zip(blocks, parities) {
      let odd = parity != ownParity(pass: pass, block)
      passIsOdd = passIsOdd != odd
      append(block, odd: odd, pass: pass)
      end = block.upperBound
    }
    if end < bits.count {
      append(end..<bits.count, odd: passIsOdd != wholeIsOdd, pass: pass)
    } else {
      wholeIsOdd = passIsOdd
    }
  }

  /// Adds passes of random halves, with the peer's parities.
  mutating func addHalves(_ halves: [(number: Int, half: RandomHalf)], parities: ArraySlice<Bool>) {
    let words = ParityWords(bits)
    let open = openWords()
    let allOpen = open.reduce(0) { $0 + $1.nonzeroBitCount }
    for ((number, half), parity) in zip(halves, parities) {
      let odd = parity != words.parity(of: half)
      let taken = zip(half.words, open).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
      var partition = PassPartition(number: number, order: .half(half))
      partition.append(PassPartition.Leaf(start: 0, end: half.taken, open: taken, odd: odd))
      partition.append(
        PassPartition.Leaf(start: half.taken, end: half.count, open: allOpen - taken, odd: odd != wholeIsOdd))
      fresh.append((passes.count, 0))
      fresh.append((passes.count, 1))
      passes.append(partition)
    }
  }

  /// Puts the bits of a pass in order, if they are not.
  mutating func arrange(pass: Int) { passes[pass].arrange() }

  /// The range of a pass that starts at a position, by its index.
  func leaf(ofPass pass: Int, startingAt position: Int) -> Int? {
    let index = passes[pass].leaf(ofBit: passes[pass].permutation[position])
    return passes[pass].leaves[index].start == position ? index : nil
  }

  /// Whether the two sides' parities of a query differ.
  func differs(_ query: ParityQuery, pass: Int, parity: Bool) -> Bool {
    query.further.reduce(parity != ownParity(pass: pass, query.start..<query.end)) {
      $0 != ownParity(pass: pass, $1)
    }
  }

  /// Cuts a range at the given positions, with the peer's parity of every part but the last.
  mutating func split(pass: Int, leaf index: Int, at cuts: some Sequence<Int>, parities: some Sequence<Bool>) {
    let whole = passes[pass].leaves[index]
    var start = whole.start
    var rest = whole.odd
    var first = true
    for (cut, parity) in zip(cuts, parities) {
      let odd = parity != ownParity(pass: pass, start..<cut)
      if first {
        passes[pass].replace(index, by: leaf(start..<cut, odd: odd, pass: pass, address: whole.address))
        fresh.append((pass, index))
        first = false
      } else {
        append(start..<cut, odd: odd, pass: pass, address: whole.address)
      }
      rest = rest != odd
      start = cut
    }
    if !first { append(start..<whole.end, odd: rest, pass: pass, address: whole.address) }
  }

  /// Notes the answers to an address of the error in a range: its queries from the widest on.
  mutating func addAddress(
    pass: Int, leaf index: Int, queries: ArraySlice<ParityQuery>, parities: ArraySlice<Bool>
  ) {
    let leaf = passes[pass].leaves[index]
    passes[pass].setAddress(addresses.count, ofLeaf: index)
    addresses.append(
      Address(
        pass: pass, range: leaf.start..<leaf.end, parity: leaf.odd != ownParity(pass: pass, leaf.start..<leaf.end),
        queries: Array(queries),
        parities: Array(parities)))
  }

  /// Whether the bits as they are now have all parities of the addresses asked for. What else was asked is seen to by
  /// the ranges.
  var addressesFit: Bool {
    addresses.allSatisfy { address in
      zip(address.queries, address.parities).allSatisfy { !differs($0, pass: address.pass, parity: $1) }
    }
  }

  /// Where in a range of odd parity its error is, if it is the only one of the range whose address was asked for, as that
  /// address says now that others may have been corrected. `nil` where no address was asked for or there must be several.
  func addressed(pass: Int, leaf index: Int) -> Range<Int>? {
    let leaf = passes[pass].leaves[index]
    guard let index = leaf.address else { return nil }
    let address = addresses[index]
    guard address.parity != ownParity(pass: pass, address.range) else { return nil }
    var focus = address.range
    for (query, parity) in zip(address.queries, address.parities) {
      let inLeft = differs(query, pass: pass, parity: parity)
      guard let left = query.part(startingAt: focus.lowerBound) else {
        // One error in a part that is not divided further is in no left half.
        if inLeft { return nil }
        continue
      }
      focus = inLeft ? left : left.upperBound..<focus.upperBound
    }
    focus = focus.clamped(to: leaf.start..<leaf.end)
    return focus.isEmpty ? nil : focus
  }

  /// Notes whether the bit at a position is wrong; `settle` makes use of it.
  mutating func reveal(pass: Int, position: Int, wrong: Bool) {
    revealed.append((passes[pass].permutation[position], wrong, pass))
  }

  /// Determines, and corrects where needed, every bit that was revealed or is the last undetermined one of a range, and
  /// what follows.
  mutating func settle() throws(CascadeError) {
    var pending: [(pass: Int, leaf: Int)] = []
    for (pass, index) in fresh {
      let leaf = passes[pass].leaves[index]
      if leaf.open == 0, leaf.odd { throw .inconsistentAnswers }
      if leaf.open == 1 { pending.append((pass, index)) }
    }
    fresh.removeAll(keepingCapacity: true)
    for (bit, wrong, pass) in revealed where !determined[bit] {
      try determine(bit, wrong: wrong, foundIn: pass, &pending)
    }
    revealed.removeAll(keepingCapacity: true)
    while let (pass, index) = pending.popLast() {
      let leaf = passes[pass].leaves[index]
      // It may have been determined by another range since.
      guard leaf.open == 1, let bit = undeterminedBit(of: leaf, pass: pass) else { continue }
      try determine(bit, wrong: leaf.odd, foundIn: pass, &pending)
    }
  }

  private mutating func determine(
    _ bit: Int, wrong: Bool, foundIn pass: Int, _ pending: inout [(pass: Int, leaf: Int)]
  ) throws(CascadeError) {
    determined[bit] = true
    if wrong {
      guard corrected < correctionLimit else {
        throw .tooManyErrors(corrected: corrected + 1, limit: correctionLimit)
      }
      bits.flip(bit)
      corrected += 1
      wholeIsOdd.toggle()
    }
    for other in passes.indices {
      let index = passes[other].leaf(ofBit: bit)
      passes[other].close(leaf: index, corrected: wrong)
      let leaf = passes[other].leaves[index]
      if wrong, leaf.odd, other != pass, other < begun { backtracks += 1 }
      if leaf.open == 1 { pending.append((other, index)) }
      if leaf.open == 0, leaf.odd { throw .inconsistentAnswers }
    }
  }

  private mutating func append(_ range: Range<Int>, odd: Bool, pass: Int, address: Int? = nil) {
    fresh.append((pass, passes[pass].leaves.count))
    passes[pass].append(leaf(range, odd: odd, pass: pass, address: address))
  }

  private func leaf(_ range: Range<Int>, odd: Bool, pass: Int, address: Int?) -> PassPartition.Leaf {
    var open = 0
    passes[pass].permutation.withElements { order in
      determined.withUnsafeBufferPointer { determined in
        for position in range where !determined[Int(order[position])] { open += 1 }
      }
    }
    return PassPartition.Leaf(start: range.lowerBound, end: range.upperBound, open: open, odd: odd, address: address)
  }

  private func ownParity(pass: Int, _ range: Range<Int>) -> Bool {
    var parity: UInt8 = 0
    passes[pass].permutation.withElements { order in
      bits.withBytes { bytes in
        for position in range { parity ^= bytes[Int(order[position])] }
      }
    }
    return parity != 0
  }

  private func undeterminedBit(of leaf: PassPartition.Leaf, pass: Int) -> Int? {
    // Of a half that is not in order, this comes up in tiny strings only.
    let permutation = passes[pass].isArranged ? passes[pass].permutation : passes[pass].arranged().permutation
    for position in leaf.start..<leaf.end where !determined[permutation[position]] { return permutation[position] }
    return nil
  }

  /// The undetermined bits, 64 to a word, least significant first.
  private func openWords() -> [UInt64] {
    var words = [UInt64](repeating: 0, count: (bits.count + 63) / 64)
    for bit in 0..<bits.count where !determined[bit] { words[bit >> 6] |= 1 << UInt64(bit & 63) }
    return words
  }
}

/// Parities of parts of a range that tell where in it a single error is.
private struct Address: Sendable {
  var pass: Int
  var range: Range<Int>
  /// The peer's parity of the range.
  var parity: Bool
  var queries: [ParityQuery]
  var parities: [Bool]
}
