/// What a corrector wants next.
public enum CascadeStep: Sendable, Equatable {
  /// Send these queries in one message and hand over the answers.
  case ask([ParityQuery])
  /// Both sides' bits agree, but for the frame error rate of the schedule.
  case finished(CascadeReport)
}

/// Bob's side of Cascade: a machine without input or output that turns parity answers into further queries until his
/// bits agree with Alice's.
///
/// The first message asks for the block parities of all passes: they depend on nothing that bisection finds, so asking
/// early saves round trips and costs nothing. Then, round by round, blocks of odd error parity are split, all in one
/// message that can be:
///
/// - Each pass is held as a partition into the finest ranges with known parity. Splitting an odd range refines it, so
///   backtracking always starts from the smallest range known to be odd (sub-block reuse).
/// - Odd ranges are taken smallest first, over all passes begun, and one that shares an undetermined bit with a range
///   already taken waits: two searches can never be after the same error.
/// - A bit that is alone in a range is determined, and counts as such in all passes; a range with one undetermined bit
///   left determines that one too. No parity is asked for that follows from others of its pass or from determined bits.
/// - A range is split where the expected numbers of errors on both sides are equal, which makes the answer worth most.
/// - Few searches at a time ask for addresses instead (`SearchPlanner`), and the last errors are found from what all
///   passes say together (`LastErrors`).
/// - A later pass begins when all ranges of the earlier ones are even.
///
/// What is asked depends on public data and on parity differences only. A peer that answers at random runs into
/// `inconsistentAnswers`, `tooManyErrors` or `budgetExceeded`: every round splits at least one range, no bit is
/// corrected twice, and memory is bounded by n times the passes.
public struct CascadeCorrector: Sendable {
  /// The schedule followed.
  public let schedule: CascadeSchedule
  /// The most parities this corrector asks for.
  public let budget: Int
  /// The parities received so far.
  public private(set) var parities = 0
  /// The bits as corrected so far; once finished, the reconciled string.
  public var correctedBits: BitString { knowledge.bits }
  /// The bits corrected so far.
  public var corrected: Int { knowledge.corrected }

  private enum Phase {
    case idle
    case asking(Purpose)
    case finished
    case failed(CascadeError)
  }

  /// What the queries on their way are for.
  private enum Purpose {
    /// The block parities of passes after those there are.
    case blocks
    case searches([Search])
  }

  private let order: @Sendable (Int) -> PassOrder
  private var phase = Phase.idle
  private var knowledge: ParityKnowledge
  private var planner: SearchPlanner
  /// The orders of the passes asked about, until their parities are known.
  private var orders: [PassOrder] = []
  private var queries: [ParityQuery] = []
  private var sent = 0
  private var answers: [Bool] = []
  private var roundTrips = 0

  /// Makes a corrector.
  /// - Parameters:
  ///   - bits: Bob's bits, as many as the schedule is for.
  ///   - budget: the most parities that may be asked for.
  ///   - stream: the random stream of a pass's permutation, the same on both sides.
  public init<Generator: RandomNumberGenerator & Sendable>(
    bits: BitString, schedule: CascadeSchedule, budget: Int = .max, stream: @escaping @Sendable (Int) -> Generator
  ) throws(CascadeError) {
    let count = bits.count
    guard count == schedule.count else { throw .lengthMismatch(bits: count, schedule: schedule.count) }
    self.schedule = schedule
    self.budget = budget
    knowledge = ParityKnowledge(bits: bits, correctionLimit: schedule.correctionLimit)
    planner = SearchPlanner(schedule: schedule)
    order = { pass in
      var generator = stream(pass)
      return PassOrder(pass: pass, count: count, using: &generator)
    }
  }

  /// The first batch of queries. May be called once.
  public mutating func start() throws(CascadeError) -> CascadeStep {
    guard case .idle = phase else { throw .outOfTurn }
    do throws(CascadeError) {
      return try askBlocks(passes: schedule.blockSizes.count)
    } catch {
      phase = .failed(error)
      throw error
    }
  }

  /// Takes the answers to the last batch.
  /// - Throws: `wrongAnswerCount`, which changes nothing; any other error ends the run, and every later call throws it
  ///   again.
  public mutating func receive(_ batch: [Bool]) throws(CascadeError) -> CascadeStep {
    switch phase {
    case .idle, .finished: throw .outOfTurn
    case .failed(let error): throw error
    case .asking(let purpose):
      let expected = sent - answers.count
      guard batch.count == expected else { throw .wrongAnswerCount(expected: expected, received: batch.count) }
      parities += batch.count
      answers += batch
      do throws(CascadeError) {
        return try proceed(with: purpose)
      } catch {
        phase = .failed(error)
        throw error
      }
    }
  }

  /// The same, debiting the parities received and the bits corrected.
  public mutating func receive(
    _ batch: [Bool], debiting ledger: inout LeakageLedger
  ) throws(CascadeError) -> CascadeStep {
    let before = (parities: parities, corrected: corrected)
    defer {
      if parities > before.parities { ledger.debit(.paritiesReceived, bits: parities - before.parities, "Cascade") }
      if corrected > before.corrected { ledger.debit(.corrections, bits: corrected - before.corrected, "Cascade") }
    }
    return try receive(batch)
  }

  private mutating func proceed(with purpose: Purpose) throws(CascadeError) -> CascadeStep {
    guard sent == queries.count else { return try askNext() }
    switch purpose {
    case .blocks: learnBlocks()
    case .searches(let searches): learn(searches)
    }
    try knowledge.settle()
    return try advance()
  }
}

// MARK: - Learning

extension CascadeCorrector {
  private mutating func learnBlocks() {
    var next = 0
    var halves: [(number: Int, half: RandomHalf)] = []
    let first = knowledge.passes.count
    for (offset, order) in orders.enumerated() {
      let pass = first + offset
      switch order {
      case .shuffled(let permutation):
        let asked = schedule.askedBlocks(ofPass: pass)
        knowledge.addPass(
          number: schedule.number(ofPass: pass), permutation, blocks: asked,
          parities: answers[next..<next + asked.count])
        next += asked.count
      case .half(let half):
        halves.append((schedule.number(ofPass: pass), half))
      }
    }
    if !halves.isEmpty { knowledge.addHalves(halves, parities: answers[next...]) }
    orders = []
  }

  private mutating func learn(_ searches: [Search]) {
    var next = 0
    for search in searches {
      let asked = next..<next + search.queries
      switch search.step {
      case .parts:
        knowledge.split(
          pass: search.pass, leaf: search.leaf, at: queries[asked].lazy.map(\.end), parities: answers[asked])
      case .address: learnAddress(search, asked)
      case .bits:
        for index in asked {
          let wrong = knowledge.differs(queries[index], pass: search.pass, parity: answers[index])
          knowledge.reveal(pass: search.pass, position: queries[index].start, wrong: wrong)
        }
      }
      next = asked.upperBound
    }
  }

  /// Keeps an address, and what of it holds whatever the number of errors: parities of single ranges.
  private mutating func learnAddress(_ search: Search, _ asked: Range<Int>) {
    knowledge.addAddress(pass: search.pass, leaf: search.leaf, queries: queries[asked], parities: answers[asked])
    for index in asked where queries[index].further.isEmpty {
      let query = queries[index]
      let leaf = knowledge.leaf(ofPass: search.pass, startingAt: query.start)
      guard let leaf, query.end < knowledge.passes[search.pass].leaves[leaf].end else { continue }
      knowledge.split(
        pass: search.pass, leaf: leaf, at: CollectionOfOne(query.end), parities: CollectionOfOne(answers[index]))
    }
  }
}

// MARK: - Asking

extension CascadeCorrector {
  /// Begins to ask `queries`.
  private mutating func ask(_ purpose: Purpose) throws(CascadeError) -> CascadeStep {
    phase = .asking(purpose)
    sent = 0
    answers.removeAll(keepingCapacity: true)
    return try askNext()
  }

  /// As many of the queries left as one message holds.
  private mutating func askNext() throws(CascadeError) -> CascadeStep {
    let left = budget - parities
    guard queries.count - sent <= left else { throw .budgetExceeded(asked: queries.count - sent, left: max(0, left)) }
    guard roundTrips < schedule.roundLimit else { throw .tooManyRounds(limit: schedule.roundLimit) }
    var size = min(queries.count - sent, ParityQuery.batchLimit)
    func ranges() -> Int { queries[sent..<sent + size].reduce(size) { $0 + $1.further.count } }
    // Few ranges fit for certain, and are not measured. One query always fits.
    while size > 1, ranges() > ParityQuery.encodedLimit / 16,
      ranges() > ParityQuery.batchLimit
        || ParityQuery.encode(Array(queries[sent..<sent + size])).count > ParityQuery.encodedLimit
    {
      size -= max(1, size / 4)
    }
    let batch = Array(queries[sent..<sent + size])
    sent += size
    roundTrips += 1
    return .ask(batch)
  }

  private mutating func askBlocks(passes: Int) throws(CascadeError) -> CascadeStep {
    queries.removeAll(keepingCapacity: true)
    let first = knowledge.passes.count
    for pass in first..<first + passes {
      let number = schedule.number(ofPass: pass)
      let order = order(number)
      orders.append(order)
      switch order {
      case .shuffled:
        for block in schedule.askedBlocks(ofPass: pass) {
          queries.append(ParityQuery(pass: number, start: block.lowerBound, end: block.upperBound))
        }
      case .half(let half): queries.append(ParityQuery(pass: number, start: 0, end: half.taken))
      }
    }
    return try ask(.blocks)
  }

  /// Searches what can be searched, begins the next pass, adds verification, or finishes.
  private mutating func advance() throws(CascadeError) -> CascadeStep {
    while true {
      let searches = planner.plan(&knowledge, queries: &queries)
      if !searches.isEmpty { return try ask(.searches(searches)) }
      if knowledge.beginNextPass() { continue }
      let verified = knowledge.passes.count - schedule.structuredPasses
      let missing = schedule.verificationPasses(corrected: corrected) - verified
      if missing > 0 { return try askBlocks(passes: missing) }
      // An address made up by several errors of which some are still there: more halves find them.
      if !knowledge.addressesFit {
        let left = CascadeSchedule.mostVerificationPasses - verified
        guard left > 0 else { throw .inconsistentAnswers }
        return try askBlocks(passes: min(left, 4))
      }
      phase = .finished
      return .finished(
        CascadeReport(
          count: schedule.count, passes: knowledge.passes.count, parities: parities, corrected: corrected,
          backtracks: knowledge.backtracks, roundTrips: roundTrips))
    }
  }
}
