import Agreement

/// The distribution of a forecast's errors divided by their expected size: a mixture of normal distributions of mean 0.
///
/// A motion swells and ebbs, so its errors have longer tails than a normal distribution; an attack that took them for
/// normal would be too sure of itself, and would seem weaker than it is.
struct ResidualLaw: Sendable, Hashable {
  /// Deviations of the parts.
  static let deviations = [0.25, 0.5, 0.8, 1.2, 2.0, 4.0]
  /// Shares of the parts, their sum 1.
  let shares: [Double]

  /// The standard normal distribution, nearly.
  static let normal = ResidualLaw(shares: [0, 0, 0.5, 0.5, 0, 0])

  private init(shares: [Double]) { self.shares = shares }

  /// Fits the shares by expectation maximisation (Dempster, Laird and Rubin, 1977).
  init(fitting errors: [Double]) {
    var shares = [Double](repeating: 1 / Double(Self.deviations.count), count: Self.deviations.count)
    for _ in 0..<(errors.isEmpty ? 0 : 30) {
      var sums = [Double](repeating: 1e-3, count: shares.count)
      var parts = shares
      for error in errors {
        var total = 0.0
        for (place, deviation) in Self.deviations.enumerated() {
          let z = error / deviation
          parts[place] = shares[place] / deviation * exponential(-0.5 * z * z) + 1e-300
          total += parts[place]
        }
        for place in parts.indices { sums[place] += parts[place] / total }
      }
      let total = sums.reduce(0, +)
      shares = sums.map { $0 / total }
    }
    self.shares = shares
  }

  /// Mean log2 density of some errors.
  func meanLogDensity(of errors: [Double]) -> Double {
    guard !errors.isEmpty else { return 0 }
    return errors.reduce(0) { sum, error in
      let density = zip(shares, Self.deviations).reduce(0) { sum, part in
        let z = error / part.1
        return sum + part.0 / part.1 * exponential(-0.5 * z * z)
      }
      return sum + logarithm(density * 0.3989422804 + 1e-300)
    } / Double(errors.count)
  }

  /// Beyond this lies next to nothing.
  var reach: Double { 4 * (zip(shares, Self.deviations).filter { $0.0 > 0.003 }.map(\.1).max() ?? 1) }

  /// How probable an error between two limits is.
  func mass(_ lower: Double, _ upper: Double) -> Double {
    let normal = NormalDistribution()
    var sum = 0.0
    for (share, deviation) in zip(shares, Self.deviations) where share > 0 {
      let (a, b) = (lower / deviation, upper / deviation)
      // The tail on the far side is exact where the difference of two numbers near 1 is not.
      sum += share * (a > 0 ? normal(-a) - normal(-b) : normal(b) - normal(a))
    }
    return max(sum, 0)
  }
}
