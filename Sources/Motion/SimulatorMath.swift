/// Elementary functions of the simulator.
///
/// They use nothing but the operations that IEEE 754 defines exactly, so that a seed gives the same bits on every
/// machine; the C library's functions differ in their last digits between platforms and versions.
enum SimulatorMath {
  /// Sine and cosine of an angle of moderate size (|x| < 1e5), to about 1e-15.
  static func sineAndCosine(_ x: Double) -> (sine: Double, cosine: Double) {
    let quarter = (x * (2 / Double.pi)).rounded()
    // π/2 in two parts (after Cody and Waite): the first has few enough bits for an exact product with `quarter`.
    let r = (x - quarter * 0x1.921fb544p0) - quarter * 0x1.0b4611a626331p-34
    let r2 = r * r
    var s = -1.0 / 1_307_674_368_000
    s = s * r2 + 1.0 / 6_227_020_800
    s = s * r2 - 1.0 / 39_916_800
    s = s * r2 + 1.0 / 362_880
    s = s * r2 - 1.0 / 5_040
    s = s * r2 + 1.0 / 120
    s = s * r2 - 1.0 / 6
    let sine = r + r * r2 * s
    var c = 1.0 / 20_922_789_888_000
    c = c * r2 - 1.0 / 87_178_291_200
    c = c * r2 + 1.0 / 479_001_600
    c = c * r2 - 1.0 / 3_628_800
    c = c * r2 + 1.0 / 40_320
    c = c * r2 - 1.0 / 720
    c = c * r2 + 1.0 / 24
    let cosine = 1 - r2 / 2 + r2 * r2 * c
    switch Int(quarter) & 3 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
  }

  /// The natural logarithm of a positive normal number, to about 1e-15.
  static func logarithm(_ x: Double) -> Double {
    var mantissa = x.significand
    var exponent = Double(x.exponent)
    if mantissa > 1.4142135623730951 {
      mantissa /= 2
      exponent += 1
    }
    // ln m = 2 artanh((m − 1)/(m + 1)), and the argument is below 0.172.
    let s = (mantissa - 1) / (mantissa + 1)
    let s2 = s * s
    var sum = 1.0 / 21
    sum = sum * s2 + 1.0 / 19
    sum = sum * s2 + 1.0 / 17
    sum = sum * s2 + 1.0 / 15
    sum = sum * s2 + 1.0 / 13
    sum = sum * s2 + 1.0 / 11
    sum = sum * s2 + 1.0 / 9
    sum = sum * s2 + 1.0 / 7
    sum = sum * s2 + 1.0 / 5
    sum = sum * s2 + 1.0 / 3
    sum = sum * s2 + 1
    return 2 * s * sum + exponent * 0.6931471805599453
  }

  /// The cross product.
  static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }

  /// A unit quaternion, the orientation of a body: `rotate` takes vectors from the body's axes to the world's.
  struct Quaternion {
    var w = 1.0
    var v = SIMD3<Double>()

    /// The vector in the world's axes.
    func rotate(_ u: SIMD3<Double>) -> SIMD3<Double> {
      let t = 2 * cross(v, u)
      return u + w * t + cross(v, t)
    }

    /// The vector in the body's axes.
    func unrotate(_ u: SIMD3<Double>) -> SIMD3<Double> { Quaternion(w: w, v: -v).rotate(u) }

    /// The orientation after turning at an angular velocity (rad/s, body axes) for a short time in seconds.
    func turned(by rate: SIMD3<Double>, for time: Double) -> Quaternion {
      let half = rate * (time / 2)
      let squared = half.x * half.x + half.y * half.y + half.z * half.z
      // The series of cos and sin(x)/x; half an angle step is far below 0.1 rad.
      let c = 1 - squared / 2 * (1 - squared / 12)
      let d = half * (1 - squared / 6 * (1 - squared / 20))
      let product = Quaternion(
        w: w * c - (v.x * d.x + v.y * d.y + v.z * d.z), v: w * d + c * v + cross(v, d))
      return product.normalized
    }

    /// The rotation from one orientation to this one, in the axes of the former.
    func relative(to other: Quaternion) -> Quaternion {
      Quaternion(
        w: other.w * w + other.v.x * v.x + other.v.y * v.y + other.v.z * v.z,
        v: other.w * v - w * other.v - cross(other.v, v))
    }

    /// The same orientation as a quaternion of length one.
    var normalized: Quaternion {
      let length = (w * w + v.x * v.x + v.y * v.y + v.z * v.z).squareRoot()
      return length > 0 ? Quaternion(w: w / length, v: v / length) : Quaternion()
    }
  }
}
