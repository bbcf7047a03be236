/// Coarse tests that the kept bits must pass before a single parity is disclosed.
///
/// They catch broken sensors and signals without entropy; they prove nothing about good ones. What may be claimed is
/// decided by the entropy bounds.
public enum Gates {
  /// More bits than this are needed.
  public static let fewestBits = 2048
  /// The share of ones must be nearer to ½ than this.
  public static let largestBias = 0.10
  /// The number of runs may deviate from its expectation by this share of it.
  public static let largestRunsDeviation = 0.25
  /// Autocorrelation must be below this in size.
  public static let largestAutocorrelation = 0.25
  /// The lags at which autocorrelation is looked at, in bits of the string and in steps of the grid.
  public static let lags = 1...8
  /// On the grid a lag is looked at if a channel has this many pairs of kept bits at that distance.
  public static let fewestPairs = 64
  /// With N pairs a correlation below this many standard deviations 1/√N counts as chance. Of six channels at eight lags
  /// each, good bits fail once in 2000 times.
  static let chanceDeviations = 4.4

  /// Which test failed.
  public enum Gate: Sendable, Equatable, CustomStringConvertible {
    /// The number of kept bits.
    case bitCount
    /// The share of ones.
    case bias
    /// The number of runs of equal bits.
    case runs
    /// Autocorrelation of the packed string.
    case autocorrelation(lag: Int)
    /// Autocorrelation of the bits of one channel over steps of the grid.
    case gridAutocorrelation(channel: Int, lag: Int)

    /// The test, in words.
    public var description: String {
      switch self {
      case .bitCount: "number of kept bits"
      case .bias: "bias"
      case .runs: "number of runs"
      case .autocorrelation(let lag): "autocorrelation of the bit string at lag \(lag)"
      case .gridAutocorrelation(let channel, let lag): "autocorrelation of channel \(channel) at \(lag) steps"
      }
    }
  }

  /// A failed test with its figure: a statistic of secret bits, for the local message of a pairing that ends here.
  public struct Failure: Error, Equatable, CustomStringConvertible {
    /// The test.
    public let gate: Gate
    /// What was found: a count of bits, |p₁ − ½|, the relative deviation of the runs, or |autocorrelation|.
    public let figure: Double
    /// What it was held against.
    public let limit: Double

    /// What happened, what was expected, what to do.
    public var description: String {
      let found = Self.text(figure)
      let limit = Self.text(limit)
      return switch gate {
      case .bitCount:
        "only \(found) bits were kept where more than \(limit) are needed; shake longer and in all directions"
      case .bias:
        "the share of ones is \(found) away from one half, the limit is \(limit); shake harder, in all directions"
      case .runs:
        "the number of runs is off by \(found) of its expectation, the limit is \(limit); "
          + "shake less regularly, in all directions"
      case .autocorrelation, .gridAutocorrelation:
        "the \(gate) is \(found) in size, the limit is \(limit); "
          + "shake less regularly, in all directions"
      }
    }

    private static func text(_ figure: Double) -> String {
      guard figure.isFinite, abs(figure) < 1e9 else { return "\(figure)" }
      return "\((figure * 10_000).rounded() / 10_000)"
    }
  }

  /// Tests the kept bits of one party's own grid.
  ///
  /// On the grid, each bit of a channel is compared with the bit of the same plane some steps before, over pairs of cells
  /// that both parties kept, and the planes of a channel are taken together: the sign of an innovation is always more
  /// regular than its finer bits, and what that costs is for the prediction bound to say. A lag with fewer than
  /// `fewestPairs` pairs is not looked at, and with few pairs the limit is widened to what chance does: 4.4/√N, which is
  /// 0.25 from 310 pairs on.
  ///
  /// - Throws: the first failed test, with its figure.
  public static func check(_ grid: SymbolGrid) throws(Failure) {
    try check(grid.bits)
    try checkOnGrid(grid)
  }

  /// Tests a bit string by itself: length, bias, runs, autocorrelation.
  ///
  /// - Throws: the first failed test, with its figure.
  public static func check(_ bits: BitString) throws(Failure) {
    let n = bits.count
    guard n > fewestBits else {
      throw Failure(gate: .bitCount, figure: Double(n), limit: Double(fewestBits))
    }
    let ones = Double(bits.onesCount)
    let p = ones / Double(n)
    guard abs(p - 0.5) < largestBias else {
      throw Failure(gate: .bias, figure: abs(p - 0.5), limit: largestBias)
    }
    let scratch = bits.unpackedScratch()
    var runs = 1
    for index in 1..<n where scratch[index] != scratch[index - 1] { runs += 1 }
    // The mean of Wald and Wolfowitz, On a test whether two samples are from the same population, 1940.
    let expected = 2 * ones * (Double(n) - ones) / Double(n) + 1
    let deviation = abs(Double(runs) / expected - 1)
    guard deviation <= largestRunsDeviation else {
      throw Failure(gate: .runs, figure: deviation, limit: largestRunsDeviation)
    }
    for lag in lags {
      var sum = 0.0
      for index in lag..<n { sum += (Double(scratch[index]) - p) * (Double(scratch[index - lag]) - p) }
      let correlation = abs(sum / (Double(n) * p * (1 - p)))
      guard correlation < largestAutocorrelation else {
        throw Failure(gate: .autocorrelation(lag: lag), figure: correlation, limit: largestAutocorrelation)
      }
    }
  }

  private static func checkOnGrid(_ grid: SymbolGrid) throws(Failure) {
    // Symbols of one channel over time, or 255 where not kept.
    let symbols = WipedScratch<UInt8>(repeating: 255, count: grid.steps)
    for channel in 0..<grid.channels {
      for step in 0..<grid.steps {
        symbols[step] = 255
        guard grid.isKept(step: step, channel: channel) else { continue }
        symbols[step] = UInt8(grid.symbol(at: step * grid.channels + channel) ?? 0)
      }
      for lag in lags {
        guard let (correlation, pairs) = correlation(symbols, planes: grid.levels[channel], lag: lag) else { continue }
        let limit = max(largestAutocorrelation, chanceDeviations / Double(pairs).squareRoot())
        guard abs(correlation) < limit else {
          throw Failure(gate: .gridAutocorrelation(channel: channel, lag: lag), figure: abs(correlation), limit: limit)
        }
      }
    }
  }

  /// The correlation of bits of the same plane `lag` steps apart, each about the mean of its plane; a plane that never
  /// changes counts as fully correlated. `nil` if there are too few pairs.
  private static func correlation(_ symbols: WipedScratch<UInt8>, planes: Int, lag: Int) -> (Double, pairs: Int)? {
    var covariance = 0.0
    var variance = 0.0
    var pairs = 0
    for plane in 0..<planes {
      var kept = 0.0
      var ones = 0.0
      for step in 0..<symbols.count where symbols[step] != 255 {
        kept += 1
        ones += Double(symbols[step] >> plane & 1)
      }
      guard kept > 0 else { return nil }
      let mean = ones / kept
      var sum = 0.0
      var count = 0.0
      for step in stride(from: lag, to: symbols.count, by: 1) where symbols[step] != 255 && symbols[step - lag] != 255 {
        sum += (Double(symbols[step] >> plane & 1) - mean) * (Double(symbols[step - lag] >> plane & 1) - mean)
        count += 1
      }
      let isConstant = ones == 0 || ones == kept
      covariance += isConstant ? count / 4 : sum
      variance += count * (isConstant ? 0.25 : mean * (1 - mean))
      pairs += Int(count)
    }
    guard pairs >= fewestPairs, variance > 0 else { return nil }
    return (covariance / variance, pairs)
  }
}
