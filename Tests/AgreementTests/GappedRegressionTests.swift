import Testing

@testable import Agreement

@Suite("Linear prediction with gaps")
struct GappedRegressionTests {
  static func row(_ values: [Double]) -> WipedScratch<Double> {
    let row = WipedScratch(repeating: 0.0, count: values.count)
    for (index, value) in values.enumerated() { row[index] = value }
    return row
  }

  static func guess(_ regression: GappedRegression, _ values: [Double], _ entry: Int) -> (Double, gap: Double) {
    var result = (Double.nan, gap: Double.nan)
    regression.guess(row(values), entry..<(entry + 1)) { _, guess, gap in result = (guess, gap) }
    return result
  }

  /// y = 2·a − 3·b + 0.1·noise, learnt from rows (a, b, y), some of them with gaps.
  static func taught(missing: Double, passes: Int = 1) -> GappedRegression {
    var generator = SeededGenerator(seed: 81)
    var rows: [[Double]] = []
    for _ in 0..<1500 {
      let (a, b) = (generator.normal(), generator.normal())
      rows.append([a, b, 2 * a - 3 * b + 0.1 * generator.normal()])
      for entry in 0..<3 where generator.uniform() < missing { rows[rows.count - 1][entry] = .nan }
    }
    let regression = GappedRegression(width: 3, ridge: 0.01, forgetting: 1)
    for pass in 0..<passes {
      if pass > 0 { regression.beginCollecting() }
      for values in rows {
        let row = row(values)
        let hasGaps = values.contains(where: \.isNaN)
        regression.guess(row, 3..<3) { _, _, _ in }
        regression.learn(row, hasGaps: hasGaps)
        #expect((0..<3).allSatisfy { row[$0].isFinite })
      }
      if pass > 0 { regression.endCollecting() }
    }
    return regression
  }

  @Test func learnsWithoutGaps() {
    let (mean, gap) = Self.guess(Self.taught(missing: 0), [1, 1, .nan], 2)
    #expect(abs(mean - (-1)) < 0.02)
    #expect(gap == 1)
  }

  /// Filling gaps by guesses alone would pull the coefficients towards zero; expectation maximisation does not.
  @Test func learnsFromRowsWithGaps() {
    let regression = Self.taught(missing: 0.2, passes: 12)
    #expect(abs(Self.guess(regression, [1, 0, .nan], 2).0 - 2) < 0.03)
    #expect(abs(Self.guess(regression, [0, 1, .nan], 2).0 + 3) < 0.03)
  }

  @Test func guessesAcrossAGap() {
    let regression = Self.taught(missing: 0)
    // Without b, y is 2·a with a spread of √(9 + 0.01) instead of 0.1.
    let (mean, gap) = Self.guess(regression, [1, .nan, .nan], 2)
    #expect(abs(mean - 2) < 0.3)
    #expect(abs(gap / 901 - 1) < 0.1)
  }

  @Test func seesNothingInARowBeforeTheFirst() {
    let regression = GappedRegression(width: 3, ridge: 1, forgetting: 1)
    #expect(Self.guess(regression, [1, 1, .nan], 2).0 == 0)
    #expect(Self.guess(regression, [.nan, .nan, .nan], 2).0 == 0)
  }

  /// Entries that follow exactly from others leave nothing to factorise; the figures must stay finite.
  @Test func survivesExactRelations() {
    var generator = SeededGenerator(seed: 82)
    let regression = GappedRegression(width: 4, ridge: 1e-9, forgetting: 0.99)
    for index in 0..<800 {
      let a = generator.normal()
      let row = Self.row([a, 2 * a, index % 5 == 0 ? .nan : -a, 3 * a])
      regression.guess(row, 3..<4) { _, _, _ in }
      regression.learn(row, hasGaps: index % 5 == 0)
    }
    #expect(regression.isFinite)
    #expect(abs(Self.guess(regression, [1, 2, .nan, .nan], 3).0 - 3) < 1e-3)
  }

  @Test func infinityIsNoticed() {
    let regression = GappedRegression(width: 2, ridge: 1, forgetting: 1)
    regression.learn(Self.row([.infinity, 1]), hasGaps: false)
    _ = Self.guess(regression, [1, .nan], 1)
    #expect(!regression.isFinite)
  }

  @Test("a copy knows the same and learns apart; what is limited soon gives way to what is new")
  func copies() {
    let regression = Self.taught(missing: 0)
    let copy = GappedRegression(copying: regression)
    // The copy has taken account of the very last rows already.
    #expect(abs(Self.guess(copy, [1, 1, .nan], 2).0 - Self.guess(regression, [1, 1, .nan], 2).0) < 0.001)
    copy.limitWeight(to: 20)
    #expect(abs(Self.guess(copy, [1, 1, .nan], 2).0 + 1) < 0.05)
    var generator = SeededGenerator(seed: 82)
    for _ in 0..<400 {
      let (a, b) = (generator.normal(), generator.normal())
      copy.learn(Self.row([a, b, a + b]), hasGaps: false)
    }
    #expect(abs(Self.guess(copy, [1, 1, .nan], 2).0 - 2) < 0.3)
    #expect(abs(Self.guess(regression, [1, 1, .nan], 2).0 + 1) < 0.05)
  }
}
