#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The block sizes of every pass and the limits of a run of Cascade: a function of the length and of an error rate
/// measured on public data, so it discloses nothing.
///
/// A schedule has structured passes, whose blocks are small enough for most of them to hold at most one or two errors,
/// and verification passes, each of which checks the parity of one random half of the bits: a half that disagrees leads
/// to an error like any other block, and one that agrees halves the probability that errors went unnoticed.
public struct CascadeSchedule: Sendable, Equatable {
  /// Where the block sizes come from. p is the error rate, n the length.
  public enum Variant: String, Sendable, CaseIterable {
    /// Little leakage in about 20 round trips, and fewer where few errors are expected. Two structured passes (one when
    /// hardly any error is expected), as many verification passes as a frame error rate of 3e-4 takes, and addresses when
    /// little can be asked at once.
    case balanced
    /// The least leakage whatever the round trips, with the same verification.
    case frugal
    /// Brassard and Salvail, "Secret-Key Reconciliation by Public Discussion" (1993): 0.73/p, doubled three times.
    /// Leaves errors behind in about one string in a hundred.
    case original
    /// Sugimoto and Yamazaki (2000), as in BICONF: 0.92/p, three times that, then ten random halves.
    case biconf
    /// Yan, Ren, Peng, Lin, Jiang, Liu and Guo, "Information Reconciliation Protocol in Quantum Key Distribution
    /// System" (2008): 0.8/p, five times that, then eight random halves.
    case yan
    /// Martinez-Mateo, Pacher, Peev, Ciurana and Martin, "Demystifying the Information Reconciliation Protocol Cascade"
    /// (2014), option 4: 1/p, twice that, then fourteen random halves. Option 3 is the same without the reuse of
    /// sub-blocks, which is never left out here.
    case option4
    /// The same, option 7: 2^⌈log₂ 1/p⌉, four times that, then twelve random halves.
    case option7
    /// The same, option 8: with α = log₂ 1/p − ½, 2^⌈α⌉, 2^⌈(α + 12)/2⌉, 4096, then eleven random halves.
    case option8
  }

  /// The shortest string that can be reconciled, in bits.
  public static let minimumCount = 2
  /// The longest string that can be reconciled, in bits.
  public static let maximumCount = Permutation.maximumCount
  /// The most passes a run can have; a query for a later one is refused.
  public static let passLimit = 32
  /// The passes numbered from here on in queries are random halves, whatever the schedule; those before are shuffled.
  static let structuredPassLimit = 4
  /// The most random halves that a run can ask for.
  static let mostVerificationPasses = passLimit - structuredPassLimit
  /// The error rate beyond which block sizes shrink no further.
  public static let highestErrorRate = 0.25

  /// Which variant this is.
  public let variant: Variant
  /// The length of the string in bits.
  public let count: Int
  /// The expected error rate the schedule is made for: the one given, but at least 0.5/n and at most 0.25.
  public let errorRate: Double
  /// The block size of every pass, in bits; the last block of a pass may be shorter.
  public let blockSizes: [Int]
  /// How many of the passes, counted from the first, are structured ones.
  public let structuredPasses: Int
  /// A round with at most this many searches asks for whole addresses of errors instead of bisecting, which buys round
  /// trips at about one parity per error.
  public let addressLimit: Int
  /// Whether the last errors are looked for in what all passes say together, before each is searched.
  public let findsLastErrors: Bool
  /// More corrections than this end the run: 2·p·n + 0.5 % of n.
  public let correctionLimit: Int
  /// More round trips than this end the run.
  public let roundLimit: Int

  /// Makes a schedule.
  /// - Parameters:
  ///   - count: the length of the string in bits, 2 to 65,536.
  ///   - errorRate: the error rate expected from public data, 0 to 0.5. Zero is allowed: see `errorRate`.
  public init(count: Int, errorRate: Double, variant: Variant = .balanced) throws(CascadeError) {
    guard (CascadeSchedule.minimumCount...CascadeSchedule.maximumCount).contains(count) else {
      throw .unsupportedLength(count)
    }
    guard errorRate >= 0, errorRate <= 0.5 else { throw .invalidErrorRate }
    let rate = min(max(errorRate, 0.5 / Double(count)), CascadeSchedule.highestErrorRate)
    let sizes = Sizes(count: count, errorRate: rate, variant: variant)
    self.variant = variant
    self.count = count
    self.errorRate = rate
    structuredPasses = sizes.structured.count
    addressLimit = sizes.addressLimit
    findsLastErrors = variant == .balanced || variant == .frugal
    let halves = [Int](repeating: CascadeSchedule.half(of: count), count: sizes.verificationPasses)
    blockSizes = sizes.structured + halves
    correctionLimit = Int(2 * rate * Double(count) + 0.005 * Double(count))
    roundLimit = variant == .balanced || variant == .frugal ? 1000 : 5000
  }

  /// The number that a pass of the schedule has in queries.
  func number(ofPass pass: Int) -> Int {
    pass < structuredPasses ? pass : CascadeSchedule.structuredPassLimit + pass - structuredPasses
  }

  /// The blocks of a structured pass whose parity is asked for: all in the first pass, which so gives the parity of the
  /// whole, and all but the last in the others, where that one follows.
  func askedBlocks(ofPass pass: Int) -> some RandomAccessCollection<Range<Int>> {
    let (size, count) = (blockSizes[pass], count)
    let blocks = (count + size - 1) / size
    return (0..<(pass == 0 ? blocks : blocks - 1)).lazy.map { $0 * size..<min(($0 + 1) * size, count) }
  }

  /// The block size of a verification pass.
  static func half(of count: Int) -> Int { (count + 1) / 2 }

  /// Whether a run adds verification passes when more errors turn up than expected.
  private var adaptsVerification: Bool { variant == .balanced || variant == .frugal }

  /// The verification passes that a string with `corrected` errors takes: those scheduled, or more when the errors
  /// exceed what was expected.
  func verificationPasses(corrected: Int) -> Int {
    let scheduled = blockSizes.count - structuredPasses
    guard adaptsVerification else { return scheduled }
    let rate = min(Double(corrected) / Double(count), 0.5)
    let needed = CascadeSchedule.verificationPasses(
      count: count, errorRate: rate, structured: Array(blockSizes.prefix(structuredPasses)))
    return min(max(scheduled, needed), CascadeSchedule.mostVerificationPasses)
  }

  /// How many random halves bring the probability of a frame error under `frameErrorRate`.
  ///
  /// With Poisson errors, mean m per first-pass block, the errors that no first-pass block shows come in
  /// (m − (1 − e^(−2m))/2)/2 pairs per block. A pair stays hidden in a later pass of b blocks with probability 1/b, and
  /// in a random half with probability 1/2.
  static func verificationPasses(count: Int, errorRate: Double, structured: [Int]) -> Int {
    guard let first = structured.first else { return 0 }
    let mean = errorRate * Double(first)
    var hiddenPairs = Double(count) / Double(first) * (mean - (1 - exp(-2 * mean)) / 2) / 2
    for size in structured.dropFirst() { hiddenPairs *= Double(size) / Double(count) }
    let passes = log2(max(hiddenPairs, 1e-9) / frameErrorRate)
    return min(max(fewestVerificationPasses, Int(passes.rounded(.up))), mostVerificationPasses)
  }

  /// The frame error rate that verification passes are counted for.
  private static let frameErrorRate = 1.0 / 3000
  /// Fewer verification passes are never made: the model behind their number is only a model.
  private static let fewestVerificationPasses = 6
}

/// The block sizes of one variant.
private struct Sizes {
  var structured: [Int] = []
  var verificationPasses = 0
  var addressLimit = 0

  init(count: Int, errorRate: Double, variant: CascadeSchedule.Variant) {
    let half = CascadeSchedule.half(of: count)
    let expected = errorRate * Double(count)
    /// Equal blocks with `mean` expected errors each.
    func blocks(mean: Double) -> Int {
      let number = max(1, Int((expected / mean).rounded()))
      return max(2, (count + number - 1) / number)
    }
    func clamped(_ size: Double) -> Int { min(max(2, Int(min(size, 1e6).rounded(.up))), half) }
    let octave = log2(1 / errorRate)

    switch variant {
    case .balanced:
      // Expected errors per block of each pass, measured over n = 2000...10,000 and p = 0.01 %...15 %. Leakage counts the
      // more, the more errors there are; few errors may cost some parities and no time.
      let means: [Double]
      switch expected {
      case ..<30: (means, addressLimit) = ([0.5, 1], 6)
      case ..<80: (means, addressLimit) = ([0.5, 1.2], 6)
      case ..<160: (means, addressLimit) = ([0.55, 1.4], 6)
      case ..<250 where errorRate >= 0.04: (means, addressLimit) = ([0.6, 1.5], 6)
      default: (means, addressLimit) = ([0.57, 1.4], expected < 250 ? 8 : 10)
      }
      structured = means.map(blocks(mean:))
    case .frugal:
      structured = [blocks(mean: 1), blocks(mean: 2.5)]
    case .original:
      let first = clamped(0.73 / errorRate)
      structured = [1, 2, 4, 8].map { min(first * $0, half) }
    case .biconf:
      let first = clamped(0.92 / errorRate)
      structured = [first, min(3 * first, half)]
      verificationPasses = 10
    case .yan:
      let first = clamped(0.8 / errorRate)
      structured = [first, min(5 * first, half)]
      verificationPasses = 8
    case .option4:
      let first = clamped(1 / errorRate)
      structured = [first, min(2 * first, half)]
      verificationPasses = 14
    case .option7:
      let first = clamped(exp2(octave.rounded(.up)))
      structured = [first, min(4 * first, half)]
      verificationPasses = 12
    case .option8:
      structured = [
        clamped(exp2((octave - 0.5).rounded(.up))), clamped(exp2(((octave - 0.5 + 12) / 2).rounded(.up))),
        min(4096, half),
      ]
      verificationPasses = 11
    }
    if variant == .balanced || variant == .frugal {
      // A later pass of one block would say nothing.
      if let last = structured.last, structured.count > 1, last >= count { structured.removeLast() }
      verificationPasses = CascadeSchedule.verificationPasses(
        count: count, errorRate: errorRate, structured: structured)
    }
  }
}
