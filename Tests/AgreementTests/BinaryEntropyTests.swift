import Foundation
import Testing

@testable import Agreement

@Suite("Binary entropy")
struct BinaryEntropyTests {
  @Test func knownValues() {
    #expect(BinaryEntropy.h(0) == 0)
    #expect(BinaryEntropy.h(1) == 0)
    #expect(BinaryEntropy.h(0.5) == 1)
    #expect(abs(BinaryEntropy.h(0.11) - 0.499915958164528) < 1e-14)
    #expect(abs(BinaryEntropy.h(0.01) - 0.080793135895911) < 1e-14)
  }

  @Test func symmetricAndIncreasingToOneHalf() {
    var last = -1.0
    for step in 0...500 {
      let p = Double(step) / 1000
      let h = BinaryEntropy.h(p)
      #expect(h > last)
      #expect(abs(h - BinaryEntropy.h(1 - p)) < 1e-13)
      last = h
    }
  }

  @Test(arguments: [-0.1, 1.1, -Double.infinity, .infinity, .nan])
  func outsideOfProbabilitiesThereIsNone(p: Double) { #expect(BinaryEntropy.h(p).isNaN) }

  @Test func logarithmAgreesWithTheCLibrary() {
    var generator = SeededGenerator(seed: 41)
    for _ in 0..<10_000 {
      let x = exp(60 * (generator.uniform() - 0.5))
      #expect(abs(BinaryEntropy.log2(x) - log2(x)) <= 4e-16 * max(1, abs(log2(x))), "\(x)")
    }
    #expect(BinaryEntropy.log2(1) == 0)
    #expect(BinaryEntropy.log2(0x1p-1074) == -1074)
    #expect(BinaryEntropy.log2(1024) == 10)
  }

  @Test(arguments: [0, -1, -Double.infinity, .infinity, .nan])
  func logarithmOfNothingIsNone(x: Double) { #expect(BinaryEntropy.log2(x).isNaN) }
}
