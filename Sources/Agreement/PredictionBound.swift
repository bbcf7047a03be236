/// How well the kept bits can be guessed, each before it is revealed, by predictors that know all that is public and all
/// that came before.
///
/// Predictors run on the grid of time × channel × bit plane and are scored on the kept bits: if erasures are cut out
/// first, the structure they hide in is gone, and a process whose next kept bit is nearly certain looks random. The
/// predictors of NIST SP 800-90B (sections 6.3.3 and 6.3.7 to 6.3.10) judge the packed string in addition.
///
/// Bits per kept bit are −log2 of the upper 99.5 % confidence limit of the hit rate. An average hit rate over bits of
/// uneven quality understates the entropy of the string (−log2 is convex), which is the safe side.
public struct PredictionBound: Sendable, CustomStringConvertible {
  /// What one predictor achieved. An exact statistic of secret bits: for local messages about a failed pairing only.
  public struct Score: Sendable, Equatable, CustomStringConvertible {
    /// The predictor.
    public let name: String
    /// How many bits it guessed; 0 if the estimate is not a count of guesses.
    public let guesses: Int
    /// How many of them it guessed right.
    public let hits: Int
    /// Bits of min-entropy per kept bit that are left; `nil` if it could not be computed.
    public let bits: Double?

    init(name: String, guesses: Int, hits: Int, bits: Double?) {
      self.name = name
      self.guesses = guesses
      self.hits = hits
      // NaN compares as neither more nor less than anything: it must not slip through a search for the least.
      self.bits = bits.flatMap { (0...1).contains($0) ? $0 : nil }
    }

    /// The score on one line.
    public var description: String {
      let counts = guesses > 0 ? ", \(hits) of \(guesses) guessed" : ""
      return "\(name): \(EntropyBound(name: name, bits: bits).figure) bits per bit\(counts)"
    }
  }

  /// All predictors.
  public let scores: [Score]

  /// The predictor that guessed best; one that could not be computed comes before all others. `nil` without predictors.
  public var binding: Score? {
    scores.first { $0.bits == nil } ?? scores.min { ($0.bits ?? 0) < ($1.bits ?? 0) }
  }

  /// The bound: the least of all estimates, in thousandths of a bit rounded down, or `nil` if any could not be computed.
  public var bound: EntropyBound {
    guard let binding else { return EntropyBound(name: "prediction", millibits: nil) }
    return EntropyBound(name: "prediction (\(binding.name))", bits: binding.bits)
  }

  /// One line per predictor, the best guesser first.
  public var description: String {
    scores.sorted { ($0.bits ?? -1) < ($1.bits ?? -1) }.map(\.description).joined(separator: "\n")
  }

  init(scores: [Score]) { self.scores = scores }

  /// Runs all predictors on one party's own grid.
  ///
  /// Takes time proportional to the grid: about 10 µs per kept bit.
  public static func estimate(_ grid: SymbolGrid) -> PredictionBound {
    PredictionBound(scores: gridScores(grid) + stringScores(grid.bits))
  }

  static func gridScores(_ grid: SymbolGrid) -> [Score] {
    let prepared = PreparedGrid(grid)
    guard let tallies = GridPredictors.run(prepared) else {
      return [Score(name: "predictors on the grid", guesses: 0, hits: 0, bits: nil)]
    }
    let kept = prepared.keptBits
    return tallies.map { tally in
      let upper = ConfidenceBound.upperLimit(hits: tally.hits, of: kept)
      let bits = upper.flatMap { ConfidenceBound.bits(guessedWithProbability: $0) }
      return Score(name: tally.name, guesses: kept, hits: tally.hits, bits: bits)
    }
  }

  static func stringScores(_ string: BitString) -> [Score] {
    let bits = string.unpackedScratch()
    func score(_ name: String, _ estimate: PredictionEstimate) -> Score {
      Score(name: "SP 800-90B \(name)", guesses: estimate.predictions, hits: estimate.hits, bits: estimate.bits)
    }
    let ones = string.onesCount
    let commoner = max(ones, string.count - ones)
    return [
      Score(
        name: "SP 800-90B most common value", guesses: string.count, hits: commoner,
        bits: ConfidenceBound.mostCommonValue(count: commoner, of: string.count, alphabet: 2)),
      Score(name: "SP 800-90B Markov", guesses: 0, hits: 0, bits: MarkovEstimate.bits(of: bits)),
      score("MultiMCW", MultiMCWPrediction.run(bits)), score("lag", LagPrediction.run(bits)),
      score("MultiMMC", MultiMMCPrediction.run(bits)), score("LZ78Y", LZ78YPrediction.run(bits)),
    ]
  }
}
