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

/// One way of using one channel, as far as plans are chosen by it.
protocol PlanCandidate {
  /// Bits that both keep, per step.
  var bitsPerStep: Double { get }
  /// Bits of common cells that differ, per step.
  var flipsPerStep: Double { get }
}

/// Derives plans from the two preambles, and checks a peer's; Alice is the reference.
struct Planner: Sendable {
  let alice: Preamble
  let bob: Preamble
  let alignment: Alignment
  let grid: SampleGrid
  private let rehearsal: Rehearsal?
  let rules: PlanRules

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

  private func motion(width: Int) -> PreambleMotion? {
    PreambleMotion(alice: alice, bob: bob, alignment: alignment, grid: grid, width: width)
  }

  /// The second togetherness gate: the preambles, whitened, correlate, and at one offset only.
  ///
  /// - Returns: the correlation.
  func checkWhitenedCorrelation() throws(PlanFailure) -> Double {
    guard let width = rules.widths(for: grid).first else { throw .unsuitableRate(period: grid.spacing) }
    let motion = motion(width: width)
    guard let motion, let statistics = PreambleStatistics(motion, order: 1) else {
      let (usable, steps) = motion?.usableSteps ?? (0, 0)
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

  /// A plan and what it promises.
  struct Proposal: Sendable {
    let plan: Plan
    /// Net bits per second.
    let rate: Double
  }

  /// The plan with the most net bits per second.
  func propose(_ profile: QuantiserProfile) throws(PlanFailure) -> Proposal {
    switch profile {
    case .guard:
      let best = try proposeThresholds()
      return Proposal(plan: .guard(best.plan), rate: best.rate)
    case .offset:
      let best = try proposeLattice()
      return Proposal(plan: .offset(best.plan), rate: best.rate)
    }
  }

  private func proposeThresholds() throws(PlanFailure) -> (plan: SignalPlan, rate: Double) {
    let widths = rules.widths(for: grid)
    guard !widths.isEmpty else { throw .unsuitableRate(period: grid.spacing) }
    var best: (plan: SignalPlan, rate: Double)?
    for width in widths {
      guard let motion = motion(width: width) else { continue }
      let chosen = motion.kinds.map { choice(of: $0, in: motion) }
      let candidates = chosen.flatMap(\.candidates)
      guard let plan = assemble(candidates, filters: chosen.compactMap(\.filter), width: width) else { continue }
      let bits = candidates.reduce(0) { $0 + $1.bitsPerStep } / (Double(width) * grid.spacing)
      let net = Planner.net(bits: bits, errorRate: Double(plan.errorCode) * 1e-4)
      if net > 0, net > best?.rate ?? 0 { best = (plan, net) }
    }
    guard let best else { throw .noUsableChannel }
    return best
  }

  /// Error rates that a plan may name.
  static let errorRates =
    Double(SignalPlan.errorCodes.lowerBound) * 1e-4...Double(SignalPlan.errorCodes.upperBound) * 1e-4

  /// What of so many kept bits is left after error correction, at the clamp's cap.
  static func net(bits: Double, errorRate: Double) -> Double {
    bits * (0.20 - 1.5 * BinaryEntropy.h(errorRate))
  }

  /// The way of using a sensor that leaves most net bits: as it is, or with either board's motion matched to the other's.
  private func choice(
    of kind: SensorKind, in motion: PreambleMotion
  ) -> (filter: MatchingFilter?, candidates: [ChannelCandidate]) {
    var best: (filter: MatchingFilter?, candidates: [ChannelCandidate]) = (nil, [])
    var most = 0.0
    let filters =
      rehearsal == nil ? MatchingFilter.Side.allCases.compactMap { motion.matchingFilter(kind, on: $0) } : []
    var plainMismatch = 0.0
    for filter in [nil] + filters.map(Optional.some) {
      func statistics(order: Int) -> PreambleStatistics? {
        PreambleStatistics(motion, order: order, filters: filter.map { [$0] } ?? [])
      }
      let mismatch = statistics(order: rules.orders.lowerBound)?.mismatch(of: kind) ?? .infinity
      if filter == nil {
        plainMismatch = mismatch
      } else if mismatch > 0.7 * plainMismatch {
        continue
      }
      let byOrder = rules.orders.compactMap(statistics).map { Cutting($0, kind: kind, rules: rules) }
      let candidates = (0..<3).compactMap {
        candidate(for: MotionChannel(kind: kind, axis: $0), in: byOrder, spacing: motion.spacing)
      }
      let bits = candidates.reduce(0) { $0 + $1.bitsPerStep }
      let flips = candidates.reduce(0) { $0 + $1.flipsPerStep }
      let net = Planner.net(bits: bits, errorRate: errorRate(flips: flips, bits: bits))
      // A filter spoils the neighbours of clipped values and delays the end: it must earn its place.
      if net > most * (filter == nil ? 1 : 1.05) {
        most = net
        best = (filter, candidates)
      }
    }
    return best
  }

  /// All ways of cutting a sensor's innovations, with predictors of one order; those that may leave most come first.
  private struct Cutting {
    let statistics: PreambleStatistics
    let sample: KindSample
    /// `atMost`: the net bits that are left if all bits turn out to be common, with the fewest errors.
    let cuts: [(cut: KindSample.Cut, atMost: Double)]

    init(_ statistics: PreambleStatistics, kind: SensorKind, rules: PlanRules) {
      self.statistics = statistics
      let sample = KindSample(statistics, kind: kind)
      self.sample = sample
      cuts = rules.levels.flatMap { levels in
        Quantiser.guardMenu.indices.compactMap { sample.cut(levels: levels, guardIndex: $0) }
      }
      .map { ($0, Planner.net(bits: Double($0.levels) * $0.kept, errorRate: Planner.errorRates.lowerBound)) }
      .sorted { $0.atMost > $1.atMost }
    }
  }

  /// The way of using a channel that leaves most net bits.
  private func candidate(
    for channel: MotionChannel, in byOrder: [Cutting], spacing: Double
  ) -> ChannelCandidate? {
    var best: (candidate: ChannelCandidate, net: Double)?
    for cutting in byOrder {
      guard let figures = cutting.statistics.channels.first(where: { $0.channel == channel }) else { continue }
      guard
        let outlook = ChannelOutlook(
          figures, in: cutting.statistics, sample: cutting.sample, spacing: spacing, rules: rules, rehearsal: rehearsal)
      else { continue }
      for (cut, atMost) in cutting.cuts where outlook.entropyPerBit(levels: cut.levels) >= rules.entropyPerBit {
        guard atMost > best?.net ?? 0 else { break }
        guard let candidate = ChannelCandidate(outlook, cut: cut, rules: rules), candidate.isAdmissible(under: rules)
        else { continue }
        let rate = errorRate(flips: candidate.flipsPerStep, bits: candidate.bitsPerStep)
        let net = Planner.net(bits: candidate.bitsPerStep, errorRate: rate)
        if net > best?.net ?? 0 { best = (candidate, net) }
      }
    }
    return best?.candidate
  }

  /// Correlation of the two boards' innovations on the preamble, by channel, as the plan cuts them.
  func correlations(for plan: SignalPlan) -> [MotionChannel: Double] {
    var correlations: [MotionChannel: Double] = [:]
    for figures in figures(of: plan) { correlations[figures.channel] = figures.correlation }
    return correlations
  }

  /// Moments of Alice's low-passed motion on the preamble, by channel: the predictors that a plan begins with.
  func moments(for plan: Plan) -> [MotionChannel: LagMoments] {
    guard case .guard(let plan) = plan else { return [:] }
    var moments: [MotionChannel: LagMoments] = [:]
    for figures in figures(of: plan) { moments[figures.channel] = figures.moments }
    return moments
  }

  /// What the preambles say of a plan's channels, as it cuts them.
  private func figures(of plan: SignalPlan) -> [PreambleStatistics.Channel] {
    guard let motion = motion(width: plan.chain.width) else { return [] }
    return Set(plan.chain.models.map(\.order)).flatMap { order in
      (PreambleStatistics(motion, order: order, filters: plan.chain.filters)?.channels ?? []).filter {
        plan.chain.model(for: $0.channel)?.order == order
      }
    }
  }

  /// Checks a peer's plan against the preambles, number by number, each within one quantum.
  func check(_ plan: Plan) throws(PlanViolation) {
    switch plan {
    case .guard(let plan): try check(plan)
    case .offset(let plan): try check(plan)
    }
  }

  private func check(_ plan: SignalPlan) throws(PlanViolation) {
    func refuse(_ text: String) -> PlanViolation { PlanViolation(description: text) }
    guard rules.widths(for: grid).contains(plan.chain.width) else {
      throw refuse("step width \(plan.chain.width) is outside the permitted spacing")
    }
    guard let motion = motion(width: plan.chain.width) else { throw refuse("the preambles have too little in common") }
    for filter in plan.chain.filters {
      guard let own = motion.matchingFilter(filter.kind, on: filter.side),
        zip(own.codes, filter.codes).allSatisfy({ abs(Int($0) - Int($1)) <= 1 })
      else { throw refuse("the matching filter is not the preambles'") }
    }
    let byOrder = Dictionary(
      uniqueKeysWithValues: Set(plan.chain.models.map(\.order)).filter(rules.orders.contains).compactMap { order in
        PreambleStatistics(motion, order: order, filters: plan.chain.filters).map { (order, $0) }
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
        let figures = statistics.channels.first(where: { $0.channel == channel.channel })
      else { throw refuse("\(name) cannot be used") }
      let sample = KindSample(statistics, kind: channel.channel.kind)
      guard let cut = sample.cut(levels: channel.levels, guardIndex: channel.guardIndex),
        let outlook = ChannelOutlook(
          figures, in: statistics, sample: sample, spacing: motion.spacing, rules: rules, rehearsal: rehearsal),
        let own = ChannelCandidate(outlook, cut: cut, rules: rules)
      else { throw refuse("\(name) cannot be used") }
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
    try check(plan.errorCode, against: candidates)
  }

  /// Checks a peer's predicted error rate.
  func check(_ code: UInt16, against candidates: [some PlanCandidate]) throws(PlanViolation) {
    let own = Int(errorCode(candidates))
    guard abs(own - Int(code)) <= 1 + own / 8 else {
      throw PlanViolation(description: "predicted error rate \(code)e-4, the preambles say \(own)e-4")
    }
  }

  private func assemble(_ candidates: [ChannelCandidate], filters: [MatchingFilter], width: Int) -> SignalPlan? {
    let models = candidates.compactMap { InnovationModel(channel: $0.channel.channel, order: $0.order) }
    guard let chain = InnovationChain(width: width, models: models, filters: filters) else { return nil }
    return SignalPlan(chain: chain, channels: candidates.map(\.channel), errorCode: errorCode(candidates))
  }

  /// The error rate to expect of several channels together, in units of 10⁻⁴.
  func errorCode(_ candidates: [some PlanCandidate]) -> UInt16 {
    let bits = candidates.reduce(0) { $0 + $1.bitsPerStep }
    let flips = candidates.reduce(0) { $0 + $1.flipsPerStep }
    return UInt16((errorRate(flips: flips, bits: bits) * 1e4).rounded())
  }

  /// Predicted errors over predicted bits, within what a plan may name.
  func errorRate(flips: Double, bits: Double) -> Double {
    let (least, most) = (Planner.errorRates.lowerBound, Planner.errorRates.upperBound)
    return bits > 0 ? min(most, max(least, flips / bits)) : most
  }
}
