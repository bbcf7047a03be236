import Foundation
import Testing

@testable import Agreement

@Suite("Confidence limits, bias and byte bounds")
struct EntropyBoundTests {
  @Test func upperLimitOfAProportion() throws {
    #expect(ConfidenceBound.upperLimit(hits: 0, of: 100) == 1 - pow(0.01, 0.01))
    #expect(ConfidenceBound.upperLimit(hits: 100, of: 100) == 1)
    let limit = try #require(ConfidenceBound.upperLimit(hits: 750, of: 1000))
    #expect(abs(limit - (0.75 + 2.5758293035489008 * (0.75 * 0.25 / 999).squareRoot())) < 1e-15)
    for (hits, trials) in [(0, 0), (1, 1), (-1, 10), (11, 10), (5, -10)] {
      #expect(ConfidenceBound.upperLimit(hits: hits, of: trials) == nil)
    }
  }

  @Test func limitRisesWithHitsAndFallsWithTrials() throws {
    for hits in 0..<1000 {
      let less = try #require(ConfidenceBound.upperLimit(hits: hits, of: 1000))
      let more = try #require(ConfidenceBound.upperLimit(hits: hits + 1, of: 1000))
      #expect(more >= less || hits == 0)
      let surer = try #require(ConfidenceBound.upperLimit(hits: 10 * hits, of: 10_000))
      #expect(surer <= less)
    }
  }

  @Test func millibitsAreRoundedDown() {
    #expect(EntropyBound(name: "", bits: 0.2999999).millibits == 299)
    #expect(EntropyBound(name: "", bits: 1).millibits == 1000)
    #expect(EntropyBound(name: "", bits: 0).millibits == 0)
    for bad in [Double.nan, .infinity, -0.001, 1.001, -.infinity] {
      #expect(EntropyBound(name: "", bits: bad).millibits == nil)
    }
    #expect(EntropyBound(name: "", bits: nil).millibits == nil)
    #expect(EntropyBound(name: "", millibits: 7).figure == "0.007")
    #expect(EntropyBound(name: "", millibits: 1000).figure == "1.000")
  }

  @Test func biasBound() {
    #expect(EntropyBound.bias(of: BitString(zeros: 5000)).millibits == 0)
    // 2500 of 5000: ½ + 2.5758·0.0070718 = 0.51822; −log2 = 0.94837.
    let fair = BitString((0..<5000).map { $0 % 2 == 0 })
    #expect(EntropyBound.bias(of: fair).millibits == 948)
    #expect(EntropyBound.bias(of: BitString()).millibits == nil)
    #expect(EntropyBound.bias(of: BitString(zeros: 1)).millibits == nil)
    var inverted = BitString()
    var generator = SeededGenerator(seed: 51)
    let biased = generator.bits(3000, ones: 0.3)
    for index in 0..<biased.count { inverted.append(!biased[index]) }
    #expect(EntropyBound.bias(of: biased) == EntropyBound.bias(of: inverted))
  }

  @Test func byteBoundOfEqualBytesIsNothing() {
    #expect(EntropyBound.mostCommonByte(of: BitString(zeros: 4000)).millibits == 0)
  }

  /// 512 bytes in which one value fills every fourth place: 128 of 512, or 127 of 511 at the other alignments at most.
  @Test func byteBoundByHand() throws {
    var bits = BitString()
    for index in 0..<512 {
      // All values but 0xA5 differ, so no other can be commoner, at any alignment.
      let value = index % 4 == 0 ? 0xA5 : (index * 89 + 7) & 0xFF
      for bit in 0..<8 { bits.append(value >> (7 - bit) & 1 == 1) }
    }
    let millibits = try #require(EntropyBound.mostCommonByte(of: bits).millibits)
    let byHand = -log2(0.25 + ConfidenceBound.z * (0.25 * 0.75 / 511).squareRoot()) / 8
    #expect(millibits <= Int(byHand * 1000))
    #expect(millibits >= Int(byHand * 1000) - 20)
  }

  /// The structure is eight bits long but begins three bits late.
  @Test func byteBoundSeesThroughAShift() throws {
    var generator = SeededGenerator(seed: 52)
    var aligned = BitString()
    for _ in 0..<500 {
      let value = generator.uniform() < 0.5 ? 0x3C : Int.random(in: 0..<256, using: &generator)
      for bit in 0..<8 { aligned.append(value >> bit & 1 == 1) }
    }
    var shifted = BitString([true, false, true])
    shifted.append(contentsOf: aligned)
    let first = try #require(EntropyBound.mostCommonByte(of: aligned).millibits)
    let second = try #require(EntropyBound.mostCommonByte(of: shifted).millibits)
    #expect(first < 130)
    #expect(abs(first - second) <= 2)
  }

  /// On few bytes the bound stays far below one bit per bit, however fair the bits are.
  @Test(arguments: [64, 100, 500, 1250])
  func fairBitsAreNotOverrated(bytes: Int) throws {
    var generator = SeededGenerator(seed: UInt64(bytes))
    let millibits = try #require(EntropyBound.mostCommonByte(of: generator.bits(8 * bytes)).millibits)
    let best = -log2(1 / 256 + ConfidenceBound.z * (1 / 256 * 255 / 256 / Double(bytes - 1)).squareRoot()) / 8
    #expect(millibits < Int(1000 * best))
    #expect(millibits > 200)
  }

  @Test(arguments: [0, 1, 8, 15, 16, 22])
  func byteBoundNeedsTwoBytesAtEveryAlignment(bits: Int) {
    #expect(EntropyBound.mostCommonByte(of: BitString(zeros: bits)).millibits == nil)
    #expect(EntropyBound.mostCommonByte(of: BitString(zeros: 23)).millibits == 0)
  }
}

@Suite("SP 800-90B predictors: edges")
struct NinetyBEdgeTests {
  @Test func shortStringsAreNotEstimated() {
    for count in 0..<18 {
      let bits = BitString(zeros: count).unpackedScratch()
      #expect(MultiMCWPrediction.run(bits).bits == nil)
      #expect(LZ78YPrediction.run(bits).bits == nil)
      #expect((LagPrediction.run(bits).bits == nil) == (count < 3))
      #expect((MultiMMCPrediction.run(bits).bits == nil) == (count < 4))
      #expect((MarkovEstimate.bits(of: bits) == nil) == (count < 2))
    }
  }

  @Test func constantAndAlternatingStringsHaveNothing() throws {
    let constant = BitString(zeros: 5000).unpackedScratch()
    #expect(MultiMCWPrediction.run(constant).bits == 0)
    #expect(LagPrediction.run(constant).bits == 0)
    #expect(MultiMMCPrediction.run(constant).bits == 0)
    #expect(LZ78YPrediction.run(constant).bits == 0)
    #expect(MarkovEstimate.bits(of: constant) == 0)
    let alternating = BitString((0..<5000).map { $0 % 2 == 0 }).unpackedScratch()
    #expect(try #require(LagPrediction.run(alternating).bits) < 0.003)
    #expect(try #require(MultiMMCPrediction.run(alternating).bits) < 0.003)
    #expect(try #require(LZ78YPrediction.run(alternating).bits) < 0.003)
    #expect(try #require(MarkovEstimate.bits(of: alternating)) < 0.009)
  }

  /// A long run of hits in otherwise poor guesses lowers the estimate (section 6.3.7, step 7).
  @Test func longRunsCount() throws {
    let ordinary = try #require(PredictionEstimate(predictions: 4000, hits: 2000, longestRun: 11).bits)
    let suspicious = try #require(PredictionEstimate(predictions: 4000, hits: 2000, longestRun: 60).bits)
    #expect(ordinary > 0.94)
    #expect(suspicious < 0.3)
    var last = 1.0
    for run in 1...200 {
      let bits = try #require(PredictionEstimate(predictions: 4000, hits: 2000, longestRun: run).bits)
      #expect(bits <= last + 1e-12)
      last = bits
    }
  }
}
