import Foundation
import Testing

@testable import Agreement

@Suite("Randomness gates")
struct GatesTests {
  static func failure(_ bits: BitString) -> Gates.Failure? {
    do {
      try Gates.check(bits)
      return nil
    } catch { return error }
  }

  static func failure(_ grid: SymbolGrid) -> Gates.Failure? {
    do {
      try Gates.check(grid)
      return nil
    } catch { return error }
  }

  /// A one-bit grid of the given channels (time series of 0, 1 or nil for erased).
  static func grid(_ channels: [[Int?]]) throws -> SymbolGrid {
    let steps = channels[0].count
    let cells = (0..<steps).flatMap { step in channels.map { $0[step] } }
    return try SymbolGrid(
      steps: steps, levels: channels.map { _ in 1 }, kinds: channels.map { _ in 0 },
      thresholds: channels.map { _ in [0.5] }, values: cells.map { Double($0 ?? 0) }, inputs: [],
      ownKept: cells.map { $0 != nil }, peerKept: cells.map { _ in true })
  }

  @Test func fairBitsPass() throws {
    for seed in 0..<20 {
      var generator = SeededGenerator(seed: UInt64(seed))
      #expect(Self.failure(generator.bits(2049)) == nil, "seed \(seed)")
      let channels = (0..<6).map { _ in
        (0..<600).map { _ in generator.uniform() < 0.4 ? nil : Int.random(in: 0...1, using: &generator) }
      }
      #expect(Self.failure(try Self.grid(channels)) == nil, "seed \(seed)")
    }
  }

  @Test func moreThan2048BitsAreNeeded() {
    var generator = SeededGenerator(seed: 61)
    let enough = generator.bits(2049)
    #expect(Self.failure(enough) == nil)
    let few = BitString((0..<2048).map { enough[$0] })
    #expect(Self.failure(few) == Gates.Failure(gate: .bitCount, figure: 2048, limit: 2048))
    #expect(Self.failure(BitString())?.gate == .bitCount)
  }

  @Test func biasOfOneTenthFails() throws {
    // Bits in random order with exactly the given number of ones.
    var generator = SeededGenerator(seed: 62)
    func string(ones: Int) -> BitString {
      BitString((0..<5000).map { $0 < ones }.shuffled(using: &generator))
    }
    #expect(Self.failure(string(ones: 2999)) == nil)
    #expect(Self.failure(string(ones: 2001)) == nil)
    let high = try #require(Self.failure(string(ones: 3001)))
    #expect(high.gate == .bias && abs(high.figure - 0.1002) < 1e-9)
    #expect(Self.failure(string(ones: 1999))?.gate == .bias)
    #expect(Self.failure(BitString(zeros: 5000))?.gate == .bias)
  }

  @Test func tooFewAndTooManyRunsFail() throws {
    var generator = SeededGenerator(seed: 63)
    // A bit changes with the given probability: the number of runs is that share of n, expected is one half.
    func chain(_ change: Double) -> BitString {
      var bit = false
      return BitString(
        (0..<8000).map { _ in
          if generator.uniform() < change { bit.toggle() }
          return bit
        })
    }
    #expect(Self.failure(chain(0.35))?.gate == .runs)
    #expect(Self.failure(chain(0.65))?.gate == .runs)
    let failure = try #require(Self.failure(chain(0.65)))
    #expect(abs(failure.figure - 0.3) < 0.05)
    #expect(failure.limit == 0.25)
    #expect(Self.failure(chain(0.45)) == nil)
  }

  /// A bit equals the one `lag` places before with probability 0.8: correlation 0.6 there and, for lag > 1, the usual
  /// number of runs.
  @Test(arguments: 2...8)
  func autocorrelationOfTheStringFails(lag: Int) throws {
    var generator = SeededGenerator(seed: 64)
    var bits: [Bool] = (0..<lag).map { _ in Bool.random(using: &generator) }
    while bits.count < 6000 { bits.append(bits[bits.count - lag] != (generator.uniform() < 0.2)) }
    let failure = try #require(Self.failure(BitString(bits)))
    #expect(failure.gate == .autocorrelation(lag: lag))
    #expect(abs(failure.figure - 0.6) < 0.1)
  }

  /// Six channels hide from the packed string what one of them does over time.
  @Test(arguments: 2...8)
  func autocorrelationOnTheGridFails(lag: Int) throws {
    var generator = SeededGenerator(seed: 65)
    var channels: [[Int?]] = (0..<6).map { _ in (0..<600).map { _ in Int.random(in: 0...1, using: &generator) } }
    var series = channels[4].map { $0 ?? 0 }
    for step in lag..<600 { series[step] = generator.uniform() < 0.8 ? series[step - lag] : 1 - series[step - lag] }
    channels[4] = series
    let grid = try Self.grid(channels)
    #expect(Self.failure(grid.bits) == nil)
    let failure = try #require(Self.failure(grid))
    #expect(failure.gate == .gridAutocorrelation(channel: 4, lag: lag))
  }

  /// Erasures shift the bits of the packed string against each other; on the grid the distance stays.
  @Test func erasuresDoNotHideAutocorrelation() throws {
    var generator = SeededGenerator(seed: 66)
    var series = (0..<6000).map { _ in Int.random(in: 0...1, using: &generator) }
    for step in 3..<6000 { series[step] = generator.uniform() < 0.8 ? series[step - 3] : 1 - series[step - 3] }
    let channel: [Int?] = series.map { generator.uniform() < 0.5 ? $0 : nil }
    let failure = try #require(Self.failure(try Self.grid([channel])))
    #expect(failure.gate == .gridAutocorrelation(channel: 0, lag: 3))
  }

  @Test func alternationIsCorrelationToo() throws {
    var generator = SeededGenerator(seed: 67)
    var channels: [[Int?]] = (0..<6).map { _ in (0..<600).map { _ in Int.random(in: 0...1, using: &generator) } }
    channels[1] = (0..<600).map { $0 % 2 }
    let failure = try #require(Self.failure(try Self.grid(channels)))
    #expect(failure.gate == .gridAutocorrelation(channel: 1, lag: 1))
    #expect(failure.figure > 0.99)
  }

  @Test func constantPlaneFails() throws {
    var generator = SeededGenerator(seed: 68)
    var channels: [[Int?]] = (0..<6).map { _ in (0..<600).map { _ in Int.random(in: 0...1, using: &generator) } }
    channels[2] = (0..<600).map { _ in 1 }
    let failure = try #require(Self.failure(try Self.grid(channels)))
    #expect(failure.gate == .gridAutocorrelation(channel: 2, lag: 1))
    #expect(failure.figure == 1)
  }

  /// Six channels of three bits. In the first one the sign is a chain that changes with the given probability, and the
  /// next bit is fair or stuck; all else is fair.
  static func threePlanes(change: Double, stuck: Bool, seed: UInt64) throws -> SymbolGrid {
    var generator = SeededGenerator(seed: seed)
    var sign = 0
    var values: [Double] = []
    for _ in 0..<1000 {
      if generator.uniform() < change { sign = 1 - sign }
      // In the Gray code the second bit is 0 in the cells 0, 1, 6 and 7.
      let cell = Int.random(in: 0...(stuck ? 1 : 3), using: &generator)
      values.append(Double(sign == 0 ? cell : 7 - cell) + generator.uniform())
      for _ in 0..<5 { values.append(8 * generator.uniform()) }
    }
    let kept = [Bool](repeating: true, count: 6000)
    return try SymbolGrid(
      steps: 1000, levels: [Int](repeating: 3, count: 6), kinds: [Int](repeating: 0, count: 6),
      thresholds: [[Double]](repeating: (1...7).map(Double.init), count: 6), values: values, inputs: [], ownKept: kept,
      peerKept: kept)
  }

  /// A sign correlated by 0.5 is 0.17 over three planes; one correlated by 0.9 is 0.30.
  @Test func planesOfAChannelAreTakenTogether() throws {
    #expect(Self.failure(try Self.threePlanes(change: 0.25, stuck: false, seed: 70)) == nil)
    let failure = try #require(Self.failure(try Self.threePlanes(change: 0.05, stuck: false, seed: 70)))
    #expect(failure.gate == .gridAutocorrelation(channel: 0, lag: 1))
    #expect(abs(failure.figure - 0.3) < 0.04)
  }

  @Test func aStuckPlaneFailsTheChannel() throws {
    let failure = try #require(Self.failure(try Self.threePlanes(change: 0.5, stuck: true, seed: 71)))
    #expect(failure.gate == .gridAutocorrelation(channel: 0, lag: 1))
    #expect(abs(failure.figure - 1.0 / 3) < 0.06)
  }

  /// With fewer than 64 pairs nothing can be said, and nothing is.
  @Test func fewPairsAreNotJudged() throws {
    var generator = SeededGenerator(seed: 69)
    var channels: [[Int?]] = (0..<6).map { _ in (0..<600).map { _ in Int.random(in: 0...1, using: &generator) } }
    channels[2] = (0..<600).map { $0 < 60 ? 1 : nil }
    #expect(Self.failure(try Self.grid(channels)) == nil)
  }

  @Test func failuresSayWhatToDo() {
    let failure = Gates.Failure(
      gate: .gridAutocorrelation(channel: 3, lag: 2), figure: 0.31234567, limit: 0.25)
    #expect(
      failure.description
        == "the autocorrelation of channel 3 at 2 steps is 0.3123 in size, the limit is 0.25; "
        + "shake less regularly, in all directions")
    #expect(Gates.Failure(gate: .bias, figure: .nan, limit: 0).description.contains("nan"))
  }
}
