import Testing

@testable import Agreement

@Suite("Symbol grid")
struct SymbolGridTests {
  static let nan = Double.nan

  static func make(
    steps: Int = 2, levels: [Int] = [1, 2], kinds: [Int] = [0, 1], thresholds: [[Double]] = [[0], [-1, 0, 1]],
    values: [Double] = [0.5, -2, -0.5, 0.5], inputs: [Double] = [], own: [Bool] = [true, true, true, true],
    peer: [Bool] = [true, true, true, true]
  ) throws(SymbolGridError) -> SymbolGrid {
    try SymbolGrid(
      steps: steps, levels: levels, kinds: kinds, thresholds: thresholds, values: values, inputs: inputs, ownKept: own,
      peerKept: peer)
  }

  @Test func cellCountsThresholdsNotAboveTheValue() throws {
    let grid = try Self.make()
    #expect([-1.5, -1, -0.1, 0, 0.9, 1, 7].map { grid.cell(of: $0, channel: 1) } == [0, 1, 1, 2, 2, 3, 3])
  }

  @Test func grayCodeNeighboursDifferInOneBit() {
    #expect((0..<8).map(SymbolGrid.grayCode) == [0b000, 0b001, 0b011, 0b010, 0b110, 0b111, 0b101, 0b100])
  }

  /// Time first, then channel, then bit plane with the most significant bit first.
  @Test func bitsRunTimeThenChannelThenPlane() throws {
    // Step 0: cell 1 of 2, cell 0 of 4. Step 1: cell 0 of 2, cell 2 of 4 (Gray 11).
    #expect(try Self.make().bits == BitString([true, false, false, false, true, true]))
    #expect(try Self.make().keptCount == 6)
  }

  @Test func onlyCellsKeptByBothCount() throws {
    let grid = try Self.make(own: [true, false, true, true], peer: [true, true, false, true])
    #expect(grid.bits == BitString([true, true, true]))
    #expect(grid.keptCount == 3)
  }

  @Test func missingValuesMayBeInsideThePeersMask() throws {
    let grid = try Self.make(values: [0.5, Self.nan, -0.5, 0.5], own: [true, false, true, true])
    #expect(grid.keptCount == 4)
  }

  @Test func keptCountIsTheLengthOfTheString() throws {
    var generator = SeededGenerator(seed: 31)
    for _ in 0..<50 {
      let channels = Int.random(in: 0...4, using: &generator)
      let steps = Int.random(in: 0...20, using: &generator)
      let levels = (0..<channels).map { _ in Int.random(in: 1...3, using: &generator) }
      func mask() -> [Bool] { (0..<(steps * channels)).map { _ in Bool.random(using: &generator) } }
      let grid = try Self.make(
        steps: steps, levels: levels, kinds: levels.map { _ in 0 },
        thresholds: levels.map { level in (1..<(1 << level)).map(Double.init) },
        values: (0..<(steps * channels)).map { _ in 8 * generator.uniform() }, own: mask(), peer: mask())
      #expect(grid.keptCount == grid.bits.count)
    }
  }

  @Test func partsThatDoNotFitAreRefused() {
    let unkept = [Bool](repeating: false, count: 4)
    #expect(throws: SymbolGridError.negativeSteps(-1)) { try Self.make(steps: -1) }
    #expect(throws: SymbolGridError.tooLarge(steps: .max, channels: 2)) { try Self.make(steps: .max) }
    #expect(throws: SymbolGridError.tooLarge(steps: 1 << 22, channels: 2)) { try Self.make(steps: 1 << 22) }
    #expect(throws: SymbolGridError.tooLarge(steps: 2, channels: 17)) {
      try Self.make(levels: [Int](repeating: 1, count: 17))
    }
    #expect(throws: SymbolGridError.wrongCount("kinds", found: 1, expected: 2)) { try Self.make(kinds: [0]) }
    #expect(throws: SymbolGridError.wrongCount("thresholds", found: 1, expected: 2)) {
      try Self.make(thresholds: [[0]])
    }
    #expect(throws: SymbolGridError.wrongCount("values", found: 3, expected: 4)) { try Self.make(values: [1, 2, 3]) }
    #expect(throws: SymbolGridError.wrongCount("inputs", found: 1, expected: 4)) { try Self.make(inputs: [1]) }
    #expect(throws: SymbolGridError.wrongCount("ownKept", found: 0, expected: 4)) { try Self.make(own: []) }
    #expect(throws: SymbolGridError.wrongCount("peerKept", found: 5, expected: 4)) {
      try Self.make(peer: unkept + [true])
    }
    for levels in [Int.min, 0, 4, 64, Int.max] {
      #expect(throws: SymbolGridError.levels(levels, channel: 1)) { try Self.make(levels: [1, levels]) }
    }
    for bad in [[0.0, 1], [0, 0, 1], [1, 0, -1], [-1, 0, .infinity], [-1, .nan, 1]] {
      #expect(throws: SymbolGridError.thresholds(channel: 1)) { try Self.make(thresholds: [[0], bad]) }
    }
    for bad in [Double.nan, .infinity] {
      #expect(throws: SymbolGridError.keptWithoutValue(step: 1, channel: 0)) {
        try Self.make(values: [0, 0, bad, 0])
      }
    }
  }
}
