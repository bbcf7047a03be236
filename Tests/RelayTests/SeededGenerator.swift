/// A repeatable source of randomness (SplitMix64), so that a failure can be replayed from its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A source that plays back what it was given, over and over.
struct ScriptedGenerator: RandomNumberGenerator {
  let values: [UInt64]
  var index = 0

  init(_ values: [UInt64]) {
    self.values = values
  }

  mutating func next() -> UInt64 {
    defer { index += 1 }
    return values[index % values.count]
  }
}
