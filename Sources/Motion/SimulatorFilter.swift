/// A filter of second order for three axes at once, by bilinear transform (direct form II transposed).
struct SimulatorFilter {
  private let b0: Double
  private let b1: Double
  private let b2: Double
  private let a1: Double
  private let a2: Double
  private var z1 = SIMD3<Double>()
  private var z2 = SIMD3<Double>()

  private enum Shape {
    case lowPass
    case highPass
    case bandPass
  }

  /// A low-pass; quality 0.7071 is Butterworth's.
  static func lowPass(_ frequency: Double, rate: Double, quality: Double = 0.7071067811865476) -> SimulatorFilter {
    SimulatorFilter(.lowPass, frequency, rate, quality)
  }

  /// A high-pass of Butterworth's shape.
  static func highPass(_ frequency: Double, rate: Double) -> SimulatorFilter {
    SimulatorFilter(.highPass, frequency, rate, 0.7071067811865476)
  }

  /// A band-pass with gain one at its centre.
  static func bandPass(_ frequency: Double, rate: Double, quality: Double) -> SimulatorFilter {
    SimulatorFilter(.bandPass, frequency, rate, quality)
  }

  private init(_ shape: Shape, _ frequency: Double, _ rate: Double, _ quality: Double) {
    let (sine, cosine) = SimulatorMath.sineAndCosine(Double.pi * frequency / rate)
    let t = sine / cosine
    let norm = 1 / (1 + t / quality + t * t)
    switch shape {
    case .lowPass: (b0, b1, b2) = (t * t * norm, 2 * t * t * norm, t * t * norm)
    case .highPass: (b0, b1, b2) = (norm, -2 * norm, norm)
    case .bandPass: (b0, b1, b2) = (t / quality * norm, 0, -t / quality * norm)
    }
    a1 = 2 * (t * t - 1) * norm
    a2 = (1 - t / quality + t * t) * norm
  }

  /// Takes a sample and gives the filtered one.
  mutating func next(_ x: SIMD3<Double>) -> SIMD3<Double> {
    let y = b0 * x + z1
    z1 = b1 * x - a1 * y + z2
    z2 = b2 * x - a2 * y
    return y
  }

  /// Sets the state to what a constant input leaves behind (low-pass only).
  mutating func settle(at x: SIMD3<Double>) {
    z2 = (b2 - a2) * x
    z1 = (b1 - a1) * x + z2
  }
}
