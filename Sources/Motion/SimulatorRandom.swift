/// Reproducible random numbers: xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64 (Steele et al., 2014).
///
/// For simulation only: nothing that has to stay secret may come from here.
package struct SimulatorRandom: RandomNumberGenerator {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64
  private var spare: Double?

  /// Starts a stream; streams of one seed are independent, so that changing one part of a simulation leaves the rest.
  package init(seed: UInt64, stream: UInt64) {
    var state = seed &+ stream &* 0xD1B5_4A32_D192_ED03
    func splitMix() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    s0 = splitMix()
    s1 = splitMix()
    s2 = splitMix()
    s3 = splitMix()
  }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotate(s1 &* 5, 7) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = rotate(s3, 45)
    return result
  }

  /// A number from 0 to below 1.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number between two others.
  package mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

  /// A number with the standard normal distribution (Box and Muller, 1958).
  package mutating func normal() -> Double {
    if let value = spare {
      spare = nil
      return value
    }
    let radius = (-2 * SimulatorMath.logarithm(1 - uniform())).squareRoot()
    let (sine, cosine) = SimulatorMath.sineAndCosine(2 * Double.pi * uniform())
    spare = radius * sine
    return radius * cosine
  }

  /// A normal number within ± 2.5.
  mutating func boundedNormal() -> Double { max(-2.5, min(2.5, normal())) }

  /// Three independent standard normal numbers.
  mutating func normalVector() -> SIMD3<Double> {
    let x = normal()
    let y = normal()
    return SIMD3(x, y, normal())
  }

  /// A direction, uniform on the sphere.
  mutating func direction() -> SIMD3<Double> {
    while true {
      let v = normalVector()
      let length = (v.x * v.x + v.y * v.y + v.z * v.z).squareRoot()
      if length > 1e-3 { return v / length }
    }
  }

  /// An orientation, uniform over all rotations.
  mutating func orientation() -> SimulatorMath.Quaternion {
    SimulatorMath.Quaternion(w: normal(), v: normalVector()).normalized
  }
}
