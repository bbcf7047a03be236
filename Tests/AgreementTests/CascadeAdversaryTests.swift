import Agreement
import Testing

/// A peer that answers what it likes can end the run, and nothing else.
@Suite struct CascadeAdversaryTests {
  private static let count = 2048

  private func corrector(budget: Int = .max, rate: Double = 0.01) throws -> CascadeCorrector {
    var generator = CascadeTestGenerator(seed: 21)
    let bits = BitString((0..<Self.count).map { _ in Bool.random(using: &generator) })
    return try CascadeCorrector(
      bits: bits, schedule: CascadeSchedule(count: Self.count, errorRate: rate), budget: budget,
      stream: CascadeTestGenerator.streams(seed: 3))
  }

  /// Drives a corrector with made-up answers and returns how it ended. A run that finishes has found a string with all
  /// the parities it was given.
  private func drive(
    _ corrector: inout CascadeCorrector, streamSeed: UInt64 = 3, answering: (ParityQuery) -> Bool
  ) -> (error: CascadeError?, rounds: Int) {
    var rounds = 0
    var asked: [ParityQuery] = []
    var given: [Bool] = []
    do throws(CascadeError) {
      var step = try corrector.start()
      while case .ask(let queries) = step {
        rounds += 1
        let answers = queries.map(answering)
        asked += queries
        given += answers
        step = try corrector.receive(answers)
      }
      var judge = try CascadeResponder(
        bits: corrector.correctedBits, budget: .max, stream: CascadeTestGenerator.streams(seed: streamSeed))
      let parities = try judge.answer(asked)
      #expect(parities == given)
      return (nil, rounds)
    } catch {
      return (error, rounds)
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func randomAnswersEndTheRun(seed: UInt64) throws {
    var generator = CascadeTestGenerator(seed: seed)
    var corrector = try corrector(rate: [0, 0.001, 0.01, 0.1][Int(seed % 4)])
    let end = drive(&corrector) { _ in Bool.random(using: &generator) }
    #expect(end.rounds <= 150)
    #expect(corrector.corrected <= corrector.schedule.correctionLimit)
    // The few parities of a run without errors can be those of some string near by.
    guard let error = end.error else {
      #expect(seed % 4 == 0)
      return
    }
    #expect(
      [
        .tooManyErrors(corrected: corrector.schedule.correctionLimit + 1, limit: corrector.schedule.correctionLimit),
        .inconsistentAnswers,
      ].contains(error), "\(error)")
    // The end is final.
    #expect(throws: error) { try corrector.receive([]) }
    #expect(throws: CascadeError.outOfTurn) { try corrector.start() }
  }

  @Test(arguments: [true, false])
  func constantAnswersEndTheRun(answer: Bool) throws {
    var corrector = try corrector()
    let end = drive(&corrector) { _ in answer }
    #expect(end.error != nil)
    #expect(corrector.corrected <= corrector.schedule.correctionLimit)
  }

  /// Honest at first, so that only verification can be spoilt: one lie in a late pass.
  @Test(arguments: 4..<12)
  func lyingAboutVerificationOnlyEndsTheRun(liedPass: Int) throws {
    var generator = CascadeTestGenerator(seed: 8)
    let pair = NoisyPair(count: Self.count, errorRate: 0.01, using: &generator)
    let streams = CascadeTestGenerator.streams(seed: 9)
    var responder = try CascadeResponder(bits: pair.alice, budget: .max, stream: streams)
    var corrector = try CascadeCorrector(
      bits: pair.bob, schedule: CascadeSchedule(count: Self.count, errorRate: 0.01), stream: streams)
    #expect(throws: CascadeError.self) {
      var step = try corrector.start()
      var lied = false
      while case .ask(let queries) = step {
        var answers = try responder.answer(queries)
        for (index, query) in queries.enumerated() where query.pass == liedPass && !lied {
          answers[index].toggle()
          lied = true
        }
        step = try corrector.receive(answers)
      }
    }
  }

  /// Mostly honest: a few answers in a hundred are inverted, which makes false corrections and long backtracking. The
  /// run ends, and ends either with an error or, never unnoticed by the account, with at most the corrections allowed.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func occasionalLiesEndTheRun(seed: UInt64) throws {
    var generator = CascadeTestGenerator(seed: seed)
    let pair = NoisyPair(count: Self.count, errorRate: 0.01, using: &generator)
    let streams = CascadeTestGenerator.streams(seed: seed)
    var responder = try CascadeResponder(bits: pair.alice, budget: .max, stream: streams)
    var corrector = try CascadeCorrector(
      bits: pair.bob, schedule: CascadeSchedule(count: Self.count, errorRate: 0.01), stream: streams)
    let end = drive(&corrector, streamSeed: seed) { query in
      let answer = try? responder.answer([query])[0]
      return (answer ?? false) != (generator.next() % 50 == 0)
    }
    #expect(end.error != nil || corrector.correctedBits != pair.alice)
    #expect(end.rounds <= 300)
    #expect(corrector.corrected <= corrector.schedule.correctionLimit)
    #expect(corrector.corrected == distance(corrector.correctedBits, pair.bob))
  }

  @Test func bobNeverAsksBeyondHisBudget() throws {
    var generator = CascadeTestGenerator(seed: 1)
    var corrector = try corrector(budget: 200, rate: 0.05)
    var asked = 0
    let end = drive(&corrector) { _ in
      asked += 1
      return Bool.random(using: &generator)
    }
    guard case .budgetExceeded = end.error else {
      Issue.record("ended with \(String(describing: end.error))")
      return
    }
    #expect(asked <= 200)
    #expect(corrector.parities == asked)
  }

  @Test func aWrongNumberOfAnswersChangesNothing() throws {
    var generator = CascadeTestGenerator(seed: 2)
    let pair = NoisyPair(count: Self.count, errorRate: 0.01, using: &generator)
    let streams = CascadeTestGenerator.streams(seed: 4)
    var responder = try CascadeResponder(bits: pair.alice, budget: .max, stream: streams)
    var corrector = try CascadeCorrector(
      bits: pair.bob, schedule: CascadeSchedule(count: Self.count, errorRate: 0.01), stream: streams)
    var ledger = LeakageLedger()
    var step = try corrector.start()
    while case .ask(let queries) = step {
      let answers = try responder.answer(queries)
      let before = corrector.parities
      #expect(throws: CascadeError.wrongAnswerCount(expected: queries.count, received: queries.count + 1)) {
        try corrector.receive(answers + [true], debiting: &ledger)
      }
      #expect(throws: CascadeError.wrongAnswerCount(expected: queries.count, received: 0)) {
        try corrector.receive([], debiting: &ledger)
      }
      #expect(corrector.parities == before)
      step = try corrector.receive(answers, debiting: &ledger)
    }
    #expect(corrector.correctedBits == pair.alice)
    #expect(ledger.total(of: .paritiesReceived) == responder.answered)
  }

  @Test func tooManyErrorsEndTheRun() throws {
    var generator = CascadeTestGenerator(seed: 14)
    let pair = NoisyPair(count: Self.count, errorRate: 0.2, using: &generator)
    let schedule = try CascadeSchedule(count: Self.count, errorRate: 0.01)
    #expect(throws: CascadeError.tooManyErrors(corrected: 52, limit: 51)) {
      try CascadeRun(pair, schedule: schedule, seed: 1)
    }
  }

  @Test func callsOutOfTurn() throws {
    var corrector = try corrector()
    #expect(throws: CascadeError.outOfTurn) { try corrector.receive([]) }
    _ = try corrector.start()
    #expect(throws: CascadeError.outOfTurn) { try corrector.start() }
  }

  @Test func theScheduleMustFitTheBits() throws {
    let schedule = try CascadeSchedule(count: 100, errorRate: 0.01)
    #expect(throws: CascadeError.lengthMismatch(bits: 99, schedule: 100)) {
      try CascadeCorrector(
        bits: BitString(zeros: 99), schedule: schedule, stream: CascadeTestGenerator.streams(seed: 0))
    }
  }
}
