/// When enough has been kept: a rule on public counts, the same on both sides.
///
/// It must not look at the bits. Going on until the estimators are content would bias the estimators.
public enum StoppingRule {
  /// Bits allowed for what the ledger debits besides parities of Cascade's expected number.
  public static let reserveBits = 64.0
  /// How much more than its expectation Cascade may leak.
  public static let leakageReserve = 1.3

  /// Whether n · cap − 1.3 · f · h(p̂) · n − margin − 64 ≥ 128, with a cap of 0.20 bit unless it was lowered.
  ///
  /// - Parameters:
  ///   - keptBits: n, the size of the masks' intersection in bits.
  ///   - predictedErrorRate: p̂, the expected share of kept bits that differ, 0...0.5; a rate above ½ counts as ½.
  ///   - marginBits: the clamp's margin.
  ///   - capMillibits: the clamp's cap, in thousandths of a bit.
  ///   - efficiency: f, what Cascade discloses in units of n · h(p̂); at least 1.
  /// - Returns: `false` for figures out of range, and for any NaN.
  public static func isSatisfied(
    keptBits: Int, predictedErrorRate: Double, marginBits: Int = EntropyClamp.defaultMarginBits,
    capMillibits: Int = EntropyClamp.highestCapMillibits, efficiency: Double
  ) -> Bool {
    guard keptBits > 0, marginBits >= EntropyClamp.smallestMarginBits, predictedErrorRate >= 0,
      predictedErrorRate <= 1, efficiency >= 1, (1...EntropyClamp.highestCapMillibits).contains(capMillibits)
    else { return false }
    let n = Double(keptBits)
    let entropy = n * Double(capMillibits) / 1000
    let leakage = leakageReserve * efficiency * BinaryEntropy.h(min(predictedErrorRate, 0.5)) * n
    return entropy - leakage - Double(marginBits) - reserveBits >= Double(EntropyClamp.requiredBits)
  }
}
