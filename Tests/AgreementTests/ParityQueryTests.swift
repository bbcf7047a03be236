import Agreement
import Testing

@Suite struct ParityQueryTests {
  @Test func blocksOfAPassTakeAFewBytes() {
    let blocks = (0..<62).map { ParityQuery(pass: 0, start: $0 * 64, end: ($0 + 1) * 64) }
    let last = ParityQuery(pass: 0, start: 3968, end: 4000)
    // Pass 0, two items: gap 0, length 64 and a run, 61 repeats; gap 0, length 32.
    #expect(ParityQuery.encode(blocks + [last]) == [0, 2, 0, 0x81, 0x01, 61, 0, 64])
  }

  @Test func rangesOfABisection() {
    let queries = [
      ParityQuery(pass: 1, start: 300, end: 310), ParityQuery(pass: 1, start: 1000, end: 1001),
      ParityQuery(pass: 0, start: 5, end: 9),
    ]
    #expect(ParityQuery.encode(queries) == [1, 2, 0xAC, 0x02, 20, 0xB2, 0x05, 2, 0, 1, 5, 8])
  }

  @Test func severalRangesInOneQuery() throws {
    let queries = [
      ParityQuery(pass: 1, start: 300, end: 310, further: [311..<312, 1000..<1200]),
      ParityQuery(pass: 1, start: 1200, end: 1201),
    ]
    let bytes: [UInt8] = [1, 2, 0xAC, 0x02, 21, 0, 2, 1, 1, 0xB0, 0x05, 0xC8, 0x01, 0, 2]
    #expect(ParityQuery.encode(queries) == bytes)
    #expect(try ParityQuery.decode(bytes) == queries)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func anyBatchSurvivesTheWire(seed: UInt64) throws {
    var generator = CascadeTestGenerator(seed: seed)
    var queries: [ParityQuery] = []
    for _ in 0..<Int.random(in: 1...60, using: &generator) {
      let pass = Int.random(in: 0..<CascadeSchedule.passLimit, using: &generator)
      let length = Int.random(in: 1...(Bool.random(using: &generator) ? 4 : 30_000), using: &generator)
      let start = Int.random(in: 0...CascadeSchedule.maximumCount - length, using: &generator)
      // Adjoining ranges, repeated ones and steps back are all to be had.
      for copy in 0..<Int.random(in: 1...3, using: &generator) {
        let shift = seed % 2 == 0 ? copy * length : 0
        guard start + shift + length <= CascadeSchedule.maximumCount else { break }
        var further: [Range<Int>] = []
        var end = start + shift + length
        while Int.random(in: 0..<4, using: &generator) == 0, end + 40 <= CascadeSchedule.maximumCount {
          let next = end + Int.random(in: 1...20, using: &generator)
          further.append(next..<next + Int.random(in: 1...20, using: &generator))
          end = next + 20
        }
        queries.append(
          ParityQuery(pass: pass, start: start + shift, end: start + shift + length, further: further))
      }
    }
    #expect(try ParityQuery.decode(ParityQuery.encode(queries)) == queries)
  }

  @Test(
    arguments: [
      ([], .truncated),
      ([0], .truncated),
      ([0, 1, 0], .truncated),
      ([0, 1, 0, 3], .truncated),
      ([0, 2, 0, 2], .truncated),
      ([0, 0], .empty),
      ([0, 1, 0, 0], .empty),  // length 0
      ([0, 1, 0, 1, 5], .empty),  // a run of length 0
      ([0, 1, 0, 3, 0], .truncated),
      ([0, 1, 0, 3, 0, 0], .empty),  // several ranges, but no more than one
      ([0, 1, 0, 3, 0, 1, 1, 0], .empty),  // a further range of length 0
      ([0, 1, 0, 3, 0, 1, 0, 1], .range),  // a further range that adjoins
      ([0, 1, 0, 3, 0, 1, 0xFF, 0xFF, 0x03, 1], .range),
      ([0x80, 0x00, 1, 0, 2], .number),  // 0 in two bytes
      ([0xFF, 0xFF, 0xFF, 0x01, 1, 0, 2], .number),
      ([0, 1, 0, 0x82, 0x80, 0x08], .range),  // 65,537 bits
      ([0, 1, 0x80, 0x80, 0x04, 2], .range),  // the bit at 65,536
      ([0, 1, 0, 3, 0xFF, 0xFF, 0x03], .count),  // 65,536 ranges of one bit
      ([0, 1, 0, 3, 0xFF, 0x3F, 0, 1, 0, 2], .count),  // 8192 ranges and one more
      ([0, 2, 0, 3, 0xFE, 0x3F, 0, 3, 0, 1, 1, 1], .count),  // 8191, then one query over two
    ] as [([UInt8], CascadeError.MalformedReason)])
  func malformedBytesAreRefused(bytes: [UInt8], reason: CascadeError.MalformedReason) {
    #expect(throws: CascadeError.malformed(reason)) { try ParityQuery.decode(bytes) }
  }

  @Test func theLargestBatchPasses() throws {
    #expect(try ParityQuery.decode([0, 1, 0, 3, 0xFF, 0x3F]).count == ParityQuery.batchLimit)
  }

  @Test func queriesNobodyMakesEncodeToRefusedBytes() {
    for query in [
      ParityQuery(pass: -1, start: 0, end: 1), ParityQuery(pass: 0, start: -5, end: 1),
      ParityQuery(pass: 0, start: 3, end: 3), ParityQuery(pass: 0, start: 9, end: 3),
      ParityQuery(pass: .max, start: .min, end: .max), ParityQuery(pass: .min, start: .max, end: .min),
    ] {
      #expect(throws: CascadeError.self) { try ParityQuery.decode(ParityQuery.encode([query])) }
    }
  }

  /// Random bytes either throw or are a batch within the limits, which then survives another round.
  @Test func hostileBytesOnlyThrow() throws {
    var generator = CascadeTestGenerator(seed: 77)
    var accepted = 0
    for _ in 0..<20_000 {
      let small = Bool.random(using: &generator)
      let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
        UInt8.random(in: 0...(small ? 5 : 255), using: &generator)
      }
      guard let queries = try? ParityQuery.decode(bytes) else { continue }
      accepted += 1
      #expect((1...ParityQuery.batchLimit).contains(queries.count))
      #expect(queries.allSatisfy { $0.start >= 0 && $0.start < $0.end && $0.end <= CascadeSchedule.maximumCount })
      #expect(try ParityQuery.decode(ParityQuery.encode(queries)) == queries)
    }
    #expect(accepted > 100)
  }
}

@Suite struct ParityAnswersTests {
  @Test func packsMostSignificantBitFirst() throws {
    let answers = [true, false, true, true, false, false, false, false, true]
    #expect(ParityAnswers.encode(answers) == [0xB0, 0x80])
    #expect(try ParityAnswers.decode([0xB0, 0x80], count: 9) == answers)
    #expect(ParityAnswers.encode([]) == [])
    #expect(try ParityAnswers.decode([], count: 0) == [])
  }

  @Test(arguments: [([], 1), ([0], 9), ([0, 0], 8), ([0x01], 7), ([0], -1), ([], .max)] as [([UInt8], Int)])
  func refusesAnotherLengthAndSetPadding(bytes: [UInt8], count: Int) {
    #expect(throws: CascadeError.malformed(.length)) { try ParityAnswers.decode(bytes, count: count) }
  }
}
