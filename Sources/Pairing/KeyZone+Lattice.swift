import Agreement
import Motion

extension KeyZone {
  /// On a lattice, Bob's side: reads his motion of a second whose masks are open by Alice's positions, and accepts what
  /// lies near enough to one of the points that have them, allowing for how the boards differed just before.
  ///
  /// - Parameters:
  ///   - block: his low-passed motion of that second, by his clock as it is known by now; it takes the place of what he
  ///     had when he committed to his mask.
  ///   - trackers: one per channel; they and the clock learn from what is accepted.
  mutating func judge(_ block: LowPassedBlock, trackers: inout [LatticeTracker], clock: inout ResidualClock) {
    guard case .offset(let plan) = plan else { return }
    let second = verdicts.count
    let channels = channels.count
    var block = block
    var accepted = [Bool](repeating: false, count: cellsPerSecond)
    var evidence = ResidualClock.Evidence()
    let candidates = Set(candidates(second: second))
    for channel in 0..<min(channels, trackers.count) {
      let cells = Array(stride(from: channel, to: cellsPerSecond, by: channels))
      let readings = trackers[channel].read(
        WipedSeries(cells.lazy.map { block.values[$0] }),
        positions: cells.map {
          candidates.contains($0) ? peerMasks[second].positions[$0] : UInt8(OffsetQuantiser.positions)
        })
      let step = plan.channels[channel].step
      for (cell, reading) in zip(cells, readings) {
        guard let reading else { continue }
        accepted[cell] = reading.isAccepted
        block.values[cell] += reading.foretold * step
        if reading.isAccepted { evidence.add(residual: reading.difference, slope: block.slopes[cell] / step) }
      }
    }
    clock.learn(evidence)
    replaceValues(ofSecond: second, with: block)
    settle(accepted)
  }
}

/// Follows Bob's clock by how far his values lie from the points that Alice published: what remains of the difference
/// between the clocks is largest where the motion changes fastest.
///
/// It draws on what is public and on Bob's own values only, and nothing of it leaves him.
struct ResidualClock: Sendable {
  /// What one second says.
  struct Evidence: Sendable {
    private(set) var product = 0.0
    private(set) var square = 0.0

    /// Takes a residual and the slope of the value that it was measured on, both in cells (and per second).
    mutating func add(residual: Double, slope: Double) {
      guard residual.isFinite, slope.isFinite else { return }
      product += residual * slope
      square += slope * slope
    }
  }

  /// Over how many seconds a shift is fitted: drift itself changes it by no more than 0.1 ms meanwhile.
  private static let memory = 2
  /// What a shift is held to zero by, s: an alignment is right to half a millisecond.
  private static let prior = 1e-3
  /// No clock goes further astray within a key zone, s: 100 ppm make 6 ms in a minute. A peer that chose its positions to
  /// that end gets no further.
  private static let furthest = 0.01
  /// How large residuals are that the clock does not explain, in cells.
  private static let noise = 0.15

  /// What to take from the offset between the clocks, s.
  private(set) var shift = 0.0
  private var seconds: [(shift: Double, weight: Double)] = []

  /// Fits the shift to one more second, measured with the present one, and those before.
  mutating func learn(_ evidence: Evidence) {
    if evidence.square > 0 {
      seconds.append((shift + evidence.product / evidence.square, evidence.square))
    }
    seconds = seconds.suffix(ResidualClock.memory)
    let held = (ResidualClock.noise / ResidualClock.prior) * (ResidualClock.noise / ResidualClock.prior)
    let weight = seconds.reduce(held) { $0 + $1.weight }
    let fitted = seconds.reduce(0) { $0 + $1.shift * $1.weight } / weight
    shift = min(max(fitted, -ResidualClock.furthest), ResidualClock.furthest)
  }
}
