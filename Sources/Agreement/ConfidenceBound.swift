/// Upper confidence limits of a proportion as NIST SP 800-90B takes them.
package enum ConfidenceBound {
  /// The 99.5 % point of the normal distribution, "2.576" in the standard's text, in full as its own tool uses it.
  static let z = 2.5758293035489008

  /// min(1, p + z·√(p(1−p)/(n−1))) for p = hits/n; for no hit at all 1 − 0.01^(1/n).
  ///
  /// `nil` if there are fewer than two trials or the counts make no sense.
  package static func upperLimit(hits: Int, of trials: Int) -> Double? {
    guard trials >= 2, hits >= 0, hits <= trials else { return nil }
    let n = Double(trials)
    if hits == 0 { return 1 - power(0.01, 1 / n) }
    let p = Double(hits) / n
    return min(1, p + z * (p * (1 - p) / (n - 1)).squareRoot())
  }

  /// The most common value estimate of section 6.3.1, in bits per symbol; `nil` on fewer than two symbols.
  static func mostCommonValue(count: Int, of symbols: Int, alphabet: Int) -> Double? {
    guard let upper = upperLimit(hits: count, of: symbols) else { return nil }
    return bits(guessedWithProbability: upper, alphabet: alphabet)
  }

  /// −log2 of a guessing probability, which cannot be less than one in `alphabet`; `nil` unless 0 < p ≤ 1.
  package static func bits(guessedWithProbability p: Double, alphabet: Int = 2) -> Double? {
    guard p > 0, p <= 1, alphabet > 0 else { return nil }
    // p = 1 gives −0.0, which would print badly.
    return max(0, -BinaryEntropy.log2(max(p, 1 / Double(alphabet))))
  }
}
