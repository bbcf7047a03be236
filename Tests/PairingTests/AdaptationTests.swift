import Agreement
import Testing

@testable import Motion
@testable import Pairing

/// Predictors and scales that follow the motion through the key zone.
@Suite struct AdaptationTests {
  private let channel = MotionChannel(kind: .gyroscope, axis: 0)
  private let steps = 67  // of 15 ms in a second

  /// A zone of one channel whose plan foresees nothing and expects values of deviation 1.
  private func zone() throws -> KeyZone {
    let model = try #require(InnovationModel(channel: channel, order: 3))
    // White noise: nothing can be foreseen.
    var moments = try #require(LagMoments(kind: .gyroscope, order: 3))
    for lag in 0...3 { moments.add { $0 == lag ? 1 : 0 } }
    let chain = try #require(InnovationChain(width: 3, models: [model]))
    let deviation = try #require(SignalPlan.deviationCode(1))
    let plan = try #require(
      SignalPlan(
        chain: chain,
        channels: [
          .init(
            channel: channel, deviationCode: deviation, levels: 2, guardIndex: 2, thresholdCodes: [48],
            magnitudeCode: 56)
        ], errorCode: 5))
    let grid = try #require(SampleGrid(start: 0, period: 5_000_000_000))
    return try #require(KeyZone(plan: .guard(plan), moments: [channel: moments], grid: grid, maximumSeconds: 30))
  }

  /// Motion that remembers itself, as strong as asked for.
  private func motion(seconds: Int, strength: Double, seed: UInt64 = 7) -> [Double] {
    var random = Seeded(state: seed)
    var x = [0.0, 0.0]
    for _ in 2..<seconds * steps {
      let noise = Double.random(in: -1.7...1.7, using: &random)
      x.append(strength * noise + 1.1 * x[x.count - 1] - 0.5 * x[x.count - 2])
    }
    return x
  }

  /// Goes through whole seconds; the peer keeps the cells that `peerKeeps` says. Returns the last second's values.
  private func run(
    _ motion: [Double], seconds: Int, opened: Bool = true, peerKeeps: (Int) -> Bool = { _ in true },
    peerHas: (Int) -> Bool = { _ in true }
  ) throws -> [Double] {
    var zone = try zone()
    let perSecond = zone.stepsPerSecond
    var last: [Double] = []
    for second in 0..<seconds {
      let range = second * perSecond..<(second + 1) * perSecond
      let values = WipedSeries(range.map { motion[$0] })
      zone.append(StepMotion(steps: zone.steps(of: second), channelCount: 1, values: values))
      zone.append(peer: ValidityBody(isPresent: range.map(peerHas)))
      let innovations = zone.innovations()
      last = Array(innovations.shared)
      zone.append(innovations, erasedFrom: nil, isLast: false)
      if opened { zone.append(peer: MaskBody(kept: range.map(peerKeeps), isLast: false)) }
    }
    return last
  }

  private func autocorrelation(_ x: [Double]) -> Double {
    zip(x, x.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / x.reduce(0) { $0 + $1 * $1 }
  }

  private func meanMagnitude(_ x: [Double]) -> Double { x.reduce(0) { $0 + abs($1) } / Double(x.count) }

  @Test func theMemoryOfTheMotionIsTakenOut() throws {
    let x = motion(seconds: 10, strength: 1)
    #expect(abs(autocorrelation(Array(x[400..<467]))) > 0.5)
    #expect(abs(autocorrelation(try run(x, seconds: 7))) < 0.25)
  }

  @Test(arguments: [0.25, 1, 4]) func theScaleFollowsTheStrengthOfTheShake(strength: Double) throws {
    // Evidence of 30 values of the plan's own scale still counts.
    let magnitude = meanMagnitude(try run(motion(seconds: 12, strength: strength), seconds: 9))
    #expect((0.6...1.3).contains(magnitude), "\(magnitude)")
  }

  @Test func whereNoMaskIsOpenThePlanStands() throws {
    let x = motion(seconds: 10, strength: 1)
    let values = try run(x, seconds: 4, opened: false)
    #expect(values == Array(x[3 * values.count..<4 * values.count]))
    // The first two seconds are committed before any mask is open.
    let early = try run(x, seconds: 2)
    #expect(early == Array(x[early.count..<2 * early.count]))
  }

  @Test func whatThePeerErasedDoesNotCount() throws {
    // Where the peer's values were clipped, ours may be anything: both sides refit on what both kept.
    let clipped: (Int) -> Bool = { $0 % 40 < 8 }
    let x = motion(seconds: 10, strength: 1)
    var wild = x
    for place in wild.indices where clipped(place) { wild[place] = .nan }
    // A cell that looks back on a clipped one is not kept either.
    let keeps: (Int) -> Bool = { place in !(0...3).contains { place >= $0 && clipped(place - $0) } }
    let tame = try run(x, seconds: 7, peerKeeps: keeps, peerHas: { !clipped($0) })
    let other = try run(wild, seconds: 7, peerKeeps: keeps, peerHas: { !clipped($0) })
    var compared = 0
    for (a, b) in zip(tame, other) where b.isFinite {
      #expect(a == b)
      compared += 1
    }
    #expect(compared > 45)
  }
}
