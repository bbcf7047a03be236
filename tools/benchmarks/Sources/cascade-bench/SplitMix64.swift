import Agreement
import SecureChannel

/// SplitMix64 (Steele, Lea and Flood, 2014): the same words for a seed on every machine.
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// One seed from several numbers.
  static func mix(_ numbers: [UInt64]) -> UInt64 {
    numbers.reduce(0) { seed, number in
      var generator = SplitMix64(seed: seed ^ number)
      return generator.next()
    }
  }

  /// Random bits, and the same with each inverted with probability `errorRate`.
  mutating func pair(count: Int, errorRate: Double) -> (alice: BitString, bob: BitString) {
    let alice = BitString((0..<count).map { _ in next() & 1 == 1 })
    var bob = alice
    for index in 0..<count where Double(next() >> 11) * 0x1p-53 < errorRate { bob.flip(index) }
    return (alice, bob)
  }

  /// The stream of every pass's permutation, of the kind that a pairing uses.
  mutating func streams() throws -> @Sendable (Int) -> ChaCha20Generator {
    var generators: [ChaCha20Generator] = []
    for _ in 0..<CascadeSchedule.passLimit {
      let words = (0..<4).map { _ in next() }
      generators.append(
        try ChaCha20Generator(
          key: words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }))
    }
    return { [generators] pass in generators[pass] }
  }
}
