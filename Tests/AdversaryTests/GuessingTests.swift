import Agreement
import Motion
import Testing

@testable import Adversary

@Suite("Probabilities of symbols")
struct GuessingTests {
  static func quantiser() throws -> Quantiser {
    try #require(Quantiser(levels: 2, positiveThresholds: [0.7], guardBand: 0.1))
  }

  static func probabilities(
    _ geometry: CellGeometry, count: Int, mean: Double, spread: Double, position: Double = 0
  ) -> [Double] {
    var symbols = [Double](repeating: 0, count: count)
    geometry.fill(&symbols, mean: mean, spread: spread, law: .normal, position: position)
    return symbols
  }

  @Test("of cells: sure in the middle of one, even where nothing is known, nothing excluded")
  func cells() throws {
    let geometry = CellGeometry(try Self.quantiser())
    guard case .cells(let parts) = geometry else { return }
    #expect(parts.map(\.lowerBound).dropFirst() == [-0.6, 0.1, 0.7999999999999999] && parts.count == 4)
    for cell in 0..<4 {
      let mean = [-2.0, -0.35, 0.35, 2][cell]
      let sure = Self.probabilities(geometry, count: 4, mean: mean, spread: 0.05)
      #expect(sure[Quantiser.gray(cell)] > 0.99 && sure.allSatisfy { $0 > 0 })
      #expect(abs(sure.reduce(0, +) - 1) < 1e-12)
    }
    let unsure = Self.probabilities(geometry, count: 4, mean: 0, spread: 1)
    #expect(abs(unsure[0] - unsure[2]) < 1e-9 && abs(unsure[1] - unsure[3]) < 1e-9)
    // Far out nothing is left of the distribution: then the guess is no guess.
    #expect(Self.probabilities(geometry, count: 4, mean: 1e9, spread: 1e-3)[Quantiser.gray(3)] > 0.9)
  }

  @Test("of a comb: the position tells nothing by itself, and all where the motion is known within a cell")
  func comb() {
    let geometry = CellGeometry.comb(step: 0.5, width: 1.0 / 16)
    for index in -9...9 {
      for position in [0.0, 0.3125, 0.9375] {
        let value = (Double(index) + position + 1.0 / 32) * 0.5
        let sure = Self.probabilities(geometry, count: 8, mean: value, spread: 0.05, position: position)
        #expect(sure[index & 7] > 0.99, "cell \(index), position \(position)")
        let unsure = Self.probabilities(geometry, count: 8, mean: value, spread: 8, position: position)
        #expect(unsure.allSatisfy { abs($0 - 0.125) < 0.02 })
      }
    }
    for mean in [Double.nan, .infinity, 1e300] {
      #expect(Self.probabilities(geometry, count: 8, mean: mean, spread: 1).allSatisfy { abs($0 - 0.125) < 1e-9 })
    }
  }

  @Test("of errors: the law is fitted to what it sees, long tails included")
  func law() {
    var random = SimulatorRandom(seed: 5, stream: 1)
    let normal = (0..<4000).map { _ in random.normal() }
    let law = ResidualLaw(fitting: normal)
    for (lower, upper) in [(-1.0, 1.0), (0, 2), (1.5, .infinity)] {
      let share = Double(normal.count { $0 >= lower && $0 < upper }) / 4000
      #expect(abs(law.mass(lower, upper) - share) < 0.02)
    }
    #expect(abs(law.mass(-.infinity, .infinity) - 1) < 1e-6)
    let tailed = normal.enumerated().map { $0 % 10 == 0 ? 4 * $1 : 0.5 * $1 }
    #expect(ResidualLaw(fitting: tailed).meanLogDensity(of: tailed) > law.meanLogDensity(of: tailed) + 0.2)
    #expect(ResidualLaw(fitting: tailed).mass(5, .infinity) > 0.005)
  }

  @Test("scored by hand: hits, cross-entropy, min-entropy and what is left")
  func score() throws {
    var pair = try Fixture.first.get()
    // Every kept symbol is 0; a quarter of them is guessed wrong, and all with the same confidence.
    for cell in pair.symbols.indices where pair.symbols[cell] >= 0 { pair.symbols[cell] = 0 }
    var number = 0
    let guesses = SymbolGuesses(pair) { _, probabilities in
      let other = 0.3 / Double(probabilities.count - 1)
      for symbol in probabilities.indices { probabilities[symbol] = other }
      probabilities[number % 4 == 0 ? probabilities.count - 1 : 0] = 0.7
      number += 1
    }
    let score = try #require(AttackScore("by hand", guesses, of: pair))
    #expect(abs(score.symbolAgreement - 0.75) < 0.001 && score.symbols == number)
    #expect(score.crossEntropy > 0 && score.minEntropy > 0 && score.minEntropy < 1)
    #expect(
      abs(
        score.leftBits - (min(score.minEntropy, score.crossEntropy) * Double(pair.keptBits) - Double(pair.leakageBits)))
        < 1e-6)
    // One guess of all is right with 0.75 to the power of their number, at most.
    #expect(score.guessLog2 > Double(number) * -0.4151 && score.guessLog2 < Double(number) * -0.2)
    let honest = try Fixture.first.get()
    let uniform = try #require(AttackScore("uniform", SymbolGuesses(honest) { _, _ in }, of: honest))
    #expect(abs(uniform.crossEntropy - 1) < 1e-9 && uniform.holds)
    let truth = SymbolGuesses(pair) { _, probabilities in
      for symbol in probabilities.indices { probabilities[symbol] = symbol == 0 ? 1 : 0 }
    }
    let known = try #require(AttackScore("truth", truth, of: pair))
    #expect(!known.holds && known.leftBits <= 0 && known.slack < 0 && known.guessLog2 == 0)
  }

  @Test("mixed: the better attacker soon has the say")
  func mixture() throws {
    let pair = try Fixture.first.get()
    let truth = SymbolGuesses(pair) { cell, probabilities in
      for symbol in probabilities.indices { probabilities[symbol] = 0.1 / Double(probabilities.count - 1) }
      probabilities[Int(pair.symbols[cell])] = 0.9
    }
    let mixed = SymbolGuesses(mixing: [SymbolGuesses(pair) { _, _ in }, truth])
    let late = mixed.cells.dropFirst(50)
    #expect(late.allSatisfy { $0.probabilities[$0.truth] > 0.85 })
    #expect(mixed.cells.first.map { $0.probabilities[$0.truth] < 0.7 } == true)
  }
}
