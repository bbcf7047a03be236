/// Decides how many bits of min-entropy may be claimed for the reconciled string, far below what estimators say:
///
///     usable = n · min(bias bound, most-common-byte bound, prediction bound, cap) − leakage − margin
///
/// The cap is applied before anything is subtracted. All figures are integers (thousandths of a bit where fractions are
/// needed), rounded down. Fewer than 128 usable bits, or a bound that could not be computed, is the end of the pairing.
public struct EntropyClamp: Sendable, Equatable {
  /// No more than this is ever claimed per kept bit, in thousandths of a bit.
  public static let highestCapMillibits = 200
  /// Bits withheld unless configured otherwise.
  public static let defaultMarginBits = 512
  /// The smallest margin that may be configured, in bits.
  public static let smallestMarginBits = 128
  /// A key needs this many usable bits.
  public static let requiredBits = 128

  /// The cap in force, in thousandths of a bit per kept bit.
  public let capMillibits: Int
  /// The margin in force, in bits.
  public let marginBits: Int

  /// Whether the margin is below the default; every report says so.
  public var reducedMargin: Bool { marginBits < Self.defaultMarginBits }

  /// Makes a clamp; the cap can only be lowered, the margin not below 128 bits.
  ///
  /// - Throws: `EntropyClampError` for a cap outside 1...200 or a margin below 128.
  public init(
    capMillibits: Int = EntropyClamp.highestCapMillibits, marginBits: Int = EntropyClamp.defaultMarginBits
  ) throws(EntropyClampError) {
    guard (1...Self.highestCapMillibits).contains(capMillibits) else { throw .cap(capMillibits) }
    guard marginBits >= Self.smallestMarginBits else { throw .margin(marginBits) }
    self.capMillibits = capMillibits
    self.marginBits = marginBits
  }

  /// Applies the formula to given bounds.
  ///
  /// - Parameters:
  ///   - keptBits: n, the length of the string.
  ///   - bias: the bias bound.
  ///   - mostCommonByte: the most-common-byte bound.
  ///   - prediction: the prediction bound.
  ///   - leakageBits: everything the ledger has debited.
  /// - Returns: all terms and the verdict. Counts that are negative or too large to multiply are a verdict, too.
  public func evaluate(
    keptBits: Int, bias: EntropyBound, mostCommonByte: EntropyBound, prediction: EntropyBound, leakageBits: Int
  ) -> ClampResult {
    ClampResult(
      clamp: self, keptBits: keptBits,
      bounds: [bias, mostCommonByte, prediction, EntropyBound(name: "cap", millibits: capMillibits)],
      leakageBits: leakageBits)
  }

  /// Applies the formula to a party's own kept bits, computing the bias and byte bounds from them.
  public func evaluate(_ bits: BitString, prediction: EntropyBound, leakageBits: Int) -> ClampResult {
    evaluate(
      keptBits: bits.count, bias: .bias(of: bits), mostCommonByte: .mostCommonByte(of: bits), prediction: prediction,
      leakageBits: leakageBits)
  }
}

/// Why an `EntropyClamp` was refused.
public enum EntropyClampError: Error, Equatable, CustomStringConvertible {
  /// A cap outside 1...200 thousandths of a bit.
  case cap(Int)
  /// A margin below 128 bits.
  case margin(Int)

  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .cap(let cap):
      "a cap of \(cap) thousandths of a bit per kept bit was asked for; give 1 to \(EntropyClamp.highestCapMillibits)"
    case .margin(let margin):
      "a margin of \(margin) bits was asked for; give \(EntropyClamp.smallestMarginBits) or more "
        + "(\(EntropyClamp.defaultMarginBits) is the default)"
    }
  }
}
