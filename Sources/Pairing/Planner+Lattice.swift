import Agreement
import Motion

extension Planner {
  private func lowPassed(width: Int) -> LowPassStatistics? {
    LowPassStatistics(alice: alice, bob: bob, alignment: alignment, grid: grid, width: width)
  }

  /// The plan on a lattice with the most net bits per second.
  func proposeLattice() throws(PlanFailure) -> (plan: OffsetPlan, rate: Double) {
    let widths = rules.lattice.widths(for: grid)
    guard !widths.isEmpty else { throw .unsuitableRate(period: grid.spacing) }
    var best: (plan: OffsetPlan, rate: Double)?
    for width in widths {
      guard let statistics = lowPassed(width: width) else { continue }
      let chosen = statistics.channels.compactMap { figures in
        OffsetQuantiser.bitCounts.compactMap { OffsetCandidate(figures, bits: $0, rules: rules) }
          .filter { $0.isAdmissible(under: rules) }.max { $0.bitsPerStep < $1.bitsPerStep }
      }
      guard
        let plan = OffsetPlan(
          lowPass: statistics.lowPass, channels: chosen.map(\.channel),
          errorCode: errorCode(chosen))
      else { continue }
      let bits = chosen.reduce(0) { $0 + $1.bitsPerStep } / (Double(width) * grid.spacing)
      let net = Planner.net(bits: bits, errorRate: Double(plan.errorCode) * 1e-4)
      if net > 0, net > best?.rate ?? 0 { best = (plan, net) }
    }
    guard let best else { throw .noUsableChannel }
    return best
  }

  /// What the preambles say of the channels of a plan; empty where they say nothing of one.
  func figures(for plan: OffsetPlan) -> [LowPassStatistics.Channel] {
    let statistics = lowPassed(width: plan.lowPass.width)
    let figures = plan.channels.compactMap { channel in
      statistics?.channels.first { $0.channel == channel.channel }
    }
    return figures.count == plan.channels.count ? figures : []
  }

  func check(_ plan: OffsetPlan) throws(PlanViolation) {
    func refuse(_ text: String) -> PlanViolation { PlanViolation(description: text) }
    guard rules.lattice.widths(for: grid).contains(plan.lowPass.width) else {
      throw refuse("step width \(plan.lowPass.width) is outside the permitted spacing")
    }
    let figures = figures(for: plan)
    guard figures.count == plan.channels.count else { throw refuse("one of its channels cannot be used") }
    var candidates: [OffsetCandidate] = []
    for (channel, figures) in zip(plan.channels, figures) {
      let name = channel.channel.name
      guard let own = OffsetCandidate(figures, bits: channel.bits, rules: rules) else {
        throw refuse("\(name) cannot be used")
      }
      guard abs(Int(own.channel.stepCode) - Int(channel.stepCode)) <= 1 else {
        throw refuse("\(name): the width of its cells is not the preamble's")
      }
      guard own.unguessedPerBit >= rules.lattice.unguessedPerBit - 0.01 else {
        throw refuse("\(name): its bits are too easy to predict")
      }
      guard own.ones.allSatisfy({ rules.balance.contains($0) }) else {
        throw refuse("\(name): a bit plane is biased on the preamble")
      }
      candidates.append(own)
    }
    try check(plan.errorCode, against: candidates)
  }
}
