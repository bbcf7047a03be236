/// A natural cubic spline of vectors over irregular, strictly ascending knots: C², with value and first derivative.
///
/// Each axis may have knots of its own, so that a clipped axis of one sample does not cost the other two. All that it
/// holds or computes with is wiped after use: it may be motion of the key zone.
struct CubicSpline: Sendable {
  private let knots: WipedSeries<Double>
  private let values: WipedSeries<Double>
  private let curvatures: WipedSeries<Double>

  /// A spline through (`knots[i]`, `values[i]`); knots ascend strictly. `nil` with fewer than four knots.
  init?(knots: WipedSeries<Double>, values: WipedSeries<Double>) {
    let n = knots.count
    guard n >= 4, values.count == n else { return nil }
    // Tridiagonal system for the second derivatives (Thomas algorithm), natural ends.
    var c = WipedSeries(repeating: 0.0, count: n)
    var d = WipedSeries(repeating: 0.0, count: n)
    for i in 1..<(n - 1) {
      let h0 = knots[i] - knots[i - 1]
      let h1 = knots[i + 1] - knots[i]
      let slope = (values[i + 1] - values[i]) / h1 - (values[i] - values[i - 1]) / h0
      let pivot = 2 * (h0 + h1) - h0 * c[i - 1]
      c[i] = h1 / pivot
      d[i] = (6 * slope - h0 * d[i - 1]) / pivot
    }
    var m = WipedSeries(repeating: 0.0, count: n)
    for i in stride(from: n - 2, through: 1, by: -1) { m[i] = d[i] - c[i] * m[i + 1] }
    self.knots = knots
    self.values = values
    curvatures = m
  }

  /// A spline through points that need no wiping.
  init?(knots: [Double], values: [Double]) {
    self.init(knots: WipedSeries(knots), values: WipedSeries(values))
  }

  /// Walks the spline at ascending places, so that each look-up starts where the last one ended.
  struct Cursor {
    private let spline: CubicSpline
    private var segment = 0

    init(_ spline: CubicSpline) { self.spline = spline }

    /// Value, first derivative and the length of the knot interval at `t`; `nil` outside the knots.
    mutating func evaluate(at t: Double) -> (value: Double, derivative: Double, interval: Double)? {
      let knots = spline.knots
      guard t >= knots[0], t <= knots[knots.count - 1] else { return nil }
      while segment > 0, t < knots[segment] { segment -= 1 }
      while segment < knots.count - 2, t > knots[segment + 1] { segment += 1 }
      let i = segment
      let h = knots[i + 1] - knots[i]
      let a = (knots[i + 1] - t) / h
      let b = 1 - a
      let (y0, y1) = (spline.values[i], spline.values[i + 1])
      let (m0, m1) = (spline.curvatures[i], spline.curvatures[i + 1])
      let value = a * y0 + b * y1 + ((a * a * a - a) * m0 + (b * b * b - b) * m1) * h * h / 6
      let derivative = (y1 - y0) / h + ((1 - 3 * a * a) * m0 + (3 * b * b - 1) * m1) * h / 6
      return (value, derivative, h)
    }
  }
}
