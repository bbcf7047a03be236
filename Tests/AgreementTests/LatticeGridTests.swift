import Foundation
import Testing

@testable import Agreement

@Suite("Grid of values on a lattice")
struct LatticeGridTests {
  /// One channel per series, all kept by both.
  static func grid(_ series: [[Double]], step: Double, bits: Int, kept: [Bool]? = nil) throws -> SymbolGrid {
    let quantiser = try #require(OffsetQuantiser(step: step, bits: bits))
    let steps = series[0].count
    let values = (0..<steps).flatMap { t in series.map { $0[t] } }
    let all = kept ?? [Bool](repeating: true, count: values.count)
    return try SymbolGrid(
      steps: steps, quantisers: series.map { _ in quantiser }, kinds: series.map { _ in 0 },
      positions: values.map { quantiser.position(of: $0) ?? 16 }, values: values, ownKept: all, peerKept: all)
  }

  static func bound(_ grid: SymbolGrid) throws -> Int {
    try #require(PredictionBound.estimate(grid).bound.millibits)
  }

  @Test("bits run time, then channel, then plane, the index in plain binary")
  func bits() throws {
    // Cells 5 and −3 (modulo 8: 5), then 2 and 0, the last kept by neither.
    let grid = try Self.grid(
      [[5.5, 2.1], [-2.9, 0.2]], step: 1, bits: 3, kept: [true, true, true, false])
    #expect(grid.bits == BitString([true, false, true, true, false, true, false, true, false]))
    #expect(grid.keptCount == 9)
  }

  @Test("a value kept without a position, or no motion, makes no grid")
  func unreadable() throws {
    let quantiser = try #require(OffsetQuantiser(step: 1, bits: 2))
    for (value, position) in [(0.5, UInt8(16)), (.nan, 3), (1e300, 3)] {
      #expect(throws: SymbolGridError.keptWithoutValue(step: 0, channel: 0)) {
        try SymbolGrid(
          steps: 1, quantisers: [quantiser], kinds: [0], positions: [position], values: [value], ownKept: [true],
          peerKept: [true])
      }
    }
    #expect(throws: SymbolGridError.wrongCount("positions", found: 0, expected: 1)) {
      try SymbolGrid(
        steps: 1, quantisers: [quantiser], kinds: [0], positions: [], values: [0], ownKept: [true], peerKept: [true])
    }
  }

  @Test("unpredictable values are worth nearly all their bits")
  func white() throws {
    var generator = SeededGenerator(seed: 81)
    let series = (0..<3).map { _ in (0..<600).map { _ in 5 * generator.normal() } }
    #expect(try Self.bound(try Self.grid(series, step: 0.5, bits: 4)) > 850)
  }

  @Test("a motion that leaves less than a cell open is worth next to nothing, however wide it swings")
  func predictable() throws {
    var generator = SeededGenerator(seed: 82)
    let series = (0..<3).map { channel in
      (0..<800).map { 8 * cos(0.37 * Double($0) + Double(channel)) + 0.1 * generator.normal() }
    }
    #expect(try Self.bound(try Self.grid(series, step: 1.5, bits: 3)) < 60)
  }

  @Test("the narrower the cells against what a predictor leaves, the more they are worth")
  func widths() throws {
    var generator = SeededGenerator(seed: 83)
    let series = (0..<3).map { _ in
      var motion = SIMD2(0.0, 0.0)
      return (0..<900).map { _ in
        motion = SIMD2(1.7 * motion[0] - 0.8 * motion[1] + generator.normal(), motion[0])
        return motion[0]
      }
    }
    let bounds = try [0.8, 1.6, 3.2].map { try Self.bound(try Self.grid(series, step: $0, bits: 2)) }
    #expect(bounds[0] > bounds[1] && bounds[1] > bounds[2], "\(bounds)")
    #expect(bounds[0] > 500 && bounds[2] < 250, "\(bounds)")
  }

  @Test("positions that tell of the cell are found out")
  func tellingPositions() throws {
    // The cell follows from the position alone.
    var generator = SeededGenerator(seed: 84)
    let series = (0..<2).map { _ in
      (0..<1500).map { _ in
        let position = Int.random(in: 0..<16, using: &generator)
        return Double(position * 5 % 4 + 4 * Int.random(in: -3...3, using: &generator)) + (Double(position) + 0.5) / 16
      }
    }
    #expect(try Self.bound(try Self.grid(series, step: 1, bits: 2)) < 80)
  }

  @Test("the positions of the next steps are looked at")
  func lookahead() throws {
    // A walk whose steps are a cell each way or none: every value would be anybody's guess, but its own noise, which is
    // smaller than a position, tells through the next two values which way it went.
    var generator = SeededGenerator(seed: 85)
    var walk = SIMD2(0.0, 0.0)
    let series = (0..<2400).map { _ in
      walk = SIMD2(1.45 * walk[0] - 0.9 * walk[1] + 0.55 * generator.normal(), walk[0])
      return walk[0]
    }
    let scores = PredictionBound.gridScores(try Self.grid([series], step: 1.2, bits: 1))
    let ahead = try #require(scores.first { $0.name == "linear: all channels, and the next positions" })
    let behind = try #require(
      scores.filter { $0.name.hasPrefix("linear: ") && $0.name != ahead.name }.map(\.hits).max())
    #expect(ahead.hits > behind, "\(ahead.hits) with, \(behind) without")
  }

  @Test("the gates see the index's bits")
  func gates() throws {
    var generator = SeededGenerator(seed: 86)
    func walk(_ pace: Double) -> [Double] {
      var value = 0.0
      return (0..<900).map { _ in
        value = 0.98 * value + pace * generator.normal()
        return value
      }
    }
    // Quick against a period of four cells, and slow.
    try Gates.check(try Self.grid([walk(3), walk(3), walk(3)], step: 1, bits: 2))
    let slow = try Self.grid([walk(0.5), walk(0.5), walk(0.5)], step: 1, bits: 2)
    #expect(throws: Gates.Failure.self) { try Gates.check(slow) }
  }
}
