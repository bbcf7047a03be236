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
