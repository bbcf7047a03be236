/// The lag prediction estimate of NIST SP 800-90B, section 6.3.8.
enum LagPrediction {
  private static let depth = 128

  /// Guesses every bit after the first as the bit 1 to 128 places before, whichever distance has been right most often.
  static func run(_ string: WipedScratch<UInt8>) -> PredictionEstimate {
    var estimate = PredictionEstimate()
    let score = WipedScratch<Int32>(repeating: 0, count: depth + 1)
    var winner = 1
    withExtendedLifetime((string, score)) {
      let (bits, score) = (string.pointer, score.pointer)
      for index in stride(from: 1, to: string.count, by: 1) {
        let bit = bits[index]
        estimate.record(hit: index >= winner && bits[index - winner] == bit)
        let reach = min(depth, index)
        for lag in 1...reach { score[lag] += bits[index - lag] == bit ? 1 : 0 }
        // Only a lag that was right can take the lead; of equals the longest does.
        var best = score[winner]
        for lag in 1...reach where score[lag] >= best && bits[index - lag] == bit {
          best = score[lag]
          winner = lag
        }
      }
    }
    return estimate
  }
}
