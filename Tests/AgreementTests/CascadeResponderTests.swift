import Agreement
import Testing

@Suite struct CascadeResponderTests {
  private static let count = 300
  private static let seed: UInt64 = 4

  private func bits() -> BitString {
    var generator = CascadeTestGenerator(seed: 12)
    return BitString((0..<Self.count).map { _ in Bool.random(using: &generator) })
  }

  private func responder(budget: Int) throws -> CascadeResponder {
    try CascadeResponder(bits: bits(), budget: budget, stream: CascadeTestGenerator.streams(seed: Self.seed))
  }

  @Test func answersAreParitiesInPermutedOrder() throws {
    var responder = try responder(budget: .max)
    let bits = bits()
    var generator = CascadeTestGenerator(seed: 99)
    for pass in [0, 1, 3, 4, 7, CascadeSchedule.passLimit - 1] {
      var stream = CascadeTestGenerator.streams(seed: Self.seed)(pass)
      let permutation: [Int]
      if pass < 4 {
        let shuffled = Permutation(count: Self.count, using: &stream)
        permutation = (0..<Self.count).map { shuffled[$0] }
      } else {
        // A random half: the bits that the words of the stream take, then the others.
        let words = (0..<5).map { _ in stream.next() }
        func isTaken(_ bit: Int) -> Bool { words[bit / 64] >> UInt64(bit % 64) & 1 == 1 }
        permutation = (0..<Self.count).filter(isTaken) + (0..<Self.count).filter { !isTaken($0) }
      }
      var queries = [ParityQuery(pass: pass, start: 0, end: Self.count)]
      for _ in 0..<200 {
        let start = Int.random(in: 0..<Self.count, using: &generator)
        queries.append(
          ParityQuery(pass: pass, start: start, end: Int.random(in: start + 1...Self.count, using: &generator)))
      }
      // The half by itself, and several ranges together.
      let taken = Self.count - (1..<Self.count).reduce(0) { permutation[$1] < permutation[$1 - 1] ? $1 : $0 }
      queries.append(ParityQuery(pass: pass, start: 0, end: Self.count - taken))
      queries.append(ParityQuery(pass: pass, start: 3, end: 10, further: [11..<12, 100..<Self.count]))
      let expected = queries.map { query in
        ([query.start..<query.end] + query.further).joined().reduce(false) { $0 != bits[permutation[$1]] }
      }
      #expect(try responder.answer(queries) == expected)
      var fresh = try self.responder(budget: .max)
      for (query, parity) in zip(queries, expected).suffix(2) { #expect(try fresh.answer([query]) == [parity]) }
    }
  }

  @Test func aBatchBeyondTheBudgetIsRefusedWhole() throws {
    var responder = try responder(budget: 5)
    let query = ParityQuery(pass: 0, start: 0, end: 10)
    _ = try responder.answer([query, query, query])
    #expect(throws: CascadeError.budgetExceeded(asked: 3, left: 2)) { try responder.answer([query, query, query]) }
    #expect(responder.answered == 3)
    _ = try responder.answer([query, query])
    #expect(throws: CascadeError.budgetExceeded(asked: 1, left: 0)) { try responder.answer([query]) }
    #expect(responder.answered == 5)
  }

  @Test(arguments: [0, -1, .min])
  func withoutBudgetNothingIsAnswered(budget: Int) throws {
    var responder = try responder(budget: budget)
    #expect(throws: CascadeError.budgetExceeded(asked: 1, left: 0)) {
      try responder.answer([ParityQuery(pass: 0, start: 0, end: 1)])
    }
  }

  @Test func repeatedQueriesCostAndAreDebitedAgain() throws {
    var responder = try responder(budget: 100)
    var ledger = LeakageLedger()
    let query = ParityQuery(pass: 3, start: 5, end: 50)
    let first = try responder.answer([query, query], debiting: &ledger)
    let again = try responder.answer([query], debiting: &ledger)
    #expect(first == again + again)
    #expect(responder.answered == 3)
    #expect(ledger.total(of: .paritiesAnswered) == 3)
  }

  @Test(
    arguments: [
      (ParityQuery(pass: -1, start: 0, end: 1), .unknownPass(-1)),
      (ParityQuery(pass: CascadeSchedule.passLimit, start: 0, end: 1), .unknownPass(CascadeSchedule.passLimit)),
      (ParityQuery(pass: .max, start: 0, end: 1), .unknownPass(.max)),
      (ParityQuery(pass: 0, start: 7, end: 7), .invalidRange(start: 7, end: 7)),
      (ParityQuery(pass: 0, start: 8, end: 7), .invalidRange(start: 8, end: 7)),
      (ParityQuery(pass: 0, start: -1, end: 7), .invalidRange(start: -1, end: 7)),
      (ParityQuery(pass: 0, start: 0, end: 301), .invalidRange(start: 0, end: 301)),
      (ParityQuery(pass: 0, start: 0, end: 7, further: [7..<9]), .invalidRange(start: 7, end: 9)),
      (ParityQuery(pass: 0, start: 0, end: 7, further: [8..<8]), .invalidRange(start: 8, end: 8)),
      (ParityQuery(pass: 0, start: 9, end: 12, further: [2..<4]), .invalidRange(start: 2, end: 4)),
      (ParityQuery(pass: 0, start: 0, end: 7, further: [8..<10, 290..<301]), .invalidRange(start: 290, end: 301)),
      (ParityQuery(pass: 0, start: .min, end: .max), .invalidRange(start: .min, end: .max)),
    ] as [(ParityQuery, CascadeError)])
  func oneBadQuerySpoilsTheBatch(query: ParityQuery, error: CascadeError) throws {
    var responder = try responder(budget: 100)
    var ledger = LeakageLedger()
    let good = ParityQuery(pass: 0, start: 0, end: 1)
    #expect(throws: error) { try responder.answer([good, query, good], debiting: &ledger) }
    #expect(responder.answered == 0)
    #expect(ledger.total == 0)
  }

  @Test func batchesHaveAtLeastOneQueryAndAtMostTheLimit() throws {
    var responder = try responder(budget: .max)
    #expect(throws: CascadeError.batchSize(0)) { try responder.answer([]) }
    let many = [ParityQuery](repeating: ParityQuery(pass: 0, start: 0, end: 1), count: ParityQuery.batchLimit + 1)
    #expect(throws: CascadeError.batchSize(many.count)) { try responder.answer(many) }
    #expect(try responder.answer(Array(many.dropLast())).count == ParityQuery.batchLimit)
  }

  @Test(arguments: [0, 1, 65_537])
  func lengthsThatCannotBeReconciled(count: Int) {
    #expect(throws: CascadeError.unsupportedLength(count)) {
      try CascadeResponder(
        bits: BitString(zeros: count), budget: 1, stream: CascadeTestGenerator.streams(seed: 0))
    }
  }
}
