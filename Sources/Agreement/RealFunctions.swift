#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// x^y by the C library.
@inline(__always)
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// e^x by the C library.
@inline(__always)
func exponential(_ x: Double) -> Double { exp(x) }

/// ln x by the C library.
@inline(__always)
func naturalLogarithm(_ x: Double) -> Double { log(x) }

/// ln(1 + x) by the C library, exact for small x.
@inline(__always)
func naturalLogarithm(onePlus x: Double) -> Double { log1p(x) }

/// The distribution function of the standard normal distribution, by linear interpolation in a table: within 2e-6.
package struct NormalDistribution {
  private static let limit = 8.0
  private static let perUnit = 256.0
  private static let table: [Double] = (0...Int(2 * limit * perUnit) + 1).map { index in
    0.5 * erfc(-(Double(index) / perUnit - limit) / 2.0.squareRoot())
  }
  private let table = Self.table

  /// The one there is.
  package init() {}

  /// Φ(x); 0.5 for NaN.
  @inline(__always)
  package func callAsFunction(_ x: Double) -> Double {
    guard x > -Self.limit else { return x.isNaN ? 0.5 : 0 }
    guard x < Self.limit else { return 1 }
    let position = (x + Self.limit) * Self.perUnit
    let index = Int(position)
    return table.withUnsafeBufferPointer { table in
      table[index] + (position - Double(index)) * (table[index + 1] - table[index])
    }
  }
}
