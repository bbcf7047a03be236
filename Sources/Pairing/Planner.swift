import Agreement
import Motion

/// Why no plan can be made.
public enum PlanFailure: Error, Sendable, Hashable {
  /// No step width falls into the permitted spacing: the grid period, seconds.
  case unsuitableRate(period: Double)
  /// Too many scans of the preambles are lost or clipped for them to be whitened: so many steps of theirs are usable.
  case tooFewSteps(usable: Int, steps: Int)
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
    rules: PlanRules? = nil
  ) {
    self.alice = alice
    self.bob = bob
    self.alignment = alignment
    self.grid = grid
    self.rehearsal = rehearsal?.kind == .nearThresholds ? rehearsal : nil
    self.rules = rules ?? (self.rehearsal == nil ? PlanRules() : .rehearsal)
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
      let (usable, steps) = PreambleStatistics.usableSteps(
        alice: alice, bob: bob, alignment: alignment, grid: grid, width: width)
      if usable < PreambleStatistics.fewestSteps { throw .tooFewSteps(usable: usable, steps: steps) }
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
      let byOrder = rules.orders.compactMap { statistics(width: width, order: $0) }
      let chosen = SignalPlan.everyChannel.compactMap { candidate(for: $0, in: byOrder) }
      guard let plan = assemble(chosen, width: width) else { continue }
      let bits = chosen.reduce(0) { $0 + $1.bitsPerStep } / (Double(width) * grid.spacing)
      let net = Planner.net(bits: bits, errorRate: plan.predictedErrorRate)
      if net > 0, net > best?.rate ?? 0 { best = (plan, net) }
    }
    guard let best else { throw .noUsableChannel }
    return best.plan
  }

  /// What of so many kept bits is left after error correction, at the clamp's cap.
  private static func net(bits: Double, errorRate: Double) -> Double {
    bits * (0.20 - 1.5 * BinaryEntropy.h(errorRate))
  }

  /// The way of using a channel that leaves most net bits.
  private func candidate(for channel: MotionChannel, in byOrder: [PreambleStatistics]) -> ChannelCandidate? {
    var best: (candidate: ChannelCandidate, net: Double)?
    for statistics in byOrder {
      guard let figures = statistics.channels.first(where: { $0.channel == channel }) else { continue }
      for levels in rules.levels {
        for guardIndex in Quantiser.guardMenu.indices {
          guard
            let candidate = ChannelCandidate(
              figures, in: statistics, levels: levels, guardIndex: guardIndex, rules: rules, rehearsal: rehearsal),
            candidate.isAdmissible(under: rules)
          else { continue }
          let rate = errorRate(flips: candidate.flipsPerStep, bits: candidate.bitsPerStep)
          let net = Planner.net(bits: candidate.bitsPerStep, errorRate: rate)
          if net > best?.net ?? 0 { best = (candidate, net) }
        }
      }
    }
    return best?.candidate
  }

  /// Correlation of the two boards' innovations on the preamble, by channel, as the plan cuts them.
  func correlations(for plan: SignalPlan) -> [MotionChannel: Double] {
    var correlations: [MotionChannel: Double] = [:]
    for order in Set(plan.chain.models.map(\.order)) {
      for figures in statistics(width: plan.chain.width, order: order)?.channels ?? []
      where plan.chain.model(for: figures.channel)?.order == order {
        correlations[figures.channel] = figures.correlation
      }
    }
    return correlations
  }

  /// Checks a peer's plan against the preambles, number by number, each within one quantum.
  func check(_ plan: SignalPlan) throws(PlanViolation) {
    func refuse(_ text: String) -> PlanViolation { PlanViolation(description: text) }
    guard rules.widths(for: grid).contains(plan.chain.width) else {
      throw refuse("step width \(plan.chain.width) is outside the permitted spacing")
    }
    let byOrder = Dictionary(
      uniqueKeysWithValues: Set(plan.chain.models.map(\.order)).filter(rules.orders.contains).compactMap { order in
        statistics(width: plan.chain.width, order: order).map { (order, $0) }
      })
    var candidates: [ChannelCandidate] = []
    for channel in plan.channels {
      let name = channel.channel.name
      guard rules.levels.contains(channel.levels) else {
        throw refuse("\(name) is to give \(channel.levels) bits per value")
      }
      guard let model = plan.chain.model(for: channel.channel), rules.orders.contains(model.order) else {
        throw refuse("\(name): the order of its predictor is outside \(rules.orders)")
      }
      guard let statistics = byOrder[model.order],
        let figures = statistics.channels.first(where: { $0.channel == channel.channel }),
        let own = ChannelCandidate(
          figures, in: statistics, levels: channel.levels, guardIndex: channel.guardIndex, rules: rules,
          rehearsal: rehearsal)
      else { throw refuse("\(name) cannot be used") }
      guard zip(own.model.coefficients, model.coefficients).allSatisfy({ abs(Int($0) - Int($1)) <= 1 }) else {
        throw refuse("the predictor of \(name) is not the preamble's")
      }
      guard abs(Int(own.channel.deviationCode) - Int(channel.deviationCode)) <= 1 else {
        throw refuse("\(name): deviation is not the preamble's")
      }
      guard
        zip(own.channel.thresholdCodes, channel.thresholdCodes)
          .allSatisfy({ abs(Int($0) - Int($1)) <= 1 })
      else { throw refuse("\(name): thresholds are not the preamble's") }
      guard abs(Int(own.channel.magnitudeCode) - Int(channel.magnitudeCode)) <= 1 else {
        throw refuse("\(name): mean magnitude is not the preamble's")
      }
      guard own.entropyPerBit >= rules.entropyPerBit - 0.01 else {
        throw refuse("\(name): predicted entropy per bit is below \(rules.entropyPerBit)")
      }
      guard own.isBalanced else { throw refuse("\(name): a bit plane is biased on the preamble") }
      candidates.append(own)
    }
    let own = Int(errorCode(candidates))
    guard abs(own - Int(plan.errorCode)) <= 1 + own / 8 else {
      throw refuse("predicted error rate \(plan.errorCode)e-4, the preambles say \(own)e-4")
    }
  }

  private func assemble(_ candidates: [ChannelCandidate], width: Int) -> SignalPlan? {
    guard let chain = InnovationChain(width: width, models: candidates.map(\.model)) else { return nil }
    return SignalPlan(chain: chain, channels: candidates.map(\.channel), errorCode: errorCode(candidates))
  }

  private func errorCode(_ candidates: [ChannelCandidate]) -> UInt16 {
    let bits = candidates.reduce(0) { $0 + $1.bitsPerStep }
    let flips = candidates.reduce(0) { $0 + $1.flipsPerStep }
    return UInt16((errorRate(flips: flips, bits: bits) * 1e4).rounded())
  }

  /// Predicted errors over predicted bits; several times as many, since differences have heavier tails than a Gaussian and
  /// grow once the motion is no longer the one that the boards were aligned on.
  private func errorRate(flips: Double, bits: Double) -> Double {
    bits > 0 ? min(0.2, max(5e-4, rules.errorFactor * flips / bits)) : 0.2
  }
}
