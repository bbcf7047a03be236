/// How the values of two boards differ: a Gaussian, some of whose draws are ``scale`` times as wide as the others.
///
/// Differences have heavier tails than a Gaussian wherever they grow with the motion: lag and bandwidth make them large in
/// a jerk and small between. The form is Tukey's (A survey of sampling from contaminated distributions, 1960), with the
/// rms and the kurtosis that were found.
struct DifferenceLaw: Sendable, Hashable {
  /// Share of the wider draws.
  static let share = 0.1

  /// Deviation of the narrower draws.
  let deviation: Double
  /// The wider draws' deviation over the narrower ones'.
  let scale: Double

  /// The law of an rms, above zero, and a kurtosis: 3 for a Gaussian, which is the least, and below 30.
  init(rms: Double, kurtosis: Double) {
    // The fourth moment over the squared second one is a third of the kurtosis: an equation of second degree in scale².
    let k = min(max(kurtosis / 3, 1), 9)
    let e = DifferenceLaw.share
    let a = e * (1 - k * e)
    let b = k * e * (1 - e)
    let c = (1 - e) * (1 - k * (1 - e))
    let square = max(1, (b + max(0, b * b - a * c).squareRoot()) / a)
    scale = square.squareRoot()
    deviation = max(rms, 1e-9) / (1 - e + e * square).squareRoot()
  }

  /// The law of a mean magnitude, above zero, and a kurtosis.
  init(meanMagnitude: Double, kurtosis: Double) {
    let unit = DifferenceLaw(rms: 1, kurtosis: kurtosis)
    self.init(rms: meanMagnitude / unit.meanMagnitude, kurtosis: kurtosis)
  }

  /// The probability of a difference below `x`.
  func probability(below x: Double) -> Double {
    mean { normalDistribution(x / $0) }
  }

  /// The density of the difference `x`.
  func density(at x: Double) -> Double {
    mean { normalDensity(x / $0) / $0 }
  }

  /// E|d|.
  var meanMagnitude: Double { mean { $0 * 0.797_884_560_802_865_4 } }

  /// What differences do not exceed: once in 10¹⁵.
  var reach: Double { 8 * deviation * scale }

  /// E max(|d| − limit, 0), for a limit of at least 0.
  func meanExcess(over limit: Double) -> Double {
    mean { 2 * ($0 * normalDensity(limit / $0) - limit * normalDistribution(-limit / $0)) }
  }

  /// Of a function of a Gaussian's deviation.
  private func mean(_ value: (Double) -> Double) -> Double {
    (1 - DifferenceLaw.share) * value(deviation) + DifferenceLaw.share * value(deviation * scale)
  }
}

/// A law's distribution function for those who ask often, within 2·10⁻⁵: cubic pieces with the law's values and densities
/// at their ends.
struct DifferenceTable: Sendable {
  /// Nothing is outside ±`reach`.
  let reach: Double
  /// From zero to `reach`: the law is symmetric.
  private let pieces: [Piece]

  private struct Piece: Sendable {
    /// The law at the ends.
    let start: Double
    let end: Double
    /// Its derivative there, times the width of the piece.
    let startSlope: Double
    let endSlope: Double
  }

  init(_ law: DifferenceLaw) {
    let count = 128
    let width = law.reach / Double(count)
    let nodes = (0...count).map {
      let x = Double($0) * width
      return (value: law.probability(below: x), slope: law.density(at: x) * width)
    }
    reach = law.reach
    pieces = zip(nodes, nodes.dropFirst()).map {
      Piece(start: $0.value, end: $1.value, startSlope: $0.slope, endSlope: $1.slope)
    }
  }

  /// The probability of a difference below `x`.
  func probability(below x: Double) -> Double { x < 0 ? 1 - upper(-x) : upper(x) }

  private func upper(_ x: Double) -> Double {
    guard x < reach else { return 1 }
    let place = x / reach * Double(pieces.count)
    let index = min(Int(place), pieces.count - 1)
    let piece = pieces[index]
    let t = place - Double(index)
    let rise = piece.end - piece.start
    // Hermite's cubic: it leaves the straight line by what the slopes at its ends differ from the line's.
    return piece.start + t * rise
      + t * (1 - t) * ((1 - t) * (piece.startSlope - rise) - t * (piece.endSlope - rise))
  }
}
