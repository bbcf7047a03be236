import Agreement
import Motion

/// One way of using one channel on a lattice, and what the preambles promise of it.
struct OffsetCandidate: PlanCandidate {
  /// The channel as a plan would have it.
  let channel: OffsetPlan.Channel
  /// Share of the steps that one side keeps.
  let kept: Double
  /// Share of them that count in the end.
  let overlap: Double
  let flipsPerStep: Double
  /// Predicted min-entropy per bit of what a linear predictor leaves: −log₂ of how often it guesses a bit.
  let unguessedPerBit: Double
  /// Predicted share of ones of each bit plane.
  let ones: [Double]
  /// Largest autocorrelation of the bits that the motion of the preamble makes likely, up to eight steps.
  let expectedAutocorrelation: Double
  /// Largest autocorrelation of the bits of the preamble itself, but for chance; `nil` where there are too few.
  let foundAutocorrelation: Double?

  var bitsPerStep: Double { Double(channel.bits) * kept * overlap }

  /// Whether it satisfies the rules.
  func isAdmissible(under rules: PlanRules) -> Bool {
    ones.allSatisfy(rules.balance.contains) && unguessedPerBit >= rules.lattice.unguessedPerBit
      && overlap >= rules.lattice.predictedOverlap && expectedAutocorrelation < rules.lattice.expectedAutocorrelation
      && foundAutocorrelation ?? 1 < rules.lattice.foundAutocorrelation
  }
}

extension OffsetCandidate {
  /// What the preambles say of one channel with so many bits per value.
  ///
  /// - Parameter stepCode: the width of a cell; by default the least that the rules permit.
  /// - Returns: `nil` where the channel cannot be used so.
  init?(_ figures: LowPassStatistics.Channel, bits: Int, stepCode: Int16? = nil, rules: PlanRules) {
    guard let stepCode = stepCode ?? OffsetCandidate.leastStepCode(figures, rules),
      let quantiser = OffsetPlan.Channel(channel: figures.channel, stepCode: stepCode, bits: bits).quantiser
    else { return nil }
    let step = quantiser.step
    // A channel that stands still far from zero has cells too narrow to be counted.
    let usable = figures.own.filter(\.isFinite)
    let mean = usable.reduce(0, +) / Double(max(1, usable.count))
    guard abs(mean) < 1e6 * step, figures.deviation < 1e3 * step else { return nil }
    /// How likely the boards differ by less than a share of a cell.
    func within(_ share: Double) -> Double {
      let z = share * step / max(figures.innovation, 1e-9 * step)
      func inside(_ z: Double) -> Double { 2 * normalDistribution(z) - 1 }
      return (1 - rules.lattice.outliers) * inside(z) + rules.lattice.outliers * inside(z / rules.lattice.outlierScale)
    }
    let both = zip(figures.own, figures.peer).count { $0.0.isFinite && $0.1.isFinite }
    let own = usable.count
    let more = max(own, figures.peer.count(where: \.isFinite), 1)
    channel = OffsetPlan.Channel(channel: figures.channel, stepCode: stepCode, bits: bits)
    kept = Double(own) / Double(max(1, figures.own.count))
    overlap = Double(both) / Double(more) * within(OffsetQuantiser.acceptance)
    // Who is off by one cell flips its last bit, half of the time the one before, and so on.
    let flips = 2 - exp2(Double(1 - bits))
    let misses = within(2 - OffsetQuantiser.acceptance - 0.3) - within(1 - OffsetQuantiser.acceptance)
    flipsPerStep = rules.lattice.errorFactor * misses * flips * kept * Double(both) / Double(more)
    unguessedPerBit = OffsetCandidate.unguessedPerBit(
      bits: bits, spreadInCells: rules.lattice.jointResidual * figures.unpredictable / step)
    ones = OffsetCandidate.ones(mean: mean, deviation: figures.deviation, quantiser)
    expectedAutocorrelation = OffsetCandidate.expectedAutocorrelation(figures.own, quantiser)
    let symbols = figures.own.map { value in
      quantiser.position(of: value).flatMap { quantiser.nearest(to: value, position: $0)?.cell }
    }
    foundAutocorrelation =
      (1...8).compactMap { BitAutocorrelation.beyondChance(symbols, levels: bits, lag: $0) }.max()
  }

  /// The narrowest cells, against what the boards differ by and against the motion, that the rules permit.
  private static func leastStepCode(_ figures: LowPassStatistics.Channel, _ rules: PlanRules) -> Int16? {
    let least = max(
      rules.lattice.differencesPerCell * figures.innovation, rules.lattice.deviationsPerCell * figures.deviation)
    return SignalPlan.deviationCode(least * exp2(1.0 / 32))
  }

  /// −log₂ of how often a bit is guessed right by who knows the value but for a Gaussian error, its position, and the bits
  /// of the same symbol before.
  static func unguessedPerBit(bits: Int, spreadInCells spread: Double) -> Double {
    let cells = 1 << bits
    guard spread > 0.02 else { return 0 }
    // Beyond a few periods the index is uniform.
    guard spread < Double(2 * cells) else { return 1 }
    let reach = Int((5 * spread).rounded(.up)) + 1
    let places = 16
    var hits = 0.0
    for place in 0..<places {
      // Nodes of a binary tree as in a heap: the children of k are 2k and 2k + 1, the cells its leaves.
      var tree = [Double](repeating: 0, count: 2 * cells)
      for index in -reach...reach {
        let distance = (Double(index) + (Double(place) + 0.5) / Double(places) - 0.5) / spread
        tree[cells + (index & (cells - 1))] += exp(-distance * distance / 2)
      }
      for node in stride(from: cells - 1, through: 1, by: -1) { tree[node] = tree[2 * node] + tree[2 * node + 1] }
      hits += (1..<cells).reduce(0) { $0 + max(tree[2 * $1], tree[2 * $1 + 1]) } / tree[1]
    }
    return -log2(hits / Double(places * bits))
  }

  /// The share of ones of each bit plane, highest first, for a Gaussian of the preamble's mean and deviation.
  private static func ones(mean: Double, deviation: Double, _ quantiser: OffsetQuantiser) -> [Double] {
    let first = Int(((mean - 4 * deviation) / quantiser.step).rounded(.down))
    let last = Int(((mean + 4 * deviation) / quantiser.step).rounded(.up))
    var ones = [Double](repeating: 0, count: quantiser.bits)
    for index in first...last {
      func share(below cell: Int) -> Double {
        normalDistribution((Double(cell) * quantiser.step - mean) / deviation)
      }
      let share = share(below: index + 1) - share(below: index)
      for plane in ones.indices where index >> (quantiser.bits - 1 - plane) & 1 == 1 { ones[plane] += share }
    }
    return ones
  }

  /// The autocorrelation of the index's bits, all planes together, at the worst of eight lags.
  ///
  /// A bit plane is a square wave of the value. If a change of the value over a lag is Gaussian with variance D, the
  /// harmonic k of a wave of period L keeps e^(−2π²k²D/L²) of itself; the first has 8/π² of the power and the third 8/9π².
  static func expectedAutocorrelation(_ values: [Double], _ quantiser: OffsetQuantiser) -> Double {
    var worst = 0.0
    for lag in 1...8 {
      var sum = 0.0
      var count = 0.0
      for t in stride(from: lag, to: values.count, by: 1) where values[t].isFinite && values[t - lag].isFinite {
        sum += (values[t] - values[t - lag]) * (values[t] - values[t - lag])
        count += 1
      }
      guard count >= 16 else { continue }
      let planes = (1...quantiser.bits).reduce(0.0) { total, plane in
        let period = exp2(Double(plane)) * quantiser.step
        let decay = 2 * Double.pi * Double.pi * sum / count / (period * period)
        return total + 8 / (Double.pi * Double.pi) * (exp(-decay) + exp(-9 * decay) / 9)
      }
      worst = max(worst, planes / Double(quantiser.bits))
    }
    return worst
  }
}

extension LowPassStatistics.Channel {
  /// How the boards differ on this channel, as Bob follows it.
  var model: LatticeTracker.Model {
    LatticeTracker.Model(weights: differenceWeights, innovation: innovation, deviation: difference)
  }
}
