/// What one predictor achieved on a bit string, each bit guessed before it was revealed.
///
/// The last steps that the four predictors of NIST SP 800-90B, sections 6.3.7 to 6.3.10, have in common: a limit on how
/// often the predictor is right over all, and one on how often it is right locally, from its longest run of hits.
struct PredictionEstimate: Equatable {
  /// The number of guesses, N.
  var predictions = 0
  /// How many were right, C.
  var hits = 0
  /// The longest run of right guesses.
  var longestRun = 0
  private var run = 0

  init() {}

  init(predictions: Int, hits: Int, longestRun: Int) {
    self.predictions = predictions
    self.hits = hits
    self.longestRun = longestRun
  }

  @inline(__always)
  mutating func record(hit: Bool) {
    predictions += 1
    if hit {
      hits += 1
      run += 1
      if run > longestRun { longestRun = run }
    } else {
      run = 0
    }
  }

  /// Min-entropy in bits per bit, −log2 max(½, global limit, local limit); `nil` on fewer than two guesses.
  var bits: Double? {
    guard let global = ConfidenceBound.upperLimit(hits: hits, of: predictions) else { return nil }
    var most = max(0.5, global)
    if let local = localLimit(above: most) { most = max(most, local) }
    return ConfidenceBound.bits(guessedWithProbability: most)
  }

  /// The hit rate at which a run as long as the longest one has 1 % probability of being exceeded in N guesses; `nil` if
  /// that is not above `lowest`.
  func localLimit(above lowest: Double) -> Double? {
    guard lowest < 1, logProbabilityOfNoLongerRun(hitRate: lowest) > Self.logOf99Percent else { return nil }
    var low = lowest
    var high = 1.0
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if logProbabilityOfNoLongerRun(hitRate: middle) > Self.logOf99Percent { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  private static let logOf99Percent = naturalLogarithm(0.99)

  /// ln of the probability that N guesses with hit rate p contain no run of r = longest run + 1 hits (W. Feller, An
  /// Introduction to Probability Theory, volume 1, XIII.7): (1 − p·x) / ((r + 1 − r·x)·q) / x^(N+1), with x the root near
  /// 1 of 1 − x + q·p^r·x^(r+1).
  private func logProbabilityOfNoLongerRun(hitRate p: Double) -> Double {
    let q = 1 - p
    let r = Double(longestRun + 1)
    // The root as 1 + e, so that a tiny e is not lost in rounding.
    let scale = q * power(p, r)
    var e = scale
    for _ in 0..<200 {
      let next = scale * exponential((r + 1) * naturalLogarithm(onePlus: e))
      if next == e || !next.isFinite { break }
      e = next
    }
    let numerator = q - p * e
    let denominator = (1 - r * e) * q
    guard numerator > 0, denominator > 0 else { return -.infinity }
    return naturalLogarithm(numerator / denominator)
      - Double(predictions + 1) * naturalLogarithm(onePlus: e)
  }
}
