import Motion

/// What a plan must satisfy.
struct PlanRules: Sendable, Hashable {
  /// Permitted spacing of the steps, seconds: below it the entropy per bit falls whatever bit-level tests say.
  var spacing = 0.0145...0.0455
  /// Least predicted entropy per bit of a channel, bits.
  var entropyPerBit = 0.35
  /// Bits per value between boards: one alone is too predictable.
  var levels = 2...3
  /// Predictor orders between boards: a shorter memory leaves the periods of a shake in the bits.
  var orders = 3...4
  /// Least predicted share of one's own kept cells that the peer keeps too; masks are refused below 0.60.
  var predictedOverlap = 0.69
  /// Largest autocorrelation, up to eight steps and but for chance, of a channel's bits on the preamble; the gate is at
  /// 0.25.
  var autocorrelation = 0.20
  /// Permitted share of ones of every bit plane on the preamble.
  var balance = 0.4...0.6
  /// How much wider than on the preamble the differences will be: they grow once the motion is no longer the one that the
  /// boards were aligned on.
  var differenceFactor = 1.13
  /// How far the clocks will be apart, seconds, rms over the key zone: 50 ppm make half a millisecond in ten seconds.
  var clockError = 0.0002
  /// Kurtosis to expect of the differences, for each on the preamble: a short one hardly shows the tails.
  var kurtosisFactor = 1.3
  /// The least and the most kurtosis that is expected.
  var kurtosis = 3.5...12.0
  /// Least correlation of the whitened preambles.
  var whitenedCorrelation = 0.8
  /// Largest share of that correlation that another offset, beyond 60 ms, may reach.
  var secondPeak = 0.8

  /// What a plan on a lattice must satisfy besides or instead.
  var lattice = Lattice()

  /// The law by which the boards' innovations will differ in the key zone, in units of the innovation's deviation.
  func differenceLaw(
    _ figures: PreambleStatistics.Channel, in statistics: PreambleStatistics, spacing: Double
  ) -> DifferenceLaw {
    let found = differenceFactor * figures.difference / figures.deviation
    // What is white up to half the rate changes by 1.8 of its deviation per step.
    let late = 1.8 * clockError / spacing
    let kurtosis = kurtosisFactor * (statistics.kurtosis(of: figures.channel.kind) ?? 3)
    return DifferenceLaw(
      rms: (found * found + late * late).squareRoot(),
      kurtosis: min(max(kurtosis, self.kurtosis.lowerBound), self.kurtosis.upperBound))
  }

  /// The values used by the protocol.
  init() {}

  /// Those of a rehearsal: one bit per value, whitened as far as it goes, and the overlap that its noise leaves.
  static var rehearsal: PlanRules {
    var rules = PlanRules()
    rules.levels = 1...1
    rules.orders = LagMoments.maximumOrder...LagMoments.maximumOrder
    rules.predictedOverlap = 0.62
    return rules
  }

  /// Step widths, in grid points, within the permitted spacing.
  func widths(for grid: SampleGrid) -> [Int] { PlanRules.widths(for: grid, within: spacing) }

  fileprivate static func widths(for grid: SampleGrid, within spacing: ClosedRange<Double>) -> [Int] {
    (1...32).filter { spacing.contains(Double($0) * grid.spacing) }
  }
}

extension PlanRules {
  /// What a plan of the profile `offset` must satisfy.
  struct Lattice: Sendable, Hashable {
    /// Permitted spacing of the steps, seconds.
    var spacing = 0.0095...0.0335
    /// Least width of a cell, in deviations of what Bob cannot foretell of the difference between the boards. 6.9 would do if
    /// they were Gaussian and stayed as on the preamble; when they swell, who follows them loses his hold.
    var differencesPerCell = 9.0
    /// Least width of a cell, in deviations of the motion: sixteen of them cover one and a half.
    var deviationsPerCell = 1.5 / 16
    /// Share of the boards' differences that are ``outlierScale`` times as large as the others: a Gaussian's tails are too
    /// light (Tukey, A survey of sampling from contaminated distributions, 1960).
    var outliers = 0.15
    /// See ``outliers``.
    var outlierScale = 1.7
    /// Errors to expect for each that differences as on the preamble would make: they grow once the motion is no longer
    /// the one that the boards were aligned on.
    var errorFactor = 3.0
    /// Least predicted min-entropy per bit of a channel, bits; the clamp takes at most 0.20.
    var unguessedPerBit = 0.28
    /// What predictors that see all channels leave of what one channel's past leaves.
    var jointResidual = 0.85
    /// Least predicted share of Alice's cells that count in the end; masks are refused below 0.60.
    var predictedOverlap = 0.72
    /// Largest autocorrelation of a channel's bits, up to eight steps, that motion like the preamble's makes; the gate is at
    /// 0.25, and hands grow tired.
    var expectedAutocorrelation = 0.15
    /// The same for the preamble's own bits, but for chance.
    var foundAutocorrelation = 0.20

    /// Step widths, in grid points, within the permitted spacing.
    func widths(for grid: SampleGrid) -> [Int] { PlanRules.widths(for: grid, within: spacing) }
  }
}
