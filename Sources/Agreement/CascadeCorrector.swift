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
    /// The block parities of passes, of these sizes, after those there are.
    case blocks(sizes: [Int])
    case splits([Split])
  }

  private let permutation: @Sendable (Int) -> Permutation
  private var phase = Phase.idle
  private var knowledge: ParityKnowledge
  private var chooser: SplitChooser
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
    chooser = SplitChooser(schedule: schedule)
    permutation = { pass in
      var generator = stream(pass)
      return Permutation(count: count, using: &generator)
    }
  }

  /// The first batch of queries. May be called once.
  public mutating func start() throws(CascadeError) -> CascadeStep {
    guard case .idle = phase else { throw .outOfTurn }
    do throws(CascadeError) {
      return try askBlocks(sizes: schedule.blockSizes)
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
    case .blocks(let sizes): try learnBlocks(sizes: sizes)
    case .splits(let splits): try learnSplits(splits)
    }
    return try advance()
  }
}

// MARK: - Learning

extension CascadeCorrector {
  private mutating func learnBlocks(sizes: [Int]) throws(CascadeError) {
    var next = 0
    for size in sizes {
      let pass = knowledge.passes.count
      let asked = askedBlocks(ofSize: size, pass: pass)
      knowledge.addPass(permutation(pass), blocks: asked, parities: answers[next..<next + asked.count])
      next += asked.count
    }
    try knowledge.settle()
  }

  private mutating func learnSplits(_ splits: [Split]) throws(CascadeError) {
    var next = 0
    for split in splits {
      let asked = next..<next + split.ways - 1
      knowledge.split(split, at: queries[asked].lazy.map(\.end), parities: answers[asked])
      next = asked.upperBound
    }
    try knowledge.settle()
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
    // Few queries fit for certain, and are not measured.
    while size > ParityQuery.encodedLimit / 16,
      ParityQuery.encode(queries[sent..<sent + size]).count > ParityQuery.encodedLimit
    {
      size -= size / 4
    }
    let batch = Array(queries[sent..<sent + size])
    sent += size
    roundTrips += 1
    return .ask(batch)
  }

  private mutating func askBlocks(sizes: [Int]) throws(CascadeError) -> CascadeStep {
    queries.removeAll(keepingCapacity: true)
    for (offset, size) in sizes.enumerated() {
      let pass = knowledge.passes.count + offset
      for block in askedBlocks(ofSize: size, pass: pass) {
        queries.append(ParityQuery(pass: pass, start: block.lowerBound, end: block.upperBound))
      }
    }
    return try ask(.blocks(sizes: sizes))
  }

  /// The blocks of a pass whose parity is asked for: all in the first pass, which so gives the parity of the whole, and
  /// all but the last in the others, where that one follows.
  private func askedBlocks(ofSize size: Int, pass: Int) -> [Range<Int>] {
    let blocks = stride(from: 0, to: schedule.count, by: size).map { $0..<min($0 + size, schedule.count) }
    return pass == 0 ? blocks : blocks.dropLast()
  }

  /// Splits what can be split, begins the next pass, adds verification, or finishes.
  private mutating func advance() throws(CascadeError) -> CascadeStep {
    while true {
      let splits = chooser.choose(from: knowledge, queries: &queries)
      if !splits.isEmpty { return try ask(.splits(splits)) }
      if knowledge.beginNextPass() { continue }
      let missing =
        schedule.structuredPasses + schedule.verificationPasses(corrected: corrected) - knowledge.passes.count
      if missing > 0 {
        return try askBlocks(sizes: [Int](repeating: CascadeSchedule.half(of: schedule.count), count: missing))
      }
      phase = .finished
      return .finished(
        CascadeReport(
          count: schedule.count, passes: knowledge.passes.count, parities: parities, corrected: corrected,
          backtracks: knowledge.backtracks, roundTrips: roundTrips))
    }
  }
}
