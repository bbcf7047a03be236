import Foundation
import Testing

@testable import Agreement

/// A process of which the best predictor's hit rate is known.
struct KnownProcess: Sendable, CustomTestStringConvertible {
  let name: String
  let coefficients: [Double]
  let steps: Int
  let channels: Int
  let levels: Int
  let guardBand: Double
  let seed: UInt64
  var testDescription: String { "\(name), seed \(seed)" }

  static func resonance(_ radius: Double, _ frequency: Double) -> [Double] {
    [2 * radius * cos(2 * .pi * frequency), -radius * radius]
  }

  static let all: [KnownProcess] = [
    .init(name: "white, 3 bits", coefficients: [], steps: 300, channels: 6, levels: 3, guardBand: 0.1, seed: 1),
    .init(name: "AR(1) 0.3, 3 bits", coefficients: [0.3], steps: 300, channels: 6, levels: 3, guardBand: 0.08, seed: 2),
    .init(name: "AR(1) 0.6, 2 bits", coefficients: [0.6], steps: 400, channels: 6, levels: 2, guardBand: 0.15, seed: 3),
    .init(name: "AR(1) 0.9, 3 bits", coefficients: [0.9], steps: 300, channels: 6, levels: 3, guardBand: 0.08, seed: 4),
    .init(name: "AR(1) 0.9, 2 bits", coefficients: [0.9], steps: 900, channels: 3, levels: 2, guardBand: 0.15, seed: 5),
    .init(name: "AR(1) 0.98, 1 bit", coefficients: [0.98], steps: 800, channels: 4, levels: 1, guardBand: 0.3, seed: 6),
    .init(
      name: "resonance 0.9, 2 bits", coefficients: resonance(0.9, 0.1), steps: 2400, channels: 1, levels: 2,
      guardBand: 0.2, seed: 7),
    .init(
      name: "resonance 0.95, 1 bit", coefficients: resonance(0.95, 0.23), steps: 2000, channels: 3, levels: 1,
      guardBand: 0.8, seed: 8),
  ]
}

@Suite("Predictors on the grid")
struct GridPredictionTests {
  /// How much more than the truth the bound may leave, in bits per bit. Measured over 40 seeds of each process the
  /// bound was never above the truth: the confidence limit outweighs what it costs to learn the process.
  static let slack = 0.005

  @Test(arguments: KnownProcess.all)
  func boundDoesNotExceedTheTruth(process: KnownProcess) throws {
    var generator = SeededGenerator(seed: process.seed)
    let series = AutoregressiveProcess(
      process.coefficients, steps: process.steps, channels: process.channels, using: &generator)
    let grid = try series.grid(levels: process.levels, guardBand: process.guardBand)
    let truth = -log2(series.bestHitRate(on: grid, guardBand: process.guardBand))
    let bound = try #require(PredictionBound.estimate(grid).bound.millibits)
    #expect(grid.keptCount > 2000)
    #expect(Double(bound) / 1000 <= truth + Self.slack, "truth \(truth)")
    // Nor does it see much that is not there: the confidence limit takes up to 0.05, and going through a short segment
    // with many channels beforehand as much again.
    #expect(Double(bound) / 1000 >= truth - 0.15, "truth \(truth)")
  }

  @Test func fairCoinsAreWorthNearlyOneBit() throws {
    var generator = SeededGenerator(seed: 11)
    let series = AutoregressiveProcess([], steps: 1000, channels: 4, using: &generator)
    let bound = PredictionBound.estimate(try series.grid(levels: 1, guardBand: 0))
    let millibits = try #require(bound.bound.millibits)
    // 4000 bits: the confidence limit alone leaves 0.942.
    #expect((820...942).contains(millibits), "\(bound)")
  }

  /// With the erasures cut out a band-limited process looks like two bits in three; on the grid it is plain.
  @Test func bandLimitedProcessWithGuardIsSeenThrough() throws {
    var generator = SeededGenerator(seed: 12)
    let series = AutoregressiveProcess(
      KnownProcess.resonance(0.95, 0.23), steps: 2000, channels: 3, using: &generator)
    let grid = try series.grid(levels: 1, guardBand: 0.8)
    #expect(series.bestHitRate(on: grid, guardBand: 0.8) > 0.98)
    let packed = MultiMMCPrediction.run(grid.bits.unpackedScratch())
    #expect(Double(packed.hits) < 0.70 * Double(packed.predictions))
    let bound = PredictionBound.estimate(grid)
    let best = try #require(bound.binding)
    #expect(Double(best.hits) > 0.97 * Double(best.guesses), "\(bound)")
    #expect(try #require(bound.bound.millibits) < 45)
  }

  /// Three in ten cells missing in runs: the past on either side of a gap must still be used.
  @Test func gapsDoNotHideThePast() throws {
    var generator = SeededGenerator(seed: 13)
    let channels = 3
    let series = AutoregressiveProcess([0.9], steps: 1200, channels: channels, using: &generator)
    var gone = Set<Int>()
    for _ in 0..<360 {
      let start = Int.random(in: 2..<1195, using: &generator)
      let channel = Int.random(in: 0..<channels, using: &generator)
      for step in start..<(start + 3) { gone.insert(step * channels + channel) }
    }
    let grid = try series.grid(levels: 2, guardBand: 0.1) { gone.contains($0) }
    // Where the value before is missing, the best guess goes back k steps: mean 0.9^k·x, variance 1 + 0.81 + ….
    var expected = 0.0
    var count = 0.0
    for channel in 0..<channels {
      for step in 5..<1200 where grid.ownKept[step * channels + channel] {
        var back = 1
        while back < 5 && gone.contains((step - back) * channels + channel) { back += 1 }
        let mean = pow(0.9, Double(back)) * series.values[(step - back) * channels + channel]
        let spread = (0..<back).map { pow(0.81, Double($0)) }.reduce(0, +).squareRoot()
        // The sign bit alone: the chance of the likelier sign, outside the guard.
        let band = 0.1 * series.scale
        let plus = erfc((band - mean) / spread / 2.0.squareRoot())
        let minus = erfc((band + mean) / spread / 2.0.squareRoot())
        expected += max(plus, minus) / (plus + minus)
        count += 1
      }
    }
    // The same bits from a one-bit grid with the same erasures.
    let signs = try SymbolGrid(
      steps: 1200, levels: [1, 1, 1], kinds: [0, 0, 0], thresholds: [[0], [0], [0]], values: grid.values, inputs: [],
      ownKept: zip(grid.values, grid.ownKept).map { $0.isFinite && abs($0) >= 0.1 * series.scale && $1 },
      peerKept: grid.ownKept)
    let bound = PredictionBound.estimate(signs)
    let truth = -log2(expected / count)
    let millibits = try #require(bound.bound.millibits)
    #expect(Double(millibits) / 1000 <= truth + Self.slack, "truth \(truth)\n\(bound)")
  }

  /// Channel 1 is channel 0 of the same step plus noise; channel 2 follows channel 0 two steps later.
  @Test func otherChannelsAreUsed() throws {
    var generator = SeededGenerator(seed: 14)
    let steps = 900
    var values = [Double](repeating: 0, count: 3 * steps)
    for step in 0..<steps {
      values[3 * step] = generator.normal()
      values[3 * step + 1] = values[3 * step] + 0.1 * generator.normal()
      values[3 * step + 2] = (step < 2 ? 0 : values[3 * step - 6]) + 0.1 * generator.normal()
    }
    let kept = [Bool](repeating: true, count: 3 * steps)
    let grid = try SymbolGrid(
      steps: steps, levels: [1, 1, 1], kinds: [0, 0, 0], thresholds: [[0], [0], [0]], values: values, inputs: [],
      ownKept: kept, peerKept: kept)
    let best = try #require(PredictionBound.estimate(grid).binding)
    // One fair coin, and two signs told by a neighbour with correlation 0.995: (0.5 + 2·0.968) / 3.
    #expect(Double(best.hits) / Double(best.guesses) > 0.79)
  }

  /// The peer keeps the next cell exactly if this bit is 1: the future mask gives the bit away.
  @Test func futureMasksAreUsed() throws {
    var generator = SeededGenerator(seed: 15)
    let steps = 6000
    let values = (0..<steps).map { _ in generator.normal() }
    var peer = [Bool](repeating: true, count: steps)
    for step in 1..<steps { peer[step] = values[step - 1] >= 0 }
    let grid = try SymbolGrid(
      steps: steps, levels: [1], kinds: [0], thresholds: [[0]], values: values, inputs: [],
      ownKept: [Bool](repeating: true, count: steps), peerKept: peer)
    let scores = PredictionBound.gridScores(grid)
    let best = try #require(scores.min { ($0.bits ?? 0) < ($1.bits ?? 0) })
    #expect(Double(best.hits) > 0.99 * Double(best.guesses))
    // The string itself is fair: nothing but the mask tells.
    #expect(PredictionBound.stringScores(grid.bits).allSatisfy { ($0.bits ?? 0) > 0.85 })
  }

  /// Values that are a random walk's steps seen through a filter: only the inputs before the innovations tell them.
  @Test func inputsAreUsed() throws {
    var generator = SeededGenerator(seed: 16)
    let steps = 2500
    var inputs: [Double] = []
    var values: [Double] = []
    var last = 0.0
    for _ in 0..<steps {
      // The value is minus the last input plus a little noise; the input itself is white.
      values.append(-last + 0.2 * generator.normal())
      last = generator.normal()
      inputs.append(last)
    }
    let kept = [Bool](repeating: true, count: steps)
    func bound(_ inputs: [Double]) throws -> Int {
      let grid = try SymbolGrid(
        steps: steps, levels: [1], kinds: [0], thresholds: [[0]], values: values, inputs: inputs, ownKept: kept,
        peerKept: kept)
      return try #require(PredictionBound.estimate(grid).bound.millibits)
    }
    #expect(try bound([]) > 800)
    #expect(try bound(inputs) < 150)
  }

  @Test func symbolThatRepeatsIsSeen() throws {
    var generator = SeededGenerator(seed: 17)
    // A value repeats the cell of the one before (with a fresh value in it) nine times in ten.
    let steps = 1500
    var values: [Double] = []
    var cell = 0
    for _ in 0..<steps {
      if generator.uniform() < 0.1 { cell = Int.random(in: 0..<4, using: &generator) }
      values.append(Double((cell * 5 + 3) % 4) + generator.uniform())
    }
    let kept = [Bool](repeating: true, count: steps)
    let grid = try SymbolGrid(
      steps: steps, levels: [2], kinds: [0], thresholds: [[1, 2, 3]], values: values, inputs: [], ownKept: kept,
      peerKept: kept)
    let scores = PredictionBound.gridScores(grid)
    let context = try #require(scores.first { $0.name == "context: last kept symbol" })
    #expect(Double(context.hits) > 0.92 * Double(context.guesses))
  }
}

@Suite("Prediction bound: what cannot be computed")
struct PredictionBoundFailureTests {
  @Test(arguments: [1e200, 1e308])
  func figuresOutOfRangeAreNotComputed(size: Double) throws {
    var generator = SeededGenerator(seed: 21)
    let values = (0..<3000).map { _ in size * (generator.uniform() - 0.5) }
    let kept = [Bool](repeating: true, count: 3000)
    let grid = try SymbolGrid(
      steps: 3000, levels: [1], kinds: [0], thresholds: [[0]], values: values, inputs: [], ownKept: kept,
      peerKept: kept)
    let bound = PredictionBound.estimate(grid)
    #expect(bound.bound.millibits == nil)
    #expect(bound.binding?.bits == nil)
    #expect(bound.description.contains("could not be computed"))
  }

  @Test func emptyAndTinyGridsAreNotComputed() throws {
    for steps in [0, 1, 2, 10] {
      let grid = try SymbolGrid(
        steps: steps, levels: [1], kinds: [0], thresholds: [[0]],
        values: (0..<steps).map { Double($0) - 0.5 }, inputs: [],
        ownKept: [Bool](repeating: true, count: steps), peerKept: [Bool](repeating: true, count: steps))
      #expect(PredictionBound.estimate(grid).bound.millibits == nil, "\(steps) steps")
    }
    let none = try SymbolGrid(
      steps: 5, levels: [], kinds: [], thresholds: [], values: [], inputs: [], ownKept: [], peerKept: [])
    #expect(PredictionBound.estimate(none).bound.millibits == nil)
  }

  @Test func constantAndOddGridsDoNotTrap() throws {
    var generator = SeededGenerator(seed: 22)
    for kind in 0..<6 {
      var values = (0..<1200).map { _ in generator.normal() }
      switch kind {
      case 0: values = values.map { _ in 0 }
      case 1: values = values.map { _ in 5 }
      case 2: values = values.map { $0 * 1e-200 }
      case 3: for index in values.indices where index % 3 != 0 { values[index] = .nan }
      case 4: for index in 300..<900 { values[index] = .infinity }
      default: values = values.map { _ in .nan }
      }
      let kept = values.map(\.isFinite)
      let grid = try SymbolGrid(
        steps: 400, levels: [1, 2, 3], kinds: [0, 1, -7], thresholds: [[0], [-1, 0, 1], [-3, -2, -1, 0, 1, 2, 3]],
        values: values, inputs: values.reversed(), ownKept: kept, peerKept: [Bool](repeating: true, count: 1200))
      let bound = PredictionBound.estimate(grid)
      if let millibits = bound.bound.millibits { #expect((0...1000).contains(millibits)) }
      if kind < 2 { #expect(bound.bound.millibits == 0) }
    }
  }

  @Test func anyMissingEstimateSpoilsTheBound() {
    let good = PredictionBound.Score(name: "good", guesses: 10, hits: 5, bits: 0.4)
    let better = PredictionBound.Score(name: "better", guesses: 10, hits: 6, bits: 0.3)
    let missing = PredictionBound.Score(name: "missing", guesses: 0, hits: 0, bits: nil)
    let broken = PredictionBound.Score(name: "broken", guesses: 0, hits: 0, bits: .nan)
    #expect(PredictionBound(scores: [good, better]).bound == EntropyBound(name: "prediction (better)", millibits: 300))
    #expect(PredictionBound(scores: [good, missing, better]).bound.millibits == nil)
    #expect(PredictionBound(scores: [good, broken, better]).bound.millibits == nil)
    #expect(PredictionBound(scores: []).bound.millibits == nil)
  }
}
