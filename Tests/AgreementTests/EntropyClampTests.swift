import Testing

@testable import Agreement

@Suite("Entropy clamp")
struct EntropyClampTests {
  static func bound(_ name: String, _ millibits: Int?) -> EntropyBound {
    EntropyBound(name: name, millibits: millibits)
  }

  static func evaluate(
    _ n: Int, bias: Int? = 900, bytes: Int? = 600, prediction: Int? = 400, leakage: Int = 0, cap: Int = 200,
    margin: Int = 512
  ) throws -> ClampResult {
    try EntropyClamp(capMillibits: cap, marginBits: margin).evaluate(
      keptBits: n, bias: bound("bias", bias), mostCommonByte: bound("most common byte", bytes),
      prediction: bound("prediction", prediction), leakageBits: leakage)
  }

  @Test func capAppliesBeforeTheSubtraction() throws {
    // 4000 · 0.200 = 800; 800 − 100 − 512 = 188. With the cap applied last it would have been 988 capped to 800.
    let result = try Self.evaluate(4000, leakage: 100)
    #expect(result.entropyBits == 800)
    #expect(result.usableBits == 188)
    #expect(result.bindingBound?.name == "cap")
    #expect(result.abort == nil)
    #expect(result.responderBudget == 60)
  }

  @Test(arguments: [("bias", 150, 600, 400), ("most common byte", 900, 150, 400), ("prediction", 900, 600, 150)])
  func eachBoundCanBind(name: String, bias: Int, bytes: Int, prediction: Int) throws {
    let result = try Self.evaluate(6000, bias: bias, bytes: bytes, prediction: prediction)
    #expect(result.bindingBound == Self.bound(name, 150))
    #expect(result.entropyBits == 900)
    #expect(result.usableBits == 388)
    #expect(result.sum.contains("\(name): 0.150 bit per kept bit  <- binds"))
    #expect(result.reportLines.contains("bound by \(name)"))
    #expect(!result.reportLines.contains("0.150") && !result.reportLines.contains("388"))
  }

  @Test func productsAreRoundedDown() throws {
    #expect(try Self.evaluate(4999, prediction: 199).entropyBits == 994)  // 994.801
    #expect(try Self.evaluate(9, prediction: 100).entropyBits == 0)
  }

  @Test func theLimitIs128Bits() throws {
    // 3200 · 0.2 = 640 = 512 + 128.
    #expect(try Self.evaluate(3200).abort == nil)
    #expect(try Self.evaluate(3200).responderBudget == 0)
    let short = try Self.evaluate(3200, leakage: 1)
    #expect(short.usableBits == 127)
    #expect(short.abort == .tooLittleEntropy(usableBits: 127, sum: short.sum))
    #expect(short.responderBudget == -1)
  }

  @Test func theWholeSumIsPrinted() throws {
    let result = try Self.evaluate(3000, leakage: 77)
    #expect(
      result.sum == """
        bounds:
          bias: 0.900 bit per kept bit
          most common byte: 0.600 bit per kept bit
          prediction: 0.400 bit per kept bit
          cap: 0.200 bit per kept bit  <- binds
          3000 kept bits x 0.200 = 600
        - 77 leakage
        - 512 margin
        = 11 usable bits, 128 needed
        """)
    #expect(result.abort?.description.hasSuffix(result.sum) == true)
  }

  @Test func aBoundThatCouldNotBeComputedAborts() throws {
    for (name, result) in [
      ("bias", try Self.evaluate(100_000, bias: nil)), ("most common byte", try Self.evaluate(100_000, bytes: nil)),
      ("prediction", try Self.evaluate(100_000, prediction: nil)),
    ] {
      #expect(result.abort == .boundNotComputable(name))
      #expect(result.bindingBound == nil)
      #expect(result.usableBits == 0)
      #expect(result.responderBudget == nil)
      #expect(result.sum.contains("\(name): could not be computed"))
    }
    // Nor is a figure believed that cannot be a bound.
    #expect(try Self.evaluate(100_000, prediction: -1).abort == .boundNotComputable("prediction"))
    #expect(try Self.evaluate(100_000, bias: 1001).abort == .boundNotComputable("bias"))
  }

  @Test func capCanOnlyBeLowered() throws {
    for cap in [Int.min, -1, 0, 201, 1000, .max] {
      #expect(throws: EntropyClampError.cap(cap)) { try EntropyClamp(capMillibits: cap) }
    }
    #expect(try EntropyClamp().capMillibits == 200)
    #expect(try Self.evaluate(8000, cap: 100).entropyBits == 800)
  }

  @Test func marginIsNeverBelow128() throws {
    for margin in [Int.min, -1, 0, 127] {
      #expect(throws: EntropyClampError.margin(margin)) { try EntropyClamp(marginBits: margin) }
    }
    #expect(try EntropyClamp().marginBits == 512)
    #expect(try !EntropyClamp(marginBits: 512).reducedMargin)
    #expect(try !EntropyClamp(marginBits: 4096).reducedMargin)
    #expect(try EntropyClamp(marginBits: 128).reducedMargin)
    #expect(try EntropyClamp(marginBits: 511).reducedMargin)
  }

  @Test func aReducedMarginIsShownInEveryReport() throws {
    for leakage in [0, 1000] {
      let reduced = try Self.evaluate(4000, leakage: leakage, margin: 128)
      #expect(reduced.sum.contains("REDUCED MARGIN"))
      #expect((reduced.abort == nil) == (leakage == 0))
      if reduced.abort == nil { #expect(reduced.reportLines.contains("REDUCED MARGIN")) }
      let full = try Self.evaluate(6000, leakage: leakage)
      #expect(!full.sum.contains("REDUCED") && !full.reportLines.contains("REDUCED"))
    }
  }

  @Test func nothingOverflows() throws {
    let huge = try Self.evaluate(.max)
    #expect(huge.abort == .implausibleCount(keptBits: .max, leakageBits: 0))
    #expect(huge.responderBudget == nil)
    #expect(try Self.evaluate(-1).abort == .implausibleCount(keptBits: -1, leakageBits: 0))
    #expect(try Self.evaluate(4000, leakage: -1).abort == .implausibleCount(keptBits: 4000, leakageBits: -1))
    #expect(try Self.evaluate(4000, leakage: .min).abort == .implausibleCount(keptBits: 4000, leakageBits: .min))
    let drained = try Self.evaluate(0, leakage: .max, margin: .max)
    #expect(drained.usableBits == .min)
    #expect(drained.responderBudget == .min)
    #expect(try Self.evaluate(.max / 200).usableBits == .max / 200 * 200 / 1000 - 512)
    #expect(!huge.sum.isEmpty && !drained.sum.isEmpty && !huge.reportLines.isEmpty)
  }

  @Test func noTermRaisesWhatItMustLower() throws {
    var generator = SeededGenerator(seed: 71)
    for _ in 0..<2000 {
      let n = Int.random(in: 0...20_000, using: &generator)
      let bounds = (0..<3).map { _ in Int.random(in: 0...1000, using: &generator) }
      let leakage = Int.random(in: 0...3000, using: &generator)
      let cap = Int.random(in: 1...200, using: &generator)
      let margin = Int.random(in: 128...1000, using: &generator)
      func usable(
        _ n: Int, _ bounds: [Int], _ leakage: Int, _ cap: Int, _ margin: Int
      ) throws -> Int {
        try Self.evaluate(
          n, bias: bounds[0], bytes: bounds[1], prediction: bounds[2], leakage: leakage, cap: cap, margin: margin
        ).usableBits
      }
      let base = try usable(n, bounds, leakage, cap, margin)
      #expect(base <= n / 5 - leakage - margin)
      #expect(try usable(n, bounds, leakage + Int.random(in: 0...500, using: &generator), cap, margin) <= base)
      #expect(try usable(n, bounds, leakage, cap, margin + 1) < base)
      #expect(try usable(n, bounds, leakage, max(1, cap - 1), margin) <= base)
      #expect(try usable(n + 1, bounds, leakage, cap, margin) >= base)
      for index in 0..<3 where bounds[index] > 0 {
        var lower = bounds
        lower[index] -= 1
        #expect(try usable(n, lower, leakage, cap, margin) <= base)
      }
    }
  }

  @Test func fromBits() throws {
    var generator = SeededGenerator(seed: 72)
    let clamp = try EntropyClamp()
    let fair = clamp.evaluate(generator.bits(5000), prediction: Self.bound("prediction", 300), leakageBits: 10)
    #expect(fair.usableBits == 1000 - 10 - 512)
    let constant = clamp.evaluate(
      BitString(zeros: 5000), prediction: Self.bound("prediction", 300), leakageBits: 10)
    #expect(constant.usableBits == -522)
    #expect(constant.bindingBound?.name == "bias")
    let empty = clamp.evaluate(BitString(), prediction: Self.bound("prediction", 300), leakageBits: 0)
    #expect(empty.abort == .boundNotComputable("bias"))
  }
}

@Suite("Stopping rule")
struct StoppingRuleTests {
  @Test func withoutErrorsTheSumIsExact() {
    // n/5 − 512 − 64 ≥ 128 from n = 3520 on.
    #expect(!StoppingRule.isSatisfied(keptBits: 3519, predictedErrorRate: 0, efficiency: 1.15))
    #expect(StoppingRule.isSatisfied(keptBits: 3520, predictedErrorRate: 0, efficiency: 1.15))
    #expect(StoppingRule.isSatisfied(keptBits: 1600, predictedErrorRate: 0, marginBits: 128, efficiency: 1.15))
    #expect(!StoppingRule.isSatisfied(keptBits: 1599, predictedErrorRate: 0, marginBits: 128, efficiency: 1.15))
    #expect(!StoppingRule.isSatisfied(keptBits: 7039, predictedErrorRate: 0, capMillibits: 100, efficiency: 1.15))
    #expect(StoppingRule.isSatisfied(keptBits: 7040, predictedErrorRate: 0, capMillibits: 100, efficiency: 1.15))
  }

  @Test func errorsAsk() throws {
    // h(0.005) = 0.045415; 0.2 − 1.3·1.2·0.045415 = 0.129153; 704 / 0.129153 = 5450.9.
    #expect(!StoppingRule.isSatisfied(keptBits: 5450, predictedErrorRate: 0.005, efficiency: 1.2))
    #expect(StoppingRule.isSatisfied(keptBits: 5451, predictedErrorRate: 0.005, efficiency: 1.2))
    // Beyond about 2 % Cascade eats more than the cap allows, however long it lasts.
    #expect(!StoppingRule.isSatisfied(keptBits: .max, predictedErrorRate: 0.03, efficiency: 1.1))
    #expect(!StoppingRule.isSatisfied(keptBits: .max, predictedErrorRate: 0.97, efficiency: 1.1))
  }

  @Test func figuresOutOfRangeNeverSatisfy() {
    #expect(!StoppingRule.isSatisfied(keptBits: .min, predictedErrorRate: 0, efficiency: 1))
    for rate in [Double.nan, -0.01, 1.01, .infinity] {
      #expect(!StoppingRule.isSatisfied(keptBits: 1_000_000, predictedErrorRate: rate, efficiency: 1))
    }
    for efficiency in [Double.nan, 0, -1, 0.99, .infinity] {
      #expect(!StoppingRule.isSatisfied(keptBits: 1_000_000, predictedErrorRate: 0.001, efficiency: efficiency))
    }
    #expect(!StoppingRule.isSatisfied(keptBits: 1_000_000, predictedErrorRate: 0, marginBits: 127, efficiency: 1))
    #expect(!StoppingRule.isSatisfied(keptBits: 1_000_000, predictedErrorRate: 0, capMillibits: 201, efficiency: 1))
    #expect(!StoppingRule.isSatisfied(keptBits: 1_000_000, predictedErrorRate: 0, marginBits: .max, efficiency: 1))
  }

  /// Whoever stops by the rule passes the clamp if bounds stay above the cap and Cascade leaks what was reserved.
  @Test func whatStopsPassesTheClamp() throws {
    let clamp = try EntropyClamp()
    let high = EntropyBound(name: "high", millibits: 900)
    for rate in [0, 0.001, 0.005, 0.01] {
      var n = 2000
      while !StoppingRule.isSatisfied(keptBits: n, predictedErrorRate: rate, efficiency: 1.15) { n += 1 }
      let leakage = Int(1.3 * 1.15 * BinaryEntropy.h(rate) * Double(n)) + 64
      let result = clamp.evaluate(
        keptBits: n, bias: high, mostCommonByte: high, prediction: high, leakageBits: leakage)
      #expect(result.abort == nil, "rate \(rate), n \(n)")
    }
  }
}
