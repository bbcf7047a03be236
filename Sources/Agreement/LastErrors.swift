/// Finds the last one or two errors from what all passes say together.
///
/// Every pass, searched yet or not, says which of its ranges hold an odd number of errors, and every random half one
/// bit about all bits at once. While many errors are left, that fits too many sets of bits to be of use; but few single
/// bits or pairs fit, so that as soon as no more errors are left, asking for these few ends the search. What verification
/// discloses in any case so spares the last searches.
struct LastErrors: Sendable {
  /// A bit, or two, by their positions in one pass.
  struct Candidate: Sendable, Equatable {
    var pass: Int
    var first: Int
    var second: Int?
  }

  /// By bit, which halves hold it.
  private var signatures: [UInt32] = []
  private var halves = 0
  /// The first place in the table of each hash, and the next after each place; −1 for none.
  private var heads: [Int32] = []
  private var next: [Int32] = []

  /// The single bits or pairs that would explain all parities; `nil` if that takes more errors, or more than `limit` fit.
  mutating func find(in knowledge: ParityKnowledge, structured: Int, limit: Int) -> [Candidate]? {
    let passes = knowledge.passes
    guard let odd = passes.first?.oddLeaves, odd <= 2 else { return nil }
    for pass in passes where pass.oddLeaves > 2 || pass.oddLeaves & 1 != odd & 1 { return nil }
    prepare(passes[structured...], count: knowledge.determined.count)
    let target = passes[structured...].enumerated().reduce(UInt32(0)) {
      $0 | ($1.element.halfIsOdd ? 1 << UInt32($1.offset) : 0)
    }
    var best: (open: Int, pass: Int, leaves: [PassPartition.Leaf])?
    for (index, pass) in passes[..<structured].enumerated() where pass.oddLeaves > 0 {
      let leaves = pass.leaves.filter(\.odd)
      let open = leaves.reduce(0) { $0 + $1.open }
      if best.map({ open < $0.open }) ?? true { best = (open, index, leaves) }
    }
    guard let (_, pass, leaves) = best else {
      return pairsInOneRange(knowledge, structured: structured, target: target, limit: limit)
    }
    return leaves.count == 1
      ? singles(knowledge, pass: pass, leaf: leaves[0], target: target, limit: limit)
      : pairs(knowledge, pass: pass, leaves[0], leaves[1], target: target, limit: limit)
  }

  private func singles(
    _ knowledge: ParityKnowledge, pass: Int, leaf: PassPartition.Leaf, target: UInt32, limit: Int
  ) -> [Candidate]? {
    var found: [Candidate] = []
    let permutation = knowledge.passes[pass].permutation
    for position in leaf.start..<leaf.end {
      let bit = permutation[position]
      guard signatures[bit] == target, !knowledge.determined[bit],
        knowledge.passes.allSatisfy({ $0.leaves[$0.leaf(ofBit: bit)].odd })
      else { continue }
      guard found.count < limit else { return nil }
      found.append(Candidate(pass: pass, first: position))
    }
    return found
  }

  /// One bit of each of two ranges.
  private mutating func pairs(
    _ knowledge: ParityKnowledge, pass: Int, _ one: PassPartition.Leaf, _ other: PassPartition.Leaf, target: UInt32,
    limit: Int
  ) -> [Candidate]? {
    let permutation = knowledge.passes[pass].permutation
    clear(places: one.end - one.start)
    for position in one.start..<one.end where !knowledge.determined[permutation[position]] {
      insert(position - one.start, key: UInt64(signatures[permutation[position]]))
    }
    var found: [Candidate] = []
    for position in other.start..<other.end where !knowledge.determined[permutation[position]] {
      let bit = permutation[position]
      var place = heads[LastErrors.slot(UInt64(signatures[bit] ^ target))]
      while place >= 0 {
        let partner = permutation[one.start + Int(place)]
        if signatures[partner] == signatures[bit] ^ target, fits(bit, partner, knowledge.passes) {
          guard found.count < limit else { return nil }
          found.append(Candidate(pass: pass, first: one.start + Int(place), second: position))
        }
        place = next[Int(place)]
      }
    }
    return found
  }

  /// Two bits that share a range in every structured pass.
  private mutating func pairsInOneRange(
    _ knowledge: ParityKnowledge, structured: Int, target: UInt32, limit: Int
  ) -> [Candidate]? {
    let permutation = knowledge.passes[0].permutation
    clear(places: permutation.count)
    var found: [Candidate] = []
    for position in 0..<permutation.count {
      let bit = permutation[position]
      guard !knowledge.determined[bit] else { continue }
      var ranges: UInt64 = 0
      for pass in knowledge.passes[..<structured] {
        ranges = (ranges &+ UInt64(pass.leaf(ofBit: bit) + 1)) &* 0x9E37_79B9_7F4A_7C15
      }
      var place = heads[LastErrors.slot(ranges ^ UInt64(signatures[bit] ^ target))]
      while place >= 0 {
        let partner = permutation[Int(place)]
        if signatures[partner] == signatures[bit] ^ target, fits(bit, partner, knowledge.passes) {
          guard found.count < limit else { return nil }
          found.append(Candidate(pass: 0, first: Int(place), second: position))
        }
        place = next[Int(place)]
      }
      insert(position, key: ranges ^ UInt64(signatures[bit]))
    }
    return found
  }

  /// Whether in every pass exactly those ranges are odd that hold one of the two.
  private func fits(_ one: Int, _ other: Int, _ passes: [PassPartition]) -> Bool {
    passes.allSatisfy { pass in
      let (first, second) = (pass.leaf(ofBit: one), pass.leaf(ofBit: other))
      return first == second
        ? pass.oddLeaves == 0 : pass.oddLeaves == 2 && pass.leaves[first].odd && pass.leaves[second].odd
    }
  }

  private mutating func prepare(_ passes: ArraySlice<PassPartition>, count: Int) {
    guard halves != passes.count || signatures.isEmpty else { return }
    halves = passes.count
    signatures = [UInt32](repeating: 0, count: count)
    for (index, pass) in passes.enumerated() { pass.mark(UInt32(index), in: &signatures) }
  }

  private mutating func clear(places: Int) {
    heads.removeAll(keepingCapacity: true)
    heads.append(contentsOf: repeatElement(-1, count: 1024))
    next.removeAll(keepingCapacity: true)
    next.append(contentsOf: repeatElement(-1, count: places))
  }

  private mutating func insert(_ place: Int, key: UInt64) {
    let slot = LastErrors.slot(key)
    next[place] = heads[slot]
    heads[slot] = Int32(truncatingIfNeeded: place)
  }

  private static func slot(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: ((key ^ (key >> 29)) &* 0xD6E8_FEB8_6659_FD93) >> 54)
  }
}
