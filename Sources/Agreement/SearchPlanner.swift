/// A step in the search for an error in a range of odd error parity.
struct Search: Sendable {
  /// What is asked.
  enum Step: Sendable, Equatable {
    /// The parities of adjoining parts of the range, all but the last.
    case parts
    /// The address, bit by bit, of the only error that the focus is taken to hold.
    case address
    /// Single bits of the focus.
    case bits
  }

  /// The pass.
  var pass: Int
  /// The range, by its index among the leaves of the pass.
  var leaf: Int
  /// Where in the range the error is looked for: all of it, or where an address says.
  var focus: Range<Int>
  /// What is asked now.
  var step = Step.parts
  /// How many queries that takes.
  var queries = 0
}

/// Decides which ranges of odd error parity are searched in a round, and what is asked.
///
/// Many searches at a time bisect their ranges: every answer is worth a bit, and a round serves all. Of few at a time,
/// most of which wait for each other, every level of the bisection would cost a round trip; they ask for the whole address
/// of the error at once. Level by level, one query takes the left halves of all parts together, so that u bits take log₂ u
/// parities, as in a bisection. That supposes a single error; three in a range make an address up, so the bits that remain
/// are asked for by themselves in the next round. The one parity that costs is what the round trips are bought with.
struct SearchPlanner: Sendable {
  /// In place of an address, all parts of a range of at most this many undetermined bits: no more parities, and exact.
  private static let exactBits = 5
  /// The longest range whose address is asked for; its widest query takes half as many ranges.
  private static let longestAddressed = 2048
  /// The most bits asked for where an address leaves that many.
  private static let mostSingleBits = 3
  /// Last errors are asked for if there are at most so many possibilities.
  private static let mostCandidates = 2

  private let schedule: CascadeSchedule
  private var lastErrors = LastErrors()
  private var round = 0
  /// By bit, the last round in which a range chosen held it.
  private var chosenInRound: [Int32]
  /// The positions of the undetermined bits of the focus, and the sums of the weights of the first so many of them. Kept
  /// here to be allocated once.
  private var openPositions: [Int]
  private var weightSums: [UInt64]
  /// The parts of the focus as ranges of open bits.
  private var parts: [Range<Int>] = []
  private var odd: [(open: Int, pass: Int, leaf: Int)] = []

  init(schedule: CascadeSchedule) {
    self.schedule = schedule
    chosenInRound = [Int32](repeating: 0, count: schedule.count)
    openPositions = [Int](repeating: 0, count: schedule.count + 1)
    weightSums = [UInt64](repeating: 0, count: schedule.count + 1)
  }

  /// The searches of this round, none when all ranges are even, and their queries.
  mutating func plan(_ knowledge: inout ParityKnowledge, queries: inout [ParityQuery]) -> [Search] {
    queries.removeAll(keepingCapacity: true)
    round += 1
    odd.removeAll(keepingCapacity: true)
    for pass in 0..<knowledge.begun where knowledge.passes[pass].oddLeaves > 0 {
      for (index, leaf) in knowledge.passes[pass].leaves.enumerated() where leaf.odd {
        odd.append((leaf.open, pass, index))
      }
    }
    if schedule.findsLastErrors, !odd.isEmpty {
      let searches = askLast(knowledge, &queries)
      if !searches.isEmpty { return searches }
    }
    odd.sort { $0 < $1 }
    var searches: [Search] = []
    // Where an address is known, the few bits it names are all that a search is about.
    for index in odd.indices {
      let (_, pass, leaf) = odd[index]
      guard let focus = knowledge.addressed(pass: pass, leaf: leaf), focus.count <= SearchPlanner.longestAddressed
      else { continue }
      let open = gather(focus, of: pass, knowledge)
      guard open > 0, open <= SearchPlanner.mostSingleBits else { continue }
      odd[index].open = 0
      if claim(focus, ofPass: pass, &knowledge) {
        searches.append(Search(pass: pass, leaf: leaf, focus: focus, step: .bits))
      }
    }
    for (open, pass, index) in odd where open > 0 {
      // A range that holds a good part of all bits shares some with any other.
      let leaf = knowledge.passes[pass].leaves[index]
      guard open <= schedule.count / 4 || searches.isEmpty,
        claim(leaf.start..<leaf.end, ofPass: pass, &knowledge)
      else { continue }
      searches.append(Search(pass: pass, leaf: index, focus: leaf.start..<leaf.end))
    }
    let byAddress = searches.count <= schedule.addressLimit
    for index in searches.indices { ask(&searches[index], byAddress: byAddress, knowledge, &queries) }
    return searches
  }

  /// Asks for the bits that may be the last errors, if they are few.
  private mutating func askLast(_ knowledge: ParityKnowledge, _ queries: inout [ParityQuery]) -> [Search] {
    let candidates =
      lastErrors.find(
        in: knowledge, structured: schedule.structuredPasses, limit: SearchPlanner.mostCandidates) ?? []
    var asked: Set<Int> = []
    return candidates.map { candidate in
      var search = Search(pass: candidate.pass, leaf: 0, focus: candidate.first..<candidate.first + 1, step: .bits)
      for position in [candidate.first, candidate.second ?? candidate.first] where asked.insert(position).inserted {
        queries.append(
          ParityQuery(pass: knowledge.passes[candidate.pass].number, start: position, end: position + 1))
        search.queries += 1
      }
      return search
    }
  }

  /// Claims a range for this round unless it shares an undetermined bit with one already claimed.
  private mutating func claim(
    _ range: Range<Int>, ofPass pass: Int, _ knowledge: inout ParityKnowledge
  ) -> Bool {
    knowledge.arrange(pass: pass)
    let round = Int32(truncatingIfNeeded: round)
    return knowledge.passes[pass].permutation.withElements { order in
      for position in range {
        let bit = Int(order[position])
        if chosenInRound[bit] == round, !knowledge.determined[bit] { return false }
      }
      for position in range { chosenInRound[Int(order[position])] = round }
      return true
    }
  }

  /// Chooses the step of a search, and asks.
  private mutating func ask(
    _ search: inout Search, byAddress: Bool, _ knowledge: ParityKnowledge, _ queries: inout [ParityQuery]
  ) {
    let before = queries.count
    let number = knowledge.passes[search.pass].number
    defer { search.queries = queries.count - before }
    let open = gather(search.focus, of: search.pass, knowledge)
    if search.step == .bits {
      for position in openPositions[..<open] {
        queries.append(ParityQuery(pass: number, start: position, end: position + 1))
      }
      return
    }
    // A large half is odd here only when too many errors are left to be found by what all passes say together: several
    // are in it as likely as one. A quarter mostly has one.
    let longest =
      search.pass < schedule.structuredPasses
      ? SearchPlanner.longestAddressed : min(SearchPlanner.longestAddressed, schedule.count / 6)
    switch open {
    case _ where !byAddress: askParts(of: search, ways: 2, open: open, number, &queries)
    case ...SearchPlanner.exactBits: askParts(of: search, ways: open, open: open, number, &queries)
    case ...longest:
      search.step = .address
      askAddress(of: search, open: open, number, &queries)
    default: askParts(of: search, ways: 4, open: open, number, &queries)
    }
  }

  /// Asks for `ways` parts, or as many as there are undetermined bits, that expect equally many errors.
  private func askParts(
    of search: Search, ways: Int, open: Int, _ number: Int, _ queries: inout [ParityQuery]
  ) {
    // At least two: an odd range with fewer was settled.
    let ways = max(1, min(ways, open))
    var start = search.focus.lowerBound
    var used = 0
    for part in 1..<ways {
      used = cut(used..<open - (ways - part) + 1, goal: weightSums[open] / UInt64(ways) &* UInt64(part))
      queries.append(ParityQuery(pass: number, start: start, end: openPositions[used]))
      start = openPositions[used]
    }
  }

  /// Asks, for every level, for the left halves of all parts together.
  private mutating func askAddress(of search: Search, open: Int, _ number: Int, _ queries: inout [ParityQuery]) {
    let levels = Int.bitWidth - (open - 1).leadingZeroBitCount
    parts.removeAll(keepingCapacity: true)
    parts.append(0..<open)
    for _ in 0..<levels {
      var halves: [Range<Int>] = []
      halves.reserveCapacity(parts.count)
      var next: [Range<Int>] = []
      next.reserveCapacity(2 * parts.count)
      for part in parts {
        guard part.count > 1 else {
          next.append(part)
          continue
        }
        let (low, high) = (weightSums[part.lowerBound], weightSums[part.upperBound])
        let middle = cut(part, goal: low &+ (high &- low) / 2)
        next.append(part.lowerBound..<middle)
        next.append(middle..<part.upperBound)
        let start = part.lowerBound == 0 ? search.focus.lowerBound : openPositions[part.lowerBound]
        halves.append(start..<openPositions[middle])
      }
      guard let first = halves.first else { break }
      queries.append(
        ParityQuery(
          pass: number, start: first.lowerBound, end: first.upperBound, further: Array(halves.dropFirst())))
      swap(&parts, &next)
    }
  }

  /// Where to cut a range of open bits so that the weights before come next to `goal`, with at least one on each side.
  private func cut(_ range: Range<Int>, goal: UInt64) -> Int {
    var low = range.lowerBound + 1
    var high = range.upperBound - 1
    while low < high {
      let middle = (low + high) / 2
      if weightSums[middle] < goal { low = middle + 1 } else { high = middle }
    }
    if low > range.lowerBound + 1, weightSums[low] > goal, goal &- weightSums[low - 1] < weightSums[low] &- goal {
      low -= 1
    }
    return low
  }

  /// Collects the undetermined bits of the focus with their weights; returns how many there are.
  private mutating func gather(_ focus: Range<Int>, of pass: Int, _ knowledge: ParityKnowledge) -> Int {
    let permutation = knowledge.passes[pass].permutation
    var open = 0
    var total: UInt64 = 0
    for position in focus {
      let bit = permutation[position]
      guard !knowledge.determined[bit] else { continue }
      openPositions[open] = position
      open += 1
      total &+= weight(ofBit: bit, otherThan: pass, knowledge)
      weightSums[open] = total
    }
    openPositions[open] = focus.upperBound
    return open
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
