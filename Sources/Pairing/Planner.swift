import Agreement
import Motion

/// Why no plan can be made.
public enum PlanFailure: Error, Sendable, Hashable {
  /// No step width falls into the permitted spacing: the grid period, seconds.
  case unsuitableRate(period: Double)
  /// Whitened, the preambles do not agree.
  case whitenedMismatch(correlation: Double, needed: Double)
  /// Whitened, they agree as well at another offset.
  case ambiguousOffset(peak: Double, second: Double, lagSeconds: Double)
  /// No channel carries enough: the boards differ too much, or the motion is too predictable.
  case noUsableChannel
}

/// A number of a peer's plan that the preambles do not bear out.
struct PlanViolation: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was wrong, for the local log.
  let description: String
}

/// Derives plans from the two preambles, and checks a peer's.
struct Planner: Sendable {
  private let alice: Preamble
  private let bob: Preamble
  private let alignment: Alignment
  private let grid: SampleGrid
  private let rehearsal: Rehearsal?
  private let rules: PlanRules

  /// A planner for one pair of preambles.
  ///
  /// - Parameters:
  ///   - rehearsal: the errors that will be added to Bob's values; `nil` between boards. With them, one bit per value is
  ///     kept.
  ///   - rules: what a plan must satisfy.
  init(
    alice: Preamble, bob: Preamble, alignment: Alignment, grid: SampleGrid, rehearsal: Rehearsal? = nil,
    rules: PlanRules = PlanRules()
  ) {
    self.alice = alice
    self.bob = bob
    self.alignment = alignment
    self.grid = grid
    self.rehearsal = rehearsal?.kind == .nearThresholds ? rehearsal : nil
    self.rules = rules
  }

  /// Without clipping to fear, and with only signs left to keep, a rehearsal whitens as far as it can.
  private var orders: ClosedRange<Int> {
    rehearsal != nil ? InnovationModel.maximumOrder...InnovationModel.maximumOrder : rules.orders
  }

  private func statistics(width: Int, order: Int) -> PreambleStatistics? {
    PreambleStatistics(alice: alice, bob: bob, alignment: alignment, grid: grid, width: width, order: order)
  }

  /// The second togetherness gate: the preambles, whitened, correlate, and at one offset only.
  ///
  /// - Returns: the correlation.
  func checkWhitenedCorrelation() throws(PlanFailure) -> Double {
    guard let width = rules.widths(for: grid).first else { throw .unsuitableRate(period: grid.spacing) }
    guard let statistics = statistics(width: width, order: 1) else {
      throw .whitenedMismatch(correlation: 0, needed: rules.whitenedCorrelation)
    }
    let peak = statistics.whitenedCorrelation(lag: 0)
    guard peak >= rules.whitenedCorrelation else {
      throw .whitenedMismatch(correlation: peak, needed: rules.whitenedCorrelation)
    }
    let spacing = Double(width) * grid.spacing
    let near = Int((0.060 / spacing).rounded(.up))
    let far = Int(0.35 / spacing)
    for lag in -far...far where abs(lag) >= near {
      let second = statistics.whitenedCorrelation(lag: lag)
      guard second < rules.secondPeak * peak else {
        throw .ambiguousOffset(peak: peak, second: second, lagSeconds: Double(lag) * spacing)
      }
    }
    return peak
  }

  /// The plan with the most net bits per second.
  func propose() throws(PlanFailure) -> SignalPlan {
    let widths = rules.widths(for: grid)
    guard !widths.isEmpty else { throw .unsuitableRate(period: grid.spacing) }
    var best: (plan: SignalPlan, rate: Double)?
    for width in widths {
      for order in orders {
        guard let statistics = statistics(width: width, order: order) else { continue }
        var chosen: [Candidate] = []
        for figures in statistics.channels {
          let options = (1...3).compactMap { candidate(figures, in: statistics, levels: $0, guardIndex: nil) }
            .filter { $0.isAdmissible(under: rules) }
          if let option = options.max(by: { $0.bitsPerStep < $1.bitsPerStep }) { chosen.append(option) }
        }
        guard let plan = assemble(chosen, statistics.chain) else { continue }
        let bits = chosen.reduce(0) { $0 + $1.bitsPerStep } / (Double(width) * grid.spacing)
        let net = bits * (0.20 - 1.5 * BinaryEntropy.h(plan.predictedErrorRate))
        if net > 0, net > best?.rate ?? 0 { best = (plan, net) }
      }
    }
    guard let best else { throw .noUsableChannel }
    return best.plan
  }

  /// Correlation of the two boards' innovations on the preamble, by channel, as the plan cuts them.
  func correlations(for plan: SignalPlan) -> [MotionChannel: Double] {
    guard let order = plan.chain.models.first?.order,
      let statistics = statistics(width: plan.chain.width, order: order)
    else { return [:] }
    return Dictionary(statistics.channels.map { ($0.channel, $0.correlation) }) { first, _ in first }
  }

  /// Checks a peer's plan against the preambles, number by number, each within one quantum.
  func check(_ plan: SignalPlan) throws(PlanViolation) {
    func refuse(_ text: String) -> PlanViolation { PlanViolation(description: text) }
    guard rules.widths(for: grid).contains(plan.chain.width) else {
      throw refuse("step width \(plan.chain.width) is outside the permitted spacing")
    }
    guard let order = plan.chain.models.map(\.order).first, orders.contains(order),
      plan.chain.models.allSatisfy({ $0.order == order }),
      let statistics = statistics(width: plan.chain.width, order: order)
    else { throw refuse("the predictor orders differ, or fit nothing") }
    for model in plan.chain.models {
      guard let own = statistics.chain.model(for: model.kind),
        zip(own.coefficients, model.coefficients).allSatisfy({ abs(Int($0) - Int($1)) <= 1 })
      else { throw refuse("the \(model.kind) predictor is not the preamble's") }
    }
    var candidates: [Candidate] = []
    for channel in plan.channels {
      let name = channel.channel.name
      guard let figures = statistics.channels.first(where: { $0.channel == channel.channel }),
        let own = candidate(figures, in: statistics, levels: channel.levels, guardIndex: channel.guardIndex)
      else { throw refuse("\(name) cannot be used") }
      guard abs(Int(own.channel.deviationCode) - Int(channel.deviationCode)) <= 1 else {
        throw refuse("\(name): deviation is not the preamble's")
      }
      guard
        zip(own.channel.thresholdCodes, channel.thresholdCodes)
          .allSatisfy({ abs(Int($0) - Int($1)) <= 1 })
      else { throw refuse("\(name): thresholds are not the preamble's") }
      guard own.entropyPerBit >= rules.entropyPerBit - 0.01 else {
        throw refuse("\(name): predicted entropy per bit is below \(rules.entropyPerBit)")
      }
      guard own.isBalanced else { throw refuse("\(name): a bit plane is biased on the preamble") }
      candidates.append(own)
    }
    let own = Int(Planner.errorCode(candidates))
    guard abs(own - Int(plan.errorCode)) <= 1 + own / 8 else {
      throw refuse("predicted error rate \(plan.errorCode)e-4, the preambles say \(own)e-4")
    }
  }

  /// One way of using one channel.
  private struct Candidate {
    let channel: SignalPlan.Channel
    let kept: Double
    let overlap: Double
    let flipsPerStep: Double
    let entropyPerBit: Double
    let isBalanced: Bool
    let isUncorrelated: Bool

    var bitsPerStep: Double { Double(channel.levels) * kept * overlap }

    func isAdmissible(under rules: PlanRules) -> Bool {
      isBalanced && isUncorrelated && entropyPerBit >= rules.entropyPerBit && overlap >= rules.predictedOverlap
    }
  }

  private func assemble(_ candidates: [Candidate], _ chain: InnovationChain) -> SignalPlan? {
    let kinds = Set(candidates.map(\.channel.channel.kind))
    guard let used = InnovationChain(width: chain.width, models: chain.models.filter { kinds.contains($0.kind) })
    else { return nil }
    return SignalPlan(chain: used, channels: candidates.map(\.channel), errorCode: Planner.errorCode(candidates))
  }

  /// Predicted errors over predicted bits; tripled, since differences have heavier tails than a Gaussian.
  private static func errorCode(_ candidates: [Candidate]) -> UInt16 {
    let bits = candidates.reduce(0) { $0 + $1.bitsPerStep }
    let flips = candidates.reduce(0) { $0 + $1.flipsPerStep }
    guard bits > 0 else { return 2000 }
    return UInt16(min(2000, max(5, (3 * flips / bits * 1e4).rounded())))
  }

  private func candidate(
    _ figures: PreambleStatistics.Channel, in statistics: PreambleStatistics, levels: Int, guardIndex: Int?
  ) -> Candidate? {
    let ratio = figures.difference / figures.deviation
    // The three axes of a kind share one shape, each in its own deviation: three times the sample.
    let kin = statistics.channels.filter { $0.channel.kind == figures.channel.kind }.map(\.own)
    let pool = kin.joined().filter(\.isFinite)
    // A rehearsal's noise ends at ±noise: guards of nearly half of that on both sides leave few errors.
    let noise = rehearsal?.halfWidth(for: pool.map(abs)) ?? 0
    let needed =
      noise > 0 ? min(0.46 * noise, Quantiser.guardMenu.last ?? 0) : rules.guardFactor * ratio
    // An accelerometer's differences whiten less well, too little for one bit per value.
    guard rehearsal == nil || (levels == 1 && figures.channel.kind == .gyroscope),
      let index = guardIndex ?? Quantiser.guardMenu.firstIndex(where: { $0 >= needed }),
      Quantiser.guardMenu.indices.contains(index), let deviation = SignalPlan.deviationCode(figures.deviation)
    else { return nil }
    let guardBand = Quantiser.guardMenu[index]
    guard
      let placed = Quantiser.equiprobableThresholds(
        magnitudes: pool.map(abs).sorted(), levels: levels, guardBand: guardBand)
    else { return nil }
    let codes = placed.thresholds.map { UInt16(min(($0 * 64).rounded(), 65535)) }
    let channel = SignalPlan.Channel(
      channel: figures.channel, deviationCode: deviation, levels: levels, guardIndex: index, thresholdCodes: codes)
    guard channel.quantiser != nil,
      let quantiser = Quantiser(
        levels: levels, positiveThresholds: codes.map { Double($0) / 64 }, guardBand: guardBand)
    else { return nil }
    let outlook = Planner.outlook(quantiser, sample: pool) { difference in
      noise > 0
        ? min(max((difference + noise) / (2 * noise), 0), 1) : normalDistribution(difference / max(ratio, 1e-6))
    }
    // What clipping and gaps on one side alone cost counts like any other erasure of that side.
    let both = zip(figures.own, figures.peer).count { $0.0.isFinite && $0.1.isFinite }
    let more = max(figures.own.count(where: \.isFinite), figures.peer.count(where: \.isFinite), 1)
    let valid = Double(figures.own.count(where: \.isFinite)) / Double(max(1, figures.own.count))
    let shared = Double(both) / Double(more)
    let symbols = kin.map { series in series.map { quantiser.cell($0).map(Quantiser.gray) } }
    let autocorrelation = (1...4).compactMap { Planner.autocorrelation(symbols, levels: levels, lag: $0) }
    let unpredictable = statistics.unpredictable[figures.channel.kind] ?? 0
    return Candidate(
      channel: channel, kept: outlook.kept * valid, overlap: outlook.overlap * shared,
      flipsPerStep: outlook.flips * valid * shared,
      entropyPerBit: Planner.entropyPerBit(levels: levels, unpredictable: unpredictable),
      isBalanced: outlook.ones.allSatisfy(rules.balance.contains),
      isUncorrelated: !autocorrelation.isEmpty && autocorrelation.allSatisfy { abs($0) < rules.autocorrelation })
  }

  /// Correlation of symbols' bits with the same bit plane `lag` steps before, all planes and series together; 1 where
  /// the bits never change, `nil` with fewer than 60 pairs of bits.
  private static func autocorrelation(_ series: [[Int?]], levels: Int, lag: Int) -> Double? {
    var n = 0.0
    var x = 0.0
    var y = 0.0
    var xy = 0.0
    for symbols in series where symbols.count > lag {
      for t in lag..<symbols.count {
        guard let now = symbols[t], let before = symbols[t - lag] else { continue }
        for plane in 0..<levels {
          let a = Double(now >> plane & 1)
          let b = Double(before >> plane & 1)
          n += 1
          x += a
          y += b
          xy += a * b
        }
      }
    }
    guard n >= 60 else { return nil }
    let variance = (x / n * (1 - x / n) * (y / n) * (1 - y / n)).squareRoot()
    guard variance > 0 else { return 1 }
    return (xy / n - x / n * (y / n)) / variance
  }

  /// What a quantiser does to a sample when the peer's values differ by noise of a given distribution function.
  private static func outlook(
    _ quantiser: Quantiser, sample: [Double], noise distribution: (Double) -> Double
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
        guard high > low else { continue }
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
    let cells = 1 << levels
    let quantiles: [Double]
    switch levels {
    case 1: quantiles = [0]
    case 2: quantiles = [-0.6745, 0, 0.6745]
    default: quantiles = [-1.1503, -0.6745, -0.3186, 0, 0.3186, 0.6745, 1.1503]
    }
    let edges = [-Double.infinity] + quantiles + [Double.infinity]
    let spread = (1 - s * s).squareRoot()
    var entropy = 0.0
    var weight = 0.0
    for node in stride(from: -4.0, through: 4.0, by: 0.1) {
      let density = exp(-node * node / 2)
      weight += density
      for cell in 0..<cells {
        let p =
          normalDistribution((edges[cell + 1] - node * spread) / s)
          - normalDistribution((edges[cell] - node * spread) / s)
        if p > 1e-12 { entropy -= density * p * log2(p) }
      }
    }
    return entropy / weight / Double(levels)
  }
}
