import Agreement
import Testing

@testable import Motion
@testable import Pairing

@Suite("What the boards' values differ by")
struct DifferenceLawTests {
  /// A moment of a law, from its distribution function: E f(d) = ∫ f dP over a fine grid.
  private func mean(_ law: DifferenceLaw, _ value: (Double) -> Double) -> Double {
    let step = 0.001
    return stride(from: -12.0, to: 12, by: step).reduce(0) {
      $0 + value($1 + step / 2) * (law.probability(below: $1 + step) - law.probability(below: $1))
    }
  }

  @Test("has the rms and the kurtosis asked for", arguments: [3, 4, 6, 10])
  func moments(kurtosis: Double) {
    let law = DifferenceLaw(rms: 0.5, kurtosis: kurtosis)
    let second = mean(law) { $0 * $0 }
    let fourth = mean(law) { $0 * $0 * $0 * $0 }
    #expect(abs(second - 0.25) < 1e-4)
    #expect(abs(fourth / (second * second) - kurtosis) < 0.02 * kurtosis)
  }

  @Test("foretells mean magnitude and excess as its distribution function has them", arguments: [3, 8])
  func excess(kurtosis: Double) {
    let law = DifferenceLaw(rms: 0.8, kurtosis: kurtosis)
    #expect(abs(law.meanMagnitude - mean(law) { abs($0) }) < 1e-4)
    for limit in [0, 0.3, 1, 2.5] {
      #expect(abs(law.meanExcess(over: limit) - mean(law) { max(abs($0) - limit, 0) }) < 1e-4)
    }
    let again = DifferenceLaw(meanMagnitude: law.meanMagnitude, kurtosis: kurtosis)
    #expect(abs(again.deviation - law.deviation) < 1e-12 && again.scale == law.scale)
  }

  @Test("stays a law whatever it is asked for", arguments: [-1, 0, 2.9, 27, 100, 1e9])
  func extremes(kurtosis: Double) {
    let law = DifferenceLaw(rms: 0, kurtosis: kurtosis)
    #expect(law.deviation > 0 && law.deviation.isFinite && law.scale >= 1 && law.scale.isFinite)
    #expect(law.probability(below: 0) == 0.5)
  }

  @Test("as a table is the same law", arguments: [3, 3.5, 6, 12], [1e-9, 0.02, 1.5])
  func table(kurtosis: Double, rms: Double) {
    let law = DifferenceLaw(rms: rms, kurtosis: kurtosis)
    let table = DifferenceTable(law)
    for step in -5000...5000 {
      let x = Double(step) / 4999 * law.reach
      #expect(abs(table.probability(below: x) - law.probability(below: x)) < 2e-5, "at \(x)")
    }
    for x in [Double.infinity, law.reach, 1e300] {
      #expect(table.probability(below: x) == 1 && table.probability(below: -x) == 0)
    }
  }
}

@Suite("What the masks say of the errors to come")
struct DisagreementTests {
  private let channel = MotionChannel(kind: .gyroscope, axis: 0)

  /// Two boards' zones of one channel of white noise, whose values differ by a law; and how many bits of those that both keep
  /// do, over how many they are.
  private func zones(_ law: DifferenceLaw, seconds: Int) throws -> (alice: KeyZone, bob: KeyZone, rate: Double) {
    let model = try #require(InnovationModel(channel: channel, order: 3))
    var moments = try #require(LagMoments(kind: .gyroscope, order: 3))
    for lag in 0...3 { moments.add { $0 == lag ? 1 : 0 } }
    let chain = try #require(InnovationChain(width: 3, models: [model]))
    let deviation = try #require(SignalPlan.deviationCode(1))
    let guardIndex = try #require(Quantiser.guardMenu.firstIndex(of: 0.15))
    let plan = try #require(
      SignalPlan(
        chain: chain,
        channels: [
          .init(
            channel: channel, deviationCode: deviation, levels: 2,
            guardIndex: guardIndex, thresholdCodes: [46], magnitudeCode: 51)
        ], errorCode: 5))
    let grid = try #require(SampleGrid(start: 0, period: 5_000_000_000))
    let empty = try #require(
      KeyZone(plan: .guard(plan), moments: [channel: moments], grid: grid, maximumSeconds: seconds))
    var random = Seeded(state: 11)
    func gaussian() -> Double { (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &random) } }
    var both = [empty, empty]
    for _ in 0..<seconds {
      let own = (0..<empty.cellsPerSecond).map { _ in gaussian() }
      let peer = own.map { value in
        value + gaussian() * law.deviation * (Double.random(in: 0..<1, using: &random) < 0.1 ? law.scale : 1)
      }
      for (side, values) in [own, peer].enumerated() {
        both[side].append(
          StepMotion(
            steps: empty.steps(of: both[side].ownMasks.count), channelCount: 1, values: WipedSeries(values)))
        both[side].append(peer: ValidityBody(isPresent: values.map { _ in true }))
        both[side].append(both[side].innovations(), erasedFrom: nil, isLast: false)
      }
      for side in 0..<2 {
        let mask = try #require(both[1 - side].ownMasks.last)
        both[side].append(peer: mask)
      }
    }
    let quantiser = try #require(plan.channels[0].quantiser)
    var bits = 0
    var flips = 0
    for cell in both[0].values.indices {
      guard let a = quantiser.cell(both[0].values[cell]), let b = quantiser.cell(both[1].values[cell]) else { continue }
      bits += 2
      flips += (Quantiser.gray(a) ^ Quantiser.gray(b)).nonzeroBitCount
    }
    return (both[0], both[1], Double(flips) / Double(bits))
  }

  @Test("is about what then happens, and the same on both sides", arguments: [0.18, 0.24, 0.3])
  func foretells(rms: Double) throws {
    let (alice, bob, rate) = try zones(DifferenceLaw(rms: rms, kurtosis: 4), seconds: 500)
    let shown = try #require(alice.disagreement(seconds: 500))
    #expect(bob.disagreement(seconds: 500) == shown)
    #expect((0.6...1.6).contains(shown / rate), "\(shown), \(rate)")
  }

  @Test("is nothing where boards agree, and unknown where there are no cells")
  func agreement() throws {
    let (alice, _, rate) = try zones(DifferenceLaw(rms: 0, kurtosis: 3), seconds: 5)
    #expect(rate == 0)
    #expect(try #require(alice.disagreement(seconds: 5)) < 1e-6)
    #expect(alice.disagreement(seconds: 0) == nil)
  }
}
