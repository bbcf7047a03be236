import Motion
import Testing

@testable import Adversary

@Suite("Attacks")
struct AttackTests {
  /// A motion that nobody knows: an autoregressive process in every channel of the gyroscope.
  static func table(seed: UInt64, steps: Int = 900, holes: Bool = false) throws -> MotionTable {
    let pair = try Fixture.first.get()
    let channels = (0..<3).map { MotionChannel(kind: .gyroscope, axis: $0) }
    var table = try #require(
      MotionTable(
        pair.recording, onset: pair.onset, grid: pair.grid, channels: channels, width: 3, end: steps, filters: []))
    var random = SimulatorRandom(seed: seed, stream: 7)
    var state = [(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)]
    for step in 0..<steps {
      for column in 0..<3 {
        let next = 1.6 * state[column].0 - 0.8 * state[column].1 + 0.1 * random.normal()
        state[column] = (next, state[column].0)
        table.values[step * 3 + column] = holes && random.uniform() < 0.05 ? .nan : next
      }
    }
    return table
  }

  static func forecaster(_ table: MotionTable, side: Int = 0) -> MotionForecaster {
    MotionForecaster(
      observed: table.channels, targets: table.channels, sideWidth: side, settings: .init(lags: 3, ridge: 1e-3))
  }

  @Test(
    "linear: learnt elsewhere, the errors are those of the process and as large as expected", arguments: [false, true])
  func linear(holes: Bool) throws {
    let (taught, attacked) = (try Self.table(seed: 1, holes: holes), try Self.table(seed: 2, holes: holes))
    let forecaster = Self.forecaster(taught)
    forecaster.train([.init(table: taught, side: nil)])
    for hold in [nil, 100.0] {
      let forecast = forecaster.forecast(.init(table: attacked, side: nil), steps: 100..<900, hold: hold)
      var squares = 0.0
      var standard = 0.0
      var count = 0.0
      for cell in forecast.means.indices {
        let error = attacked.values[300 + cell] - forecast.means[cell]
        guard error.isFinite else { continue }
        squares += error * error
        standard += error * error / (forecast.spreads[cell] * forecast.spreads[cell])
        count += 1
      }
      let rms = (squares / count).squareRoot()
      #expect((0.095...(holes ? 0.125 : 0.106)).contains(rms), "rms \(rms), hold \(hold ?? -1)")
      #expect((0.8...1.25).contains(standard / count))
    }
  }

  @Test("linear: nothing of what is to be guessed, or comes later, is looked at")
  func causality() throws {
    let (taught, attacked) = (try Self.table(seed: 1), try Self.table(seed: 2))
    let forecaster = Self.forecaster(taught)
    forecaster.train([.init(table: taught, side: nil)])
    var altered = attacked
    for index in (500 * 3 + 1)..<altered.values.count { altered.values[index] = -altered.values[index] + 1 }
    let forecasts = [attacked, altered].map {
      forecaster.forecast(.init(table: $0, side: nil), steps: 100..<900, hold: 50)
    }
    // Of step 500 the first channel is as it was, and known when the second is guessed.
    let same = 400 * 3 + 2
    #expect(Array(forecasts[0].means.prefix(same)) == Array(forecasts[1].means.prefix(same)))
    #expect(Array(forecasts[0].spreads.prefix(same)) == Array(forecasts[1].spreads.prefix(same)))
    #expect(forecasts[0].means[same] != forecasts[1].means[same])
  }

  @Test("table: symbols to come are not looked at; masks are")
  func tableCausality() throws {
    let pair = try Fixture.first.get()
    var altered = pair
    let from = pair.symbols.count / 2
    for cell in from..<pair.symbols.count where pair.symbols[cell] > 0 { altered.symbols[cell] = 0 }
    var (one, other) = (TableAttack(), TableAttack())
    one.train(try Fixture.second.get())
    other.train(try Fixture.second.get())
    let guesses = (one.run(pair).cells, other.run(altered).cells)
    for (a, b) in zip(guesses.0, guesses.1) where a.cell <= from { #expect(a.probabilities == b.probabilities) }
    #expect(zip(guesses.0, guesses.1).contains { $0.probabilities != $1.probabilities })
  }

  @Test("table: finds what follows what")
  func tableLearns() throws {
    var pair = try Fixture.first.get()
    let count = pair.channels.count
    for cell in pair.symbols.indices where pair.symbols[cell] >= 0 {
      pair.symbols[cell] = Int8((cell / count) % (1 << pair.levels[cell % count]))
    }
    var tables = TableAttack()
    let score = try #require(AttackScore("table", tables.run(pair), of: pair))
    #expect(score.symbolAgreement > 0.7, "\(score.symbolAgreement)")
    #expect(score.crossEntropy < 0.6)
  }

  @Test("perceptron: learns what the linear attack cannot, and the same from the same seed")
  func perceptron() throws {
    let pair = try Fixture.first.get()
    // The symbol tells whether the value before was large: nothing linear in the value.
    func taught(_ pair: AttackedPair) -> PerceptronAttack.Example {
      var pair = pair
      let count = pair.channels.count
      for cell in pair.symbols.indices where pair.symbols[cell] >= 0 {
        let earlier = cell >= count ? pair.values[cell - count] / pair.valueScales[cell % count] : 0
        pair.symbols[cell] = abs(earlier) > 0.7 ? 1 : 0
      }
      let flat = [Double](repeating: 1, count: pair.values.count)
      return .init(
        pair: pair, forecast: .init(means: flat, spreads: flat, swells: flat, law: .normal),
        guesses: SymbolGuesses(pair) { _, _ in })
    }
    func run(seed: UInt64) throws -> SymbolGuesses {
      var attack = PerceptronAttack(seed: seed)
      attack.train([taught(try Fixture.second.get())])
      return attack.run(taught(pair))
    }
    let guesses = try run(seed: 3)
    let score = try #require(AttackScore("perceptron", guesses, of: taught(pair).pair))
    #expect(score.symbolAgreement > 0.7, "\(score.symbolAgreement)")
    #expect(try run(seed: 3).cells.map(\.probabilities) == guesses.cells.map(\.probabilities))
    #expect(try run(seed: 4).cells.map(\.probabilities) != guesses.cells.map(\.probabilities))
  }
}
