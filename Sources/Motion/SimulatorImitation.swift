/// A person who sees another shake and does the same: what is slow of the model's motion, late, and what is fast of the
/// imitator's own, which begins as late.
///
/// The low-pass runs forwards and backwards, which delays nothing: the imitator's delay is all there is. Delay and
/// amplitudes vary from cycle to cycle, the delay in all degrees of freedom alike.
struct SimulatorImitation {
  private let corner: Double
  private let gainSpread: Double
  private let late: Int
  private var random: SimulatorRandom
  /// How late the imitator is at each step, in steps.
  private let delays: [Double]

  /// How fast the variations forget, in seconds: about a cycle of shaking.
  private static let cycle = 0.25

  /// Makes an imitator.
  ///
  /// - Parameters:
  ///   - parameters: of the simulation.
  ///   - steps: how long the motion is.
  ///   - random: the variations of this one.
  init(_ parameters: SimulatorParameters, steps: Int, random: SimulatorRandom) {
    corner = parameters.mimicCorner
    gainSpread = parameters.mimicGainSpread
    late = Int((parameters.mimicDelay * SimulatorHand.rate).rounded())
    self.random = random
    let wander = Self.wander(parameters.mimicTimingSpread, steps: steps, random: &self.random)
    delays = wander.map { max(0, parameters.mimicDelay + $0) * SimulatorHand.rate }
  }

  /// Three axes of the imitation.
  mutating func imitate(_ model: [SIMD3<Double>], with own: [SIMD3<Double>]) -> [SIMD3<Double>] {
    let followed = slow(model)
    let ownSlow = slow(own)
    let gains = (0..<3).map { _ in Self.wander(gainSpread, steps: own.count, random: &random) }
    return own.indices.map { index in
      let position = Double(index) - delays[index]
      let before = Int(position.rounded(.down))
      var value = SIMD3<Double>()
      if before >= 0, before + 1 < followed.count {
        value = followed[before] + (followed[before + 1] - followed[before]) * (position - Double(before))
      }
      value *= SIMD3(1 + gains[0][index], 1 + gains[1][index], 1 + gains[2][index])
      let started = max(0, index - late)
      return value + own[started] - ownSlow[started]
    }
  }

  private func slow(_ values: [SIMD3<Double>]) -> [SIMD3<Double>] {
    func pass(_ input: some Sequence<SIMD3<Double>>) -> [SIMD3<Double>] {
      var filter = SimulatorFilter.lowPass(corner, rate: SimulatorHand.rate)
      return input.map { filter.next($0) }
    }
    return pass(pass(values).reversed()).reversed()
  }

  private static func wander(_ deviation: Double, steps: Int, random: inout SimulatorRandom) -> [Double] {
    var wander = SimulatorWander(time: cycle, deviation: deviation)
    return (0..<steps).map { step in
      if step % SimulatorWander.interval == 0 { wander.advance(&random) }
      return wander.next()
    }
  }
}
