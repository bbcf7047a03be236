/// Randomness that is handed in: the system's in a relay, a script in a test.
struct RandomSource: RandomNumberGenerator, Sendable {
  private let draw: @Sendable () -> UInt64

  init(_ draw: @escaping @Sendable () -> UInt64) {
    self.draw = draw
  }

  /// The system's cryptographically secure source, `SystemRandomNumberGenerator`.
  static let system = RandomSource { .random(in: .min ... .max) }

  mutating func next() -> UInt64 { draw() }
}
