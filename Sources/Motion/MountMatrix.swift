/// The rotation from a sensor chip's axes to those of the board it sits on.
///
/// The kernel gives it as the attribute `mount_matrix`, rows separated by semicolons and entries by commas
/// ("1, 0, 0; 0, 1, 0; 0, 0, 1"); board = matrix · chip (Linux ABI document `sysfs-bus-iio`).
public struct MountMatrix: Sendable, Hashable {
  /// The three rows.
  public let rows: [SIMD3<Double>]

  /// The matrix that changes nothing.
  public static let identity = MountMatrix(SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))

  private init(_ x: SIMD3<Double>, _ y: SIMD3<Double>, _ z: SIMD3<Double>) { rows = [x, y, z] }

  /// Parses the kernel's text.
  ///
  /// - Returns: nil unless there are three rows of three finite numbers whose determinant has a magnitude from 0.5 to
  ///   2: a mount matrix is a rotation (or a reflection), give or take its printed digits.
  public init?(_ text: String) {
    let rows = text.split(separator: ";", omittingEmptySubsequences: false).map { row in
      row.split(separator: ",", omittingEmptySubsequences: false).map { parseDecimal($0) }
    }
    guard rows.count == 3, rows.allSatisfy({ $0.count == 3 }) else { return nil }
    let numbers = rows.joined().compactMap { $0 }
    guard numbers.count == 9, numbers.allSatisfy({ $0.isFinite && abs($0) <= 2 }) else { return nil }
    self.rows = [
      SIMD3(numbers[0], numbers[1], numbers[2]),
      SIMD3(numbers[3], numbers[4], numbers[5]),
      SIMD3(numbers[6], numbers[7], numbers[8]),
    ]
    guard (0.5...2).contains(abs(determinant)) else { return nil }
  }

  /// The vector in the board's axes.
  public func apply(_ vector: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3((rows[0] * vector).sum(), (rows[1] * vector).sum(), (rows[2] * vector).sum())
  }

  /// The board axes that depend on any of the given chip axes: those whose entry for one of them is not zero.
  public func apply(_ axes: AxisFlags) -> AxisFlags {
    var result: AxisFlags = []
    for input in 0..<3 where axes.contains(AxisFlags(axis: input)) {
      for output in 0..<3 where rows[output][input] != 0 { result.insert(AxisFlags(axis: output)) }
    }
    return result
  }

  private var determinant: Double {
    let (a, b, c) = (rows[0], rows[1], rows[2])
    return a.x * (b.y * c.z - b.z * c.y) - a.y * (b.x * c.z - b.z * c.x) + a.z * (b.x * c.y - b.y * c.x)
  }
}

/// A decimal number as sysfs prints it, blanks around it allowed; nil for anything else ("0x1p3", "nan", "1e999").
package func parseDecimal(_ text: some StringProtocol) -> Double? {
  let blanks: Set<Character> = [" ", "\t", "\n", "\r", "\r\n"]
  let trimmed = text.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed()
  let digits = String(trimmed)
  guard !digits.isEmpty, digits.utf8.count <= 64, digits.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
    let value = Double(digits), value.isFinite
  else { return nil }
  return value
}
