/// The outcome of an `EntropyClamp` with every term of its sum.
public struct ClampResult: Sendable, Equatable {
  /// Why no key may be made.
  public enum Abort: Error, Sendable, Equatable, CustomStringConvertible {
    /// A bound could not be computed; its name.
    case boundNotComputable(String)
    /// Kept bits or leakage are negative, or too large to calculate with.
    case implausibleCount(keptBits: Int, leakageBits: Int)
    /// Fewer than 128 bits are left; the number, and the whole sum for the local message.
    case tooLittleEntropy(usableBits: Int, sum: String)

    /// What happened, what was expected, what to do.
    public var description: String {
      switch self {
      case .boundNotComputable(let name):
        "the \(name) bound could not be computed, so no entropy may be claimed; shake again"
      case .implausibleCount(let keptBits, let leakageBits):
        "\(keptBits) kept bits and \(leakageBits) leaked bits cannot be right; both must be zero or more"
      case .tooLittleEntropy(let usableBits, let sum):
        "\(usableBits) usable bits where \(EntropyClamp.requiredBits) are needed; shake longer, in all directions\n"
          + sum
      }
    }
  }

  /// The clamp that was applied.
  public let clamp: EntropyClamp
  /// n.
  public let keptBits: Int
  /// The bias, most-common-byte and prediction bounds and the cap, in this order.
  public let bounds: [EntropyBound]
  /// Which of them is the least; `nil` if one could not be computed. Of equals the cap, else the first.
  public let bindingBound: EntropyBound?
  /// ⌊n · least bound⌋ in bits.
  public let entropyBits: Int
  /// What the ledger has debited, in bits.
  public let leakageBits: Int
  /// `entropyBits` − leakage − margin, possibly negative. 0 if there is no sum.
  public let usableBits: Int
  /// Why no key may be made; `nil` if one may.
  public let abort: Abort?

  init(clamp: EntropyClamp, keptBits: Int, bounds: [EntropyBound], leakageBits: Int) {
    self.clamp = clamp
    self.keptBits = keptBits
    self.bounds = bounds
    self.leakageBits = leakageBits
    func none(_ reason: Abort) -> (EntropyBound?, Int, Int, Abort?) { (nil, 0, 0, reason) }
    let outcome: (EntropyBound?, Int, Int, Abort?)
    if let unknown = bounds.first(where: { $0.millibits.map { !(0...1000).contains($0) } ?? true }) {
      outcome = none(.boundNotComputable(unknown.name))
    } else if keptBits < 0 || leakageBits < 0 {
      outcome = none(.implausibleCount(keptBits: keptBits, leakageBits: leakageBits))
    } else {
      var least = EntropyBound(name: "cap", millibits: clamp.capMillibits)
      for bound in bounds where (bound.millibits ?? 0) < (least.millibits ?? 0) { least = bound }
      let (product, overflow) = keptBits.multipliedReportingOverflow(by: least.millibits ?? 0)
      if overflow {
        outcome = none(.implausibleCount(keptBits: keptBits, leakageBits: leakageBits))
      } else {
        // All three are zero or more, so two subtractions can only run out at the lower end.
        let entropy = product / 1000
        let (afterMargin, tooFar) = (entropy - leakageBits).subtractingReportingOverflow(clamp.marginBits)
        let usable = tooFar ? Int.min : afterMargin
        outcome = (least, entropy, usable, nil)
      }
    }
    (bindingBound, entropyBits, usableBits, _) = outcome
    if let reason = outcome.3 {
      abort = reason
    } else if outcome.2 < EntropyClamp.requiredBits {
      let sum = Self.sum(
        clamp: clamp, keptBits: keptBits, bounds: bounds, binding: outcome.0, entropyBits: outcome.1,
        leakageBits: leakageBits, usableBits: outcome.2)
      abort = .tooLittleEntropy(usableBits: outcome.2, sum: sum)
    } else {
      abort = nil
    }
  }

  /// The whole sum on several lines. It holds exact statistics of secret bits: for the local message of a failed pairing
  /// only.
  public var sum: String {
    if case .boundNotComputable? = abort { return Self.boundLines(bounds, nil) + "\nno sum: a bound is missing" }
    if case .implausibleCount? = abort { return "no sum: \(keptBits) kept bits, \(leakageBits) leaked bits" }
    return Self.sum(
      clamp: clamp, keptBits: keptBits, bounds: bounds, binding: bindingBound, entropyBits: entropyBits,
      leakageBits: leakageBits, usableBits: usableBits)
  }

  /// The sum without exact statistics of the bits, for the report of a successful pairing: a bound other than the cap is
  /// named without its value, and the sum is then left out.
  public var reportLines: String {
    guard abort == nil, let bindingBound else { return "no key: too little entropy could be justified" }
    var lines = ["kept bits \(keptBits), leakage \(leakageBits), margin \(clamp.marginBits)"]
    if bindingBound.name == "cap" {
      lines.append("bound by the cap of \(bindingBound.figure) bit per kept bit; usable \(usableBits) bits")
    } else {
      lines.append(
        "bound by \(bindingBound.name), below the cap of \(EntropyBound(name: "", millibits: clamp.capMillibits).figure); "
          + "usable at least \(EntropyClamp.requiredBits) bits")
    }
    if clamp.reducedMargin { lines.append(Self.reducedMarginNote) }
    return lines.joined(separator: "\n")
  }

  private static let reducedMarginNote =
    "REDUCED MARGIN: below the default of \(EntropyClamp.defaultMarginBits) bits by configuration"

  private static func boundLines(_ bounds: [EntropyBound], _ binding: EntropyBound?) -> String {
    bounds.map { bound in
      "  \(bound.name): \(bound.figure)" + (bound.millibits == nil ? "" : " bit per kept bit")
        + (bound == binding ? "  <- binds" : "")
    }.joined(separator: "\n")
  }

  private static func sum(
    clamp: EntropyClamp, keptBits: Int, bounds: [EntropyBound], binding: EntropyBound?, entropyBits: Int,
    leakageBits: Int, usableBits: Int
  ) -> String {
    var lines = [
      "bounds:", boundLines(bounds, binding),
      "  \(keptBits) kept bits x \(binding?.figure ?? "?") = \(entropyBits)",
      "- \(leakageBits) leakage",
      "- \(clamp.marginBits) margin",
      "= \(usableBits) usable bits, \(EntropyClamp.requiredBits) needed",
    ]
    if clamp.reducedMargin { lines.append(reducedMarginNote) }
    return lines.joined(separator: "\n")
  }
}

extension ClampResult {
  /// What the answering side may still disclose: Q = ⌊n · least bound⌋ − margin − 128 − debits so far, with this result's
  /// leakage as the debits. `nil` if there is no sum. Not above zero means that not a single parity may be answered.
  public var responderBudget: Int? {
    switch abort {
    case nil, .tooLittleEntropy?:
      let (budget, tooFar) = usableBits.subtractingReportingOverflow(EntropyClamp.requiredBits)
      return tooFar ? Int.min : budget
    default:
      return nil
    }
  }
}
