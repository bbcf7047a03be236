/// The multi Markov model with counting prediction estimate of NIST SP 800-90B, section 6.3.9.
enum MultiMMCPrediction {
  private static let depth = 16

  /// Guesses every bit after the second by Markov models of orders 1 to 16, whichever has been right most often. The standard's limit of 100,000 contexts per order cannot be reached with bits.
  static func run(_ string: WipedScratch<UInt8>) -> PredictionEstimate {
    var estimate = PredictionEstimate()
    let models = PatternCounts(depth: depth)
    var score = [Int](repeating: 0, count: depth + 1)
    var winner = 1
    var pattern = 0
    for index in 0..<string.count {
      let bit = Int(string[index])
      if index >= 2 {
        let chosen = winner
        var hit = false
        for order in 1...min(depth, index) {
          guard let guess = models.guess(after: pattern, order: order)?.bit else { continue }
          if guess == bit {
            if order == chosen { hit = true }
            score[order] += 1
            if score[order] >= score[winner] { winner = order }
          }
        }
        estimate.record(hit: hit)
      }
      if index >= 1 {
        for order in 1...min(depth, index) { _ = models.add(bit, after: pattern, order: order) }
      }
      pattern = (pattern << 1 | bit) & ((1 << depth) - 1)
    }
    return estimate
  }
}
