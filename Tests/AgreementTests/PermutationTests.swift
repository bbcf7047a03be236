import Agreement
import Testing

@Suite struct PermutationTests {
  /// Made by an independent implementation of the documented derivation, in another language.
  @Test func knownAnswer() {
    var generator = CascadeTestGenerator(seed: 2024)
    let permutation = Permutation(count: 12, using: &generator)
    #expect((0..<12).map { permutation[$0] } == [6, 4, 3, 9, 0, 8, 7, 1, 11, 2, 10, 5])
  }

  /// The same, as an FNV-1a hash over the little-endian 16-bit elements. The longest permutation rejects 519 draws.
  @Test(arguments: [(1000, 7, 0x0269_1A3B_824B_B6FD), (65_536, 9, 0x8874_84F9_05D1_3D19)] as [(Int, UInt64, UInt64)])
  func knownHash(count: Int, seed: UInt64, expected: UInt64) {
    var generator = CascadeTestGenerator(seed: seed)
    let permutation = Permutation(count: count, using: &generator)
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for position in 0..<count {
      for byte in [permutation[position] & 0xFF, permutation[position] >> 8] {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      }
    }
    #expect(hash == expected)
  }

  @Test(arguments: [0, 1, 2, 3, 257, 4096, 65_535, 65_536])
  func everyElementOccursOnce(count: Int) {
    var generator = CascadeTestGenerator(seed: UInt64(count))
    let permutation = Permutation(count: count, using: &generator)
    #expect(permutation.count == count)
    #expect(Set((0..<count).map { permutation[$0] }) == Set(0..<count))
  }

  /// All 120 orders of five elements: χ² with 119 degrees of freedom exceeds 180 with probability 2.5e-4.
  @Test func ordersAreUniform() {
    var generator = CascadeTestGenerator(seed: 5)
    var counts: [[Int]: Int] = [:]
    let trials = 60_000
    for _ in 0..<trials {
      let permutation = Permutation(count: 5, using: &generator)
      counts[(0..<5).map { permutation[$0] }, default: 0] += 1
    }
    let expected = Double(trials) / 120
    let chiSquare = counts.values.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(counts.count == 120)
    #expect(chiSquare < 180)
  }
}
