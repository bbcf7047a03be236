import Testing

@testable import Motion

@Suite("Classes of simulated pairs")
struct SimulatedClassTests {
  @Test("keep to the figures that they document", arguments: SimulatedClass.allCases)
  func figures(kind: SimulatedClass) throws {
    var rates: Set<Double> = []
    for seed in 1...60 as ClosedRange<UInt64> {
      let parameters = kind.parameters(seed: seed)
      #expect(parameters == kind.parameters(seed: seed) && parameters.seed == seed)
      try parameters.validate()
      #expect((0.7...1.3).contains(parameters.intensity))
      #expect(kind.isTogether == (parameters.relation == .together))
      #expect(parameters.seconds == (kind == .loose ? 40 : 24) && parameters.flex == (kind == .loose ? 0.1 : 0))
      #expect((kind == .farApart ? 0.05...0.1 : 0.05...0.05).contains(parameters.leverArm))
      if kind == .mimic {
        #expect((0.1...0.25).contains(parameters.mimicDelay) && (3...6).contains(parameters.mimicCorner))
      }
      rates.formUnion([parameters.rateAlice, parameters.rateBob])
      if kind == .mixedRates {
        // The slower or faster board has the smaller ranges.
        let bobs = parameters.rateBob != 200
        #expect((parameters.rateAlice == 200) == bobs)
        #expect(parameters.accelerationRange == (bobs ? 16 : 8))
        #expect(parameters.accelerationRangeBob == (bobs ? 8 : 16))
      }
    }
    #expect(rates == (kind == .mixedRates ? [100, 104, 200, 500] : [200]))
  }

  @Test("have the same leading hand for one seed, whatever the class")
  func leadingHand() throws {
    func alice(_ kind: SimulatedClass) throws -> Recording {
      var parameters = kind.parameters(seed: 4)
      parameters.seconds = 4
      return try Simulator.simulate(parameters).alice.recording
    }
    let rigid = try alice(.rigid)
    for kind in [SimulatedClass.impostor, .replay, .loose] { #expect(try alice(kind) == rigid) }
  }

  @Test("give a replay the same tempo and habits, but not the same motion")
  func replay() {
    let one = SimulatorPhysicsTests.motion(.replay, seconds: 8, seed: 3)
    let a = one.alice.angularVelocity.map { $0.x }
    let b = one.bob.angularVelocity.map { one.mounting.rotate($0).x }
    /// Zero crossings upwards per second of shaking: about the tempo.
    func tempo(_ values: [Double]) -> Double {
      Double(zip(values[4000...], values[4001...]).filter { $0 < 0 && $1 >= 0 }.count) / 7
    }
    #expect(abs(tempo(a) - tempo(b)) < 1.5)
    #expect(
      SimulatorPhysicsTests.unexplained(one.alice.angularVelocity, one.bob.angularVelocity, below: 40) > 0.5)
  }

  @Test("give an imitator a delay and amplitudes that vary about their means")
  func variation() {
    var parameters = SimulatorParameters(seed: 1)
    parameters.mimicDelay = 0.1
    parameters.mimicCorner = 40
    let steps = 40_000
    let model = (0..<steps).map { SIMD3(1, 1, 1) * SimulatorMath.sineAndCosine(Double($0) * 0.002 * Double.pi).sine }
    let still = [SIMD3<Double>](repeating: SIMD3(), count: steps)
    func imitated() -> [SIMD3<Double>] {
      var imitation = SimulatorImitation(parameters, steps: steps, random: SimulatorRandom(seed: 1, stream: 1))
      return imitation.imitate(model, with: still)
    }
    /// What is left of the model, 0.1 s earlier, as a root of the mean square against the model's.
    func difference(_ values: [SIMD3<Double>]) -> Double {
      let range = 4000..<steps
      let sum = range.reduce(0.0) { $0 + ((values[$1] - model[$1 - 400]) * (values[$1] - model[$1 - 400])).sum() }
      return (sum / range.reduce(0.0) { $0 + (model[$1] * model[$1]).sum() }).squareRoot()
    }
    #expect(difference(imitated()) < 0.02)
    parameters.mimicGainSpread = 0.2
    #expect((0.1...0.3).contains(difference(imitated())))
    parameters.mimicGainSpread = 0
    parameters.mimicTimingSpread = 0.03
    // At 4 Hz a time error of 30 ms is 0.75 rad.
    #expect((0.35...1.0).contains(difference(imitated())))
  }

  @Test("give each sensor the low-pass that the kernel sets for its rate, and each board its own ranges")
  func sensors() throws {
    for (rate, expected) in [(62.5, 20.0), (100, 42), (104, 42), (200, 98), (500, 188), (10, 5), (1000, 188)] {
      #expect(SimulatorSensor.bandwidths(rate: rate).angularVelocity == expected, "\(rate)")
    }
    var parameters = SimulatorParameters(seed: 2, seconds: 2, restBefore: 1)
    parameters.accelerationRangeBob = 8
    parameters.angularVelocityRangeBob = 1000
    let pair = try Simulator.simulate(parameters)
    #expect(pair.alice.accelerationScale == InertialRange.accelerationScale(16))
    #expect(pair.bob.accelerationScale == InertialRange.accelerationScale(8))
    #expect(pair.bob.angularVelocityScale == InertialRange.angularVelocityScale(1000))
  }
}
