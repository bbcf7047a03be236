import Agreement
import Motion

/// One way of using one channel, and what the preambles promise of it.
struct ChannelCandidate: PlanCandidate {
  /// The channel as a plan would have it.
  let channel: SignalPlan.Channel
  /// How many past values its predictor looks at.
  let order: Int
  /// Share of the steps that one side keeps.
  let kept: Double
  /// Share of them that the peer keeps too.
  let overlap: Double
  /// Bits of common cells that differ, per step.
  let flipsPerStep: Double
  /// Predicted entropy per bit, bits.
  let entropyPerBit: Double
  /// Whether the preamble's values make about as many ones as zeros, on every bit plane.
  let isBalanced: Bool
  /// Whether the preamble's values make bits that do not depend on those of earlier steps.
  let isUncorrelated: Bool

  /// Bits that both keep, per step.
  var bitsPerStep: Double { Double(channel.levels) * kept * overlap }

  /// Whether it satisfies the rules.
  func isAdmissible(under rules: PlanRules) -> Bool {
    isBalanced && isUncorrelated && entropyPerBit >= rules.entropyPerBit && overlap >= rules.predictedOverlap
  }
}

/// What the preambles say of a channel, however it is cut.
struct ChannelOutlook {
  /// Its figures.
  let figures: PreambleStatistics.Channel
  /// All values of its sensor.
  let sample: KindSample
  /// A rehearsal's greatest error, in deviations; 0 between boards.
  fileprivate let noise: Double
  /// How the boards' values will differ, in deviations.
  fileprivate let law: DifferenceTable
  fileprivate let deviationCode: Int16
  private let entropies: [Int: Double]

  /// What is said of a channel among `statistics`, from which `sample` is too; `nil` where it cannot be used.
  ///
  /// - Parameter spacing: of the steps, seconds.
  init?(
    _ figures: PreambleStatistics.Channel, in statistics: PreambleStatistics, sample: KindSample, spacing: Double,
    rules: PlanRules, rehearsal: Rehearsal?
  ) {
    // An accelerometer's differences whiten less well, too little for one bit per value.
    guard rehearsal == nil || figures.channel.kind == .gyroscope,
      let deviation = SignalPlan.deviationCode(figures.deviation)
    else { return nil }
    self.figures = figures
    self.sample = sample
    // A rehearsal's noise ends at ±noise: it takes guards of nearly half of that on both sides.
    noise = rehearsal.map(sample.halfWidth) ?? 0
    law = DifferenceTable(rules.differenceLaw(figures, in: statistics, spacing: spacing))
    deviationCode = deviation
    entropies = Dictionary(
      uniqueKeysWithValues: rules.levels.map {
        ($0, ChannelCandidate.entropyPerBit(levels: $0, unpredictable: figures.unpredictable))
      })
  }

  /// Predicted entropy per bit, bits, where a value gives so many; 0 for numbers that the rules do not permit.
  func entropyPerBit(levels: Int) -> Double { entropies[levels] ?? 0 }
}

extension ChannelCandidate {
  /// What the preambles say of one channel that is cut so, a cut of the same sample; `nil` where it cannot be used.
  init?(_ outlook: ChannelOutlook, cut: KindSample.Cut, rules: PlanRules) {
    let (figures, noise, law) = (outlook.figures, outlook.noise, outlook.law)
    let (levels, quantiser) = (cut.levels, cut.quantiser)
    let channel = SignalPlan.Channel(
      channel: figures.channel, deviationCode: outlook.deviationCode, levels: levels, guardIndex: cut.guardIndex,
      thresholdCodes: cut.thresholdCodes, magnitudeCode: cut.magnitudeCode)
    guard channel.quantiser != nil else { return nil }
    let shares = ChannelCandidate.shares(of: quantiser, sample: outlook.sample.values, reach: max(noise, law.reach)) {
      noise > 0 ? min(max(($0 + noise) / (2 * noise), 0), 1) : law.probability(below: $0)
    }
    // What clipping and gaps on one side alone cost counts like any other erasure of that side.
    let both = zip(figures.own, figures.peer).count { $0.0.isFinite && $0.1.isFinite }
    let wanted = Double(figures.mostAlone) / Double(max(figures.own.count, 1))
    let shared = Double(both) / Double(max(figures.mostAlone, 1))
    let symbols = figures.own.map { quantiser.cell($0).map(Quantiser.gray) }
    let autocorrelation = (1...8).compactMap { BitAutocorrelation.beyondChance(symbols, levels: levels, lag: $0) }
    self.init(
      channel: channel, order: figures.moments.order, kept: shares.kept * wanted, overlap: shares.overlap * shared,
      flipsPerStep: shares.flips * wanted * shared, entropyPerBit: outlook.entropyPerBit(levels: levels),
      isBalanced: shares.ones.allSatisfy(rules.balance.contains),
      isUncorrelated: !autocorrelation.isEmpty && autocorrelation.allSatisfy { $0 < rules.autocorrelation })
  }

  /// What a quantiser does to a sample when the peer's values differ by noise of a given distribution function, and by no
  /// more than `reach`.
  private static func shares(
    of quantiser: Quantiser, sample: [Double], reach: Double, noise distribution: (Double) -> Double
  ) -> (kept: Double, overlap: Double, flips: Double, ones: [Double]) {
    let edges = [-Double.infinity] + quantiser.thresholds + [Double.infinity]
    var kept = 0.0
    var both = 0.0
    var flips = 0.0
    var ones = [Double](repeating: 0, count: quantiser.levels)
    for value in sample {
      guard let cell = quantiser.cell(value) else { continue }
      kept += 1
      let symbol = Quantiser.gray(cell)
      for plane in 0..<quantiser.levels where symbol >> plane & 1 == 1 { ones[plane] += 1 }
      for other in 0..<(edges.count - 1) {
        let low = edges[other] + quantiser.guardBand - value
        let high = edges[other + 1] - quantiser.guardBand - value
        guard high > low, low < reach, high > -reach else { continue }
        let share = distribution(high) - distribution(low)
        both += share
        flips += share * Double((symbol ^ Quantiser.gray(other)).nonzeroBitCount)
      }
    }
    guard kept > 0 else { return (0, 0, 0, ones) }
    let n = Double(sample.count)
    return (kept / n, both / kept, flips / n, ones.map { $0 / kept })
  }

  /// Entropy per bit of a Gaussian's cell, given a prediction that leaves `unpredictable` of its deviation.
  static func entropyPerBit(levels: Int, unpredictable: Double) -> Double {
    let s = min(max(unpredictable, 0), 1)
    guard s > 0 else { return 0 }
    let quantiles: [Double]
    switch levels {
    case 1: quantiles = [0]
    case 2: quantiles = [-0.6745, 0, 0.6745]
    default: quantiles = [-1.1503, -0.6745, -0.3186, 0, 0.3186, 0.6745, 1.1503]
    }
    let edges = quantiles + [Double.infinity]
    let spread = (1 - s * s).squareRoot()
    var entropy = 0.0
    var weight = 0.0
    for node in stride(from: -4.0, through: 4.0, by: 0.1) {
      let density = exp(-node * node / 2)
      weight += density
      var below = 0.0
      for edge in edges {
        let upTo = normalDistribution((edge - node * spread) / s)
        let p = upTo - below
        if p > 1e-12 { entropy -= density * p * log2(p) }
        below = upTo
      }
    }
    return entropy / weight / Double(levels)
  }
}
