/// One range of one pass, to be cut in `ways` parts. The parity of each but the last is asked for, in order.
struct Split: Sendable {
  /// The pass.
  var pass: Int
  /// The range, by its index among the leaves of the pass.
  var leaf: Int
  /// The number of parts.
  var ways: Int
}

/// Decides which ranges of odd error parity are split in a round, and where.
struct SplitChooser: Sendable {
  private let schedule: CascadeSchedule
  private var round = 0
  /// By bit, the last round in which a range chosen held it.
  private var chosenInRound: [Int]
  /// The positions of the undetermined bits of the range being cut, and the sums of the weights of the first so many of
  /// them. Kept here to be allocated once.
  private var openPositions: [Int]
  private var weightSums: [UInt64]

  init(schedule: CascadeSchedule) {
    self.schedule = schedule
    chosenInRound = [Int](repeating: 0, count: schedule.count)
    openPositions = [Int](repeating: 0, count: schedule.count)
    weightSums = [UInt64](repeating: 0, count: schedule.count + 1)
  }

  /// The ranges to split now, none when all are even, and the queries for their parts.
  mutating func choose(from knowledge: ParityKnowledge, queries: inout [ParityQuery]) -> [Split] {
    var odd: [(open: Int, pass: Int, leaf: Int)] = []
    for pass in 0..<knowledge.begun {
      for (index, leaf) in knowledge.passes[pass].leaves.enumerated() where leaf.odd {
        odd.append((leaf.open, pass, index))
      }
    }
    odd.sort { $0 < $1 }
    round += 1
    var splits: [Split] = []
    for (_, pass, leaf) in odd where claim(leaf, ofPass: pass, knowledge) {
      splits.append(Split(pass: pass, leaf: leaf, ways: 2))
    }
    queries.removeAll(keepingCapacity: true)
    let ways = splits.count <= schedule.threeWayLimit ? 3 : 2
    for index in splits.indices { cut(&splits[index], ways: ways, knowledge, &queries) }
    return splits
  }

  /// Claims a range for this round unless it shares an undetermined bit with one already claimed.
  private mutating func claim(_ leaf: Int, ofPass pass: Int, _ knowledge: ParityKnowledge) -> Bool {
    let range = knowledge.passes[pass].leaves[leaf]
    let permutation = knowledge.passes[pass].permutation
    for position in range.start..<range.end {
      let bit = permutation[position]
      if chosenInRound[bit] == round, !knowledge.determined[bit] { return false }
    }
    for position in range.start..<range.end { chosenInRound[permutation[position]] = round }
    return true
  }

  /// Cuts a range into `ways` parts, or as many as it has undetermined bits, that expect equally many errors.
  private mutating func cut(
    _ split: inout Split, ways: Int, _ knowledge: ParityKnowledge, _ queries: inout [ParityQuery]
  ) {
    let range = knowledge.passes[split.pass].leaves[split.leaf]
    let permutation = knowledge.passes[split.pass].permutation
    var open = 0
    var total: UInt64 = 0
    for position in range.start..<range.end {
      let bit = permutation[position]
      guard !knowledge.determined[bit] else { continue }
      openPositions[open] = position
      open += 1
      total &+= weight(ofBit: bit, otherThan: split.pass, knowledge)
      weightSums[open] = total
    }
    // At least two: an odd range with fewer was settled.
    split.ways = max(1, min(ways, open))
    var start = range.start
    var used = 0
    for part in 1..<split.ways {
      let goal = total / UInt64(split.ways) &* UInt64(part)
      // Every part keeps at least one undetermined bit.
      let fewest = used + 1
      let most = open - (split.ways - part)
      used = fewest
      while used < most, weightSums[used] < goal { used += 1 }
      if used > fewest, weightSums[used] > goal, goal &- weightSums[used - 1] < weightSums[used] &- goal { used -= 1 }
      queries.append(ParityQuery(pass: split.pass, start: start, end: openPositions[used]))
      start = openPositions[used]
    }
  }

  /// The odds that a bit is wrong, up to a common factor, as far as the first two structured passes tell: in an even
  /// range of u undetermined bits, a bit is wrong only if an odd number of the other u − 1 are; in an odd range, it is
  /// far more likely to be.
  private func weight(ofBit bit: Int, otherThan pass: Int, _ knowledge: ParityKnowledge) -> UInt64 {
    var weight: UInt64 = 1
    for other in 0..<min(schedule.structuredPasses, knowledge.begun, 2) where other != pass {
      let leaf = knowledge.passes[other].leaves[knowledge.passes[other].leaf(ofBit: bit)]
      weight &*= UInt64(leaf.odd ? 4 * schedule.blockSizes[other] : max(1, leaf.open - 1))
    }
    return weight
  }
}
