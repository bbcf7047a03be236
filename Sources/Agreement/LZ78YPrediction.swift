/// The LZ78Y prediction estimate of NIST SP 800-90B, section 6.3.10.
enum LZ78YPrediction {
  private static let depth = 16
  private static let maximumEntries = 65_536

  /// Guesses every bit after the first 17 from a dictionary of the contexts of 1 to 16 bits seen so far: the successor
  /// with the highest count of all.
  static func run(_ string: WipedScratch<UInt8>) -> PredictionEstimate {
    var estimate = PredictionEstimate()
    let dictionary = PatternCounts(depth: depth)
    var entries = 0
    var pattern = 0
    for index in 0..<string.count {
      let bit = Int(string[index])
      if index > depth {
        var guess: Int?
        var highest = 0
        for order in stride(from: depth, through: 1, by: -1) {
          if let candidate = dictionary.guess(after: pattern, order: order), candidate.count > highest {
            highest = candidate.count
            guess = candidate.bit
          }
        }
        estimate.record(hit: guess == bit)
      }
      if index >= depth {
        for order in stride(from: depth, through: 1, by: -1)
        where dictionary.add(bit, after: pattern, order: order, mayGrow: entries < maximumEntries) {
          entries += 1
        }
      }
      pattern = (pattern << 1 | bit) & ((1 << depth) - 1)
    }
    return estimate
  }
}
