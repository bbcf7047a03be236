import Agreement

/// What one attack leaves of one pairing's bits.
package struct AttackScore: Sendable, Encodable {
  /// The attack.
  package let attack: String
  /// Kept symbols.
  package let symbols: Int
  /// Share of symbols whose likeliest guess was right.
  package let symbolAgreement: Double
  /// Share of kept bits guessed right, each with the bits before it known.
  package let bitAgreement: Double
  /// Bits per kept bit: −mean log2 of the probability that the attack gave to the truth.
  package let crossEntropy: Double
  /// Bits per kept bit: −log2 of the upper 99 % confidence limit of ``bitAgreement`` (z = 2.576).
  package let minEntropy: Double
  /// log2 of the chance that one guess of all symbols at once is right, before any parity is known: at every degree of the
  /// attack's own confidence, the upper 99 % confidence limit of how often it was right.
  package let guessLog2: Double
  /// What remains of the kept bits after the attack and the parities: n times the lesser of both entropies, less leakage.
  package let leftBits: Double
  /// What the pairing credits at the same place, before its margin: n times its least bound, less leakage.
  package let creditedBits: Int

  /// Whether the pairing credits no more than the attack leaves.
  package let holds: Bool
  /// What is left beyond what is credited, per kept bit; the least is the worst.
  package let slack: Double

  /// Scores the guesses of an attack.
  ///
  /// - Returns: `nil` without kept symbols.
  init?(_ attack: String, _ guesses: SymbolGuesses, of pair: AttackedPair) {
    guard !guesses.cells.isEmpty, pair.keptBits > 1 else { return nil }
    var symbolHits = 0
    var bitHits = 0
    var bits = 0
    var information = 0.0
    var tops: [(confidence: Double, isRight: Bool)] = []
    for cell in guesses.cells {
      let levels = pair.levels[cell.cell % pair.levels.count]
      let best = cell.probabilities.indices.max { cell.probabilities[$0] < cell.probabilities[$1] } ?? 0
      tops.append((cell.probabilities[best], best == cell.truth))
      if best == cell.truth { symbolHits += 1 }
      information -= logarithm(max(cell.probabilities[cell.truth], 1e-12))
      // The symbols that agree with the bits so far, most significant first, split by the next bit.
      for plane in stride(from: levels - 1, through: 0, by: -1) {
        var masses = (0.0, 0.0)
        for (symbol, mass) in cell.probabilities.enumerated() where symbol >> (plane + 1) == cell.truth >> (plane + 1) {
          if (symbol >> plane) & 1 == 0 { masses.0 += mass } else { masses.1 += mass }
        }
        let guess = masses.1 > masses.0 ? 1 : 0
        if guess == (cell.truth >> plane) & 1 { bitHits += 1 }
        bits += 1
      }
    }
    guard let upper = ConfidenceBound.upperLimit(hits: bitHits, of: bits),
      let minEntropy = ConfidenceBound.bits(guessedWithProbability: upper)
    else { return nil }
    self.attack = attack
    symbols = guesses.cells.count
    symbolAgreement = Double(symbolHits) / Double(symbols)
    bitAgreement = Double(bitHits) / Double(bits)
    crossEntropy = information / Double(bits)
    self.minEntropy = minEntropy
    guessLog2 = Self.chance(tops)
    leftBits = min(minEntropy, crossEntropy) * Double(bits) - Double(pair.leakageBits)
    creditedBits = pair.creditedBits - pair.leakageBits
    holds = Double(creditedBits) <= leftBits
    slack = (leftBits - Double(creditedBits)) / Double(bits)
  }

  /// log2 of the chance that all are right at once, in ten classes of confidence.
  private static func chance(_ tops: [(confidence: Double, isRight: Bool)]) -> Double {
    // Equal confidences stay in order of time: which of them were right must not sort them.
    let order = tops.indices.sorted { (tops[$0].confidence, $0) < (tops[$1].confidence, $1) }
    let sorted = order.map { tops[$0] }
    var sum = 0.0
    for part in 0..<10 {
      let members = sorted[(sorted.count * part / 10)..<(sorted.count * (part + 1) / 10)]
      let hits = members.count(where: \.isRight)
      guard let upper = ConfidenceBound.upperLimit(hits: hits, of: members.count) else { continue }
      sum += Double(members.count) * logarithm(upper)
    }
    return sum
  }
}
