/// Shannon's binary entropy, computed with basic IEEE 754 operations only.
///
/// Both parties of a pairing decide from public counts when to stop; a logarithm of the C library may differ in its
/// last digit between two systems and split them, whereas +, −, × and ÷ are the same everywhere.
public enum BinaryEntropy {
  /// h(p) = −p·log2 p − (1−p)·log2(1−p) in bits per bit.
  ///
  /// - Parameter p: a probability. 0 for p = 0 and p = 1; NaN outside 0...1.
  public static func h(_ p: Double) -> Double {
    guard p >= 0, p <= 1 else { return .nan }
    if p == 0 || p == 1 { return 0 }
    return -(p * log2(p)) - (1 - p) * log2(1 - p)
  }

  /// The logarithm to base 2 of a positive finite number to within 1e-15 of its size or so, the same on every CPU;
  /// NaN for anything else.
  public static func log2(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return .nan }
    var exponent = Double(x.exponent)
    var fraction = x.significand
    if fraction > 1.4142135623730951 {
      fraction /= 2
      exponent += 1
    }
    // log2(m) = 2/ln 2 · (s + s³/3 + s⁵/5 + …) with s = (m−1)/(m+1), |s| < 0.172: twelve terms reach 1e-19.
    let s = (fraction - 1) / (fraction + 1)
    let square = s * s
    var series = 0.0
    var denominator = 23.0
    while denominator >= 1 {
      series = series * square + 1 / denominator
      denominator -= 2
    }
    return exponent + 2.8853900817779268 * s * series
  }
}
