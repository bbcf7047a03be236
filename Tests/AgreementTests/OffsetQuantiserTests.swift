import Testing

@testable import Agreement

@Suite("Cells with published positions")
struct OffsetQuantiserTests {
  static func make(step: Double = 0.5, bits: Int = 3) throws -> OffsetQuantiser {
    try #require(OffsetQuantiser(step: step, bits: bits))
  }

  @Test("a value's own position leads back to its own cell, modulo 2^bits")
  func ownCell() throws {
    var generator = SeededGenerator(seed: 71)
    for bits in OffsetQuantiser.bitCounts {
      let quantiser = try Self.make(step: 0.37, bits: bits)
      for _ in 0..<2_000 {
        let value = 40 * (generator.uniform() - 0.5)
        let position = try #require(quantiser.position(of: value))
        let nearest = try #require(quantiser.nearest(to: value, position: position))
        #expect(nearest.cell == Int((value / 0.37).rounded(.down)) & ((1 << bits) - 1))
        #expect(abs(nearest.residual) <= 1.0 / 32 + 1e-9)
      }
    }
  }

  @Test("a peer less than 0.46 cells off arrives at the same cell, and learns how far off it is")
  func peerCell() throws {
    var generator = SeededGenerator(seed: 72)
    let quantiser = try Self.make()
    for _ in 0..<5_000 {
      let value = 20 * (generator.uniform() - 0.5)
      let off = 0.92 * (generator.uniform() - 0.5)
      let position = try #require(quantiser.position(of: value))
      let own = try #require(quantiser.nearest(to: value, position: position))
      let peer = try #require(quantiser.nearest(to: value + off * quantiser.step, position: position))
      #expect(peer.cell == own.cell && abs(peer.residual + off) <= 1.0 / 32 + 1e-9)
    }
  }

  @Test("the position of a uniform value tells nothing of its cell")
  func positionAlone() throws {
    var generator = SeededGenerator(seed: 73)
    let quantiser = try Self.make(bits: 1)
    var ones = [Double](repeating: 0, count: OffsetQuantiser.positions)
    var counts = ones
    for _ in 0..<32_000 {
      let value = 2 * quantiser.step * generator.uniform()
      let position = Int(try #require(quantiser.position(of: value)))
      counts[position] += 1
      ones[position] += Double(try #require(quantiser.nearest(to: value, position: UInt8(position))).cell)
    }
    for (one, count) in zip(ones, counts) { #expect(abs(one / count - 0.5) < 0.06) }
  }

  @Test("what is no motion has no position: missing, infinite, or beyond a thousand million cells")
  func noMotion() throws {
    let quantiser = try Self.make()
    for value in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
      #expect(quantiser.position(of: value) == nil)
      #expect(quantiser.nearest(to: value, position: 3) == nil)
    }
    #expect(quantiser.nearest(to: 0, position: 16) == nil)
    #expect(quantiser.nearest(to: 0, position: 255) == nil)
  }

  @Test("steps and bits out of range make no quantiser")
  func outOfRange() {
    for step in [0, -1, Double.nan, .infinity] { #expect(OffsetQuantiser(step: step, bits: 2) == nil) }
    for bits in [0, 5, -1, .max] { #expect(OffsetQuantiser(step: 1, bits: bits) == nil) }
  }
}
