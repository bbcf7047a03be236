/// A 3×3 matrix of doubles, held as three rows.
public struct Matrix3: Sendable, Hashable {
  /// The rows, top to bottom.
  public var rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

  /// A matrix with the given rows.
  public init(_ first: SIMD3<Double>, _ second: SIMD3<Double>, _ third: SIMD3<Double>) {
    rows = (first, second, third)
  }

  /// The identity.
  public static let identity = Matrix3(
    SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))

  /// The cross-product matrix [v]×, so that `skew(v) * u` = v × u.
  public static func skew(_ v: SIMD3<Double>) -> Matrix3 {
    Matrix3(SIMD3(0, -v.z, v.y), SIMD3(v.z, 0, -v.x), SIMD3(-v.y, v.x, 0))
  }

  /// Row `index` (0, 1 or 2).
  public subscript(index: Int) -> SIMD3<Double> {
    get { index == 0 ? rows.0 : index == 1 ? rows.1 : rows.2 }
    set {
      switch index {
      case 0: rows.0 = newValue
      case 1: rows.1 = newValue
      default: rows.2 = newValue
      }
    }
  }

  /// The transpose.
  public var transposed: Matrix3 {
    Matrix3(
      SIMD3(rows.0.x, rows.1.x, rows.2.x), SIMD3(rows.0.y, rows.1.y, rows.2.y),
      SIMD3(rows.0.z, rows.1.z, rows.2.z))
  }

  /// The determinant.
  public var determinant: Double { (rows.0 * rows.1.cross(rows.2)).sum() }

  /// The largest absolute entry.
  public var largestMagnitude: Double {
    max(rows.0.largestMagnitude, rows.1.largestMagnitude, rows.2.largestMagnitude)
  }

  /// Matrix times column vector.
  public static func * (matrix: Matrix3, v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3((matrix.rows.0 * v).sum(), (matrix.rows.1 * v).sum(), (matrix.rows.2 * v).sum())
  }

  /// Matrix product.
  public static func * (a: Matrix3, b: Matrix3) -> Matrix3 {
    let t = b.transposed
    return Matrix3(t * a.rows.0, t * a.rows.1, t * a.rows.2)
  }

  /// Entrywise sum.
  public static func + (a: Matrix3, b: Matrix3) -> Matrix3 {
    Matrix3(a.rows.0 + b.rows.0, a.rows.1 + b.rows.1, a.rows.2 + b.rows.2)
  }

  /// Equality by entries.
  public static func == (a: Matrix3, b: Matrix3) -> Bool {
    a.rows.0 == b.rows.0 && a.rows.1 == b.rows.1 && a.rows.2 == b.rows.2
  }

  /// Feeds the entries to the hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rows.0)
    hasher.combine(rows.1)
    hasher.combine(rows.2)
  }
}

extension SIMD3<Double> {
  /// The vector product self × other.
  public func cross(_ other: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }

  /// The Euclidean norm.
  public var norm: Double { (self * self).sum().squareRoot() }

  /// The largest absolute component.
  public var largestMagnitude: Double { Swift.max(abs(x), abs(y), abs(z)) }
}

/// Eigenvalues (descending) and orthonormal eigenvectors of a symmetric 3×3 matrix, by cyclic Jacobi rotations.
///
/// - Returns: `values[i]` belongs to `vectors[i]`.
func symmetricEigen(_ matrix: Matrix3) -> (values: SIMD3<Double>, vectors: [SIMD3<Double>]) {
  var a = [
    [matrix[0].x, matrix[0].y, matrix[0].z],
    [matrix[1].x, matrix[1].y, matrix[1].z],
    [matrix[2].x, matrix[2].y, matrix[2].z],
  ]
  var v: [[Double]] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
  for _ in 0..<64 {
    let off = a[0][1] * a[0][1] + a[0][2] * a[0][2] + a[1][2] * a[1][2]
    let scale = a[0][0] * a[0][0] + a[1][1] * a[1][1] + a[2][2] * a[2][2]
    guard off > 1e-30 * scale else { break }
    for (p, q) in [(0, 1), (0, 2), (1, 2)] where a[p][q] != 0 {
      let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
      let t = (theta >= 0 ? 1.0 : -1.0) / (abs(theta) + (theta * theta + 1).squareRoot())
      let c = 1 / (t * t + 1).squareRoot()
      let s = t * c
      for k in 0..<3 {
        let (akp, akq) = (a[k][p], a[k][q])
        a[k][p] = c * akp - s * akq
        a[k][q] = s * akp + c * akq
      }
      for k in 0..<3 {
        let (apk, aqk) = (a[p][k], a[q][k])
        a[p][k] = c * apk - s * aqk
        a[q][k] = s * apk + c * aqk
        let (vkp, vkq) = (v[k][p], v[k][q])
        v[k][p] = c * vkp - s * vkq
        v[k][q] = s * vkp + c * vkq
      }
    }
  }
  let order = [0, 1, 2].sorted { a[$0][$0] > a[$1][$1] }
  return (
    SIMD3(a[order[0]][order[0]], a[order[1]][order[1]], a[order[2]][order[2]]),
    order.map { SIMD3(v[0][$0], v[1][$0], v[2][$0]) }
  )
}

/// The singular values of a 3×3 matrix, descending.
func singularValues(_ matrix: Matrix3) -> SIMD3<Double> {
  let values = symmetricEigen(matrix.transposed * matrix).values
  return SIMD3(max(values.x, 0).squareRoot(), max(values.y, 0).squareRoot(), max(values.z, 0).squareRoot())
}

/// The rotation R that best maps `from` onto `to` (Σ|to − R·from|² minimal), after Kabsch (1976) with the reflection
/// guard; `correlation` is Σ to·fromᵀ.
func kabschRotation(correlation h: Matrix3) -> Matrix3 {
  // R = U·diag(1, 1, det)·Vᵀ for h = U S Vᵀ; U and V come from the eigenvectors of hᵀh.
  let (_, v) = symmetricEigen(h.transposed * h)
  var u0 = h * v[0]
  var u1 = h * v[1]
  guard u0.norm > 0 else { return .identity }
  u0 /= u0.norm
  u1 -= u0 * (u0 * u1).sum()
  guard u1.norm > 1e-12 else { return .identity }
  u1 /= u1.norm
  let u2 = u0.cross(u1)
  let v2 = v[0].cross(v[1])
  func outer(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Matrix3 { Matrix3(b * a.x, b * a.y, b * a.z) }
  return outer(u0, v[0]) + outer(u1, v[1]) + outer(u2, v2)
}

/// Normal equations of a linear least-squares problem, gathered row by row and solved by Cholesky factorisation.
package struct LeastSquares {
  /// How many unknowns.
  package let unknowns: Int
  private var gram: [Double]
  private var moment: [Double]
  /// Σ y², the energy of the targets.
  package private(set) var energy = 0.0
  /// How many rows were added.
  package private(set) var count = 0

  package init(unknowns: Int) {
    self.unknowns = unknowns
    gram = Array(repeating: 0, count: unknowns * unknowns)
    moment = Array(repeating: 0, count: unknowns)
  }

  /// Adds one equation Σ row[i]·x[i] = target.
  package mutating func add(_ row: [Double], target: Double) {
    for i in 0..<unknowns {
      for j in 0...i { gram[i * unknowns + j] += row[i] * row[j] }
      moment[i] += row[i] * target
    }
    energy += target * target
    count += 1
  }

  /// The solution, or `nil` where there are fewer rows than unknowns or they do not determine it.
  package func solve() -> [Double]? {
    guard count >= unknowns else { return nil }
    let n = unknowns
    var l = gram
    for i in 0..<n {
      for j in 0...i {
        var sum = gram[i * n + j]
        for k in 0..<j { sum -= l[i * n + k] * l[j * n + k] }
        if i == j {
          guard sum > 1e-10 * gram[i * n + i], sum.isFinite else { return nil }
          l[i * n + i] = sum.squareRoot()
        } else {
          l[i * n + j] = sum / l[j * n + j]
        }
      }
    }
    var x = moment
    for i in 0..<n {
      for k in 0..<i { x[i] -= l[i * n + k] * x[k] }
      x[i] /= l[i * n + i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for k in (i + 1)..<max(n, i + 1) { x[i] -= l[k * n + i] * x[k] }
      x[i] /= l[i * n + i]
    }
    return x
  }

  /// Adds x = `prior`, with as much weight as that share of the mean energy of the rows.
  mutating func hold(to prior: [Double], weight: Double) {
    let trace = (0..<unknowns).reduce(0) { $0 + gram[$1 * unknowns + $1] }
    let each = weight * trace / Double(max(unknowns, 1))
    for i in 0..<unknowns {
      gram[i * unknowns + i] += each
      moment[i] += each * prior[i]
    }
  }

  /// Σ (y − row·x)² for a solution of these equations.
  package func residual(of x: [Double]) -> Double {
    var explained = 0.0
    for i in 0..<unknowns { explained += x[i] * moment[i] }
    return max(energy - explained, 0)
  }
}

/// Normal equations of zero to four unknowns, all on the stack: for equations made of secrets.
struct SmallNormalEquations {
  /// How many unknowns, at most 4.
  let unknowns: Int
  /// Lower triangle of the Gram matrix: row i, column j at 4·i + j.
  var gram = SIMD16<Double>.zero
  /// The right-hand side.
  var moment = SIMD4<Double>.zero

  init(unknowns: Int) { self.unknowns = min(max(unknowns, 0), 4) }

  /// The solution, or `nil` where the equations do not determine it.
  func solve() -> SIMD4<Double>? {
    var l = gram
    for i in 0..<unknowns {
      for j in 0...i {
        var sum = gram[4 * i + j]
        for k in 0..<j { sum -= l[4 * i + k] * l[4 * j + k] }
        if i == j {
          guard sum > 1e-10 * gram[5 * i], sum.isFinite else { return nil }
          l[5 * i] = sum.squareRoot()
        } else {
          l[4 * i + j] = sum / l[5 * j]
        }
      }
    }
    var x = moment
    for i in 0..<unknowns {
      for k in 0..<i { x[i] -= l[4 * i + k] * x[k] }
      x[i] /= l[5 * i]
    }
    for i in (0..<unknowns).reversed() {
      for k in i + 1..<unknowns { x[i] -= l[4 * k + i] * x[k] }
      x[i] /= l[5 * i]
    }
    return x
  }
}
