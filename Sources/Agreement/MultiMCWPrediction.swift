/// The multi most common in window prediction estimate of NIST SP 800-90B, section 6.3.7.
enum MultiMCWPrediction {
  private static let windows = [63, 255, 1023, 4095]

  /// Guesses every bit after the first 63 as the commonest of the last 63, 255, 1023 or 4095 bits, whichever window has
  /// been right most often. A window takes part once it is full, so strings shorter than 4096 bits are judged by the
  /// smaller windows.
  static func run(_ string: WipedScratch<UInt8>) -> PredictionEstimate {
    var estimate = PredictionEstimate()
    var ones = [0, 0, 0, 0]
    var score = [0, 0, 0, 0]
    var winner = 0
    for index in 0..<string.count {
      let bit = string[index]
      if index >= windows[0] {
        // The winner is chosen before this bit is seen.
        let chosen = winner
        var hit = false
        for window in 0..<4 where index >= windows[window] {
          // The length is odd: the two values never tie.
          let guess: UInt8 = 2 * ones[window] > windows[window] ? 1 : 0
          if guess == bit {
            if window == chosen { hit = true }
            score[window] += 1
            if score[window] >= score[winner] { winner = window }
          }
        }
        estimate.record(hit: hit)
      }
      for window in 0..<4 {
        ones[window] += Int(bit)
        if index >= windows[window] { ones[window] -= Int(string[index - windows[window]]) }
      }
    }
    return estimate
  }
}
