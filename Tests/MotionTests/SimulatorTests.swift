import Testing

@testable import Motion

@Suite("A simulated pair")
struct SimulatorTests {
  static func parameters(
    _ seed: UInt64, seconds: Double = 4, restBefore: Double = 1,
    _ change: (inout SimulatorParameters) -> Void = { _ in }
  ) -> SimulatorParameters {
    var parameters = SimulatorParameters(seed: seed, seconds: seconds, restBefore: restBefore)
    change(&parameters)
    return parameters
  }

  /// FNV-1a over codes and time stamps.
  static func digest(_ capture: Capture) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ word: UInt64) {
      for byte in 0..<8 { hash = (hash ^ (word >> UInt64(8 * byte) & 0xFF)) &* 0x100_0000_01B3 }
    }
    let recording = capture.recording
    for index in 0..<recording.count {
      mix(UInt64(bitPattern: recording.timestamps[index]))
      for (value, scale) in [
        (recording.acceleration[index], capture.accelerationScale ?? 1),
        (recording.angularVelocity[index], capture.angularVelocityScale ?? 1),
      ] {
        for axis in 0..<3 { mix(UInt64(bitPattern: Int64((value[axis] / scale).rounded()))) }
      }
    }
    return hash
  }

  @Test("is the same for one seed, on every machine, and another for another seed")
  func deterministic() throws {
    let parameters = Self.parameters(7, seconds: 2) { $0.flex = 0.1 }
    let pair = try Simulator.simulate(parameters)
    #expect(try Simulator.simulate(parameters) == pair)
    #expect(try Simulator.simulate(Self.parameters(8, seconds: 2) { $0.flex = 0.1 }).alice != pair.alice)
    // Recorded once; no platform's library has a part in it.
    #expect(Self.digest(pair.alice) == 14_522_098_562_330_380_056 && Self.digest(pair.bob) == 2_227_651_531_995_536_229)
  }

  @Test("keeps the motion when only a sensor's quality changes")
  func independentStreams() throws {
    let one = try Simulator.simulate(Self.parameters(7, seconds: 2))
    let other = try Simulator.simulate(Self.parameters(7, seconds: 2) { $0.rateBob = 100 })
    #expect(one.alice == other.alice && one.leverArm == other.leverArm)
    #expect(abs(Double(one.bob.recording.count) / Double(other.bob.recording.count) - 2) < 0.05)
  }

  @Test("rests, then shakes with the strength of a hand", arguments: [1, 2, 3] as [UInt64])
  func strength(seed: UInt64) throws {
    let pair = try Simulator.simulate(Self.parameters(seed, seconds: 6))
    for recording in [pair.alice.recording, pair.bob.recording] {
      let rest = recording.prefix(150)
      let shake = recording.suffix(from: 350)
      func spread(_ values: [SIMD3<Double>]) -> Double {
        let mean = values.reduce(SIMD3(), +) / Double(values.count)
        return (values.map { (($0 - mean) * ($0 - mean)).sum() }.reduce(0, +) / Double(values.count)).squareRoot()
      }
      func peak(_ values: [SIMD3<Double>]) -> Double { values.map { max(abs($0.min()), abs($0.max())) }.max() ?? 0 }
      #expect(spread(rest.acceleration) < 0.4 && spread(rest.angularVelocity) < 0.05)
      #expect((8...40).contains(spread(shake.acceleration)), "\(spread(shake.acceleration))")
      #expect((3...12).contains(spread(shake.angularVelocity)), "\(spread(shake.angularVelocity))")
      #expect((20...90).contains(peak(shake.acceleration)), "\(peak(shake.acceleration))")
      #expect((6...22).contains(peak(shake.angularVelocity)), "\(peak(shake.angularVelocity))")
      #expect(recording.clippedAcceleration.allSatisfy { $0 == [] })
    }
  }

  @Test("has most of its energy at 2 to 8 Hz, and less and less above")
  func spectrum() throws {
    let pair = try Simulator.simulate(Self.parameters(4, seconds: 8))
    let values = pair.alice.recording.suffix(from: 300).angularVelocity
    func energy(_ low: Double, _ high: Double) -> Double {
      var lowPass = [SimulatorFilter.lowPass(high, rate: 200), .lowPass(high, rate: 200)]
      var highPass = [SimulatorFilter.highPass(low, rate: 200), .highPass(low, rate: 200)]
      return values.map { value in
        let v = highPass[1].next(highPass[0].next(lowPass[1].next(lowPass[0].next(value))))
        return (v * v).sum()
      }.reduce(0, +) / Double(values.count)
    }
    let bands = [energy(2, 8), energy(10, 16), energy(20, 30), energy(40, 60)]
    for (band, next) in zip(bands, bands.dropFirst()) { #expect(band > 4 * next, "\(bands)") }
    #expect(bands[2] > 1e-3 * bands[0], "a hand is no pure oscillator: \(bands)")
  }

  @Test("has clocks as asked for: offset, drift, jitter, sampling rate")
  func clocks() throws {
    let pair = try Simulator.simulate(
      Self.parameters(5, seconds: 10) {
        $0.clockOffset = 0.125
        $0.clockDrift = 5000
        $0.rateError = 0
        $0.rateBob = 100
      })
    #expect(pair.clockOffset == 0.125 && pair.clockDrift == 5000)
    let alice = pair.alice.recording.timestamps
    let bob = pair.bob.recording.timestamps
    #expect(zip(alice, alice.dropFirst()).allSatisfy(<) && zip(bob, bob.dropFirst()).allSatisfy(<))
    func seconds(_ ns: Int64) -> Double { Double(ns) * 1e-9 }
    let alicePeriod = seconds((alice.last ?? 0) - alice[0]) / Double(alice.count - 1)
    let bobPeriod = seconds((bob.last ?? 0) - bob[0]) / Double(bob.count - 1)
    #expect(abs(alicePeriod * 200 - 1) < 2e-5)
    #expect(abs(bobPeriod * 100 - 1.005) < 2e-5)
    #expect(abs(seconds(bob[0] - alice[0]) - 0.125) < 0.0101)
    #expect(abs(seconds(pair.onset - alice[0]) - 1) < 0.0051)
    let jitter = alice.indices.map { seconds(alice[$0] - alice[0]) - Double($0) * alicePeriod }
    let mean = jitter.reduce(0, +) / Double(jitter.count)
    let deviation = (jitter.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(jitter.count)).squareRoot()
    #expect((30e-6...50e-6).contains(deviation), "\(deviation)")
  }

  @Test("loses Bob's scans where a gap is asked for")
  func gap() throws {
    let pair = try Simulator.simulate(Self.parameters(5) { $0.gap = 0.3 })
    let steps = zip(pair.bob.recording.timestamps, pair.bob.recording.timestamps.dropFirst()).map { $1 - $0 }
    let long = steps.filter { $0 > 20_000_000 }
    #expect(long.count == 1 && (295_000_000...315_000_000).contains(long.first ?? 0))
    #expect(pair.pair.manifest.gap == true)
  }

  @Test("has no gyroscope where none is asked for")
  func accelerometerOnly() throws {
    let pair = try Simulator.simulate(Self.parameters(5, seconds: 2) { $0.accelerometerOnly = true })
    #expect(!pair.alice.recording.hasGyroscope && pair.alice.recording.hasAccelerometer)
    #expect(pair.alice.deviceName == "adxl345" && pair.alice.angularVelocityScale == nil)
  }

  @Test("clips and flags at the range of the sensors")
  func clipping() throws {
    let pair = try Simulator.simulate(
      Self.parameters(5) {
        $0.accelerationRange = 2
        $0.angularVelocityRange = 250
      })
    let recording = pair.alice.recording
    let limit = 2 * 9.80665
    #expect(recording.acceleration.allSatisfy { abs($0.min()) <= limit && abs($0.max()) <= limit })
    var flagged = 0
    for (value, flags) in zip(recording.acceleration, recording.clippedAcceleration) {
      for axis in 0..<3 {
        let isFlagged = flags.contains(AxisFlags(axis: axis))
        #expect(isFlagged == (value[axis] > limit - 0.0009 || value[axis] <= -limit), "\(value[axis])")
        flagged += isFlagged ? 1 : 0
      }
    }
    #expect(flagged > 50 && recording.clippedAngularVelocity.contains { $0 != [] })
    #expect(recording.prefix(190).clippedAcceleration.allSatisfy { $0 == [] })
  }

  @Test("knows the rotation and lever arm that join the boards")
  func truth() throws {
    let pair = try Simulator.simulate(
      Self.parameters(6, seconds: 2) {
        $0.leverArm = 0.25
        $0.gainError = 0
        $0.crossAxis = 0
        $0.accelerationBias = 0
        $0.tremor = 0
      })
    let rows = try #require(pair.rotation)
    #expect(abs((pair.leverArm * pair.leverArm).sum() - 0.0625) < 1e-12)
    let count = 150
    func mean(_ capture: Capture) -> SIMD3<Double> {
      capture.recording.prefix(count).acceleration.reduce(SIMD3(), +) / Double(count)
    }
    let b = mean(pair.bob)
    let turned = SIMD3((rows[0] * b).sum(), (rows[1] * b).sum(), (rows[2] * b).sum())
    let difference = turned - mean(pair.alice)
    #expect((difference * difference).sum().squareRoot() < 0.02)
    #expect(try Simulator.simulate(Self.parameters(6, seconds: 2) { $0.relation = .apart }).rotation == nil)
  }

  @Test("rests again at the end if asked to, and moves at rest if the grip is said to")
  func rests() throws {
    let pair = try Simulator.simulate(
      Self.parameters(9, seconds: 4) {
        $0.restAfter = 1
        $0.flex = 0.1
        $0.flexAtRest = 1
      })
    func loudest(_ recording: Recording) -> Double {
      recording.angularVelocity.map { max(abs($0.min()), abs($0.max())) }.max() ?? 0
    }
    #expect(loudest(pair.alice.recording.suffix(from: 640)) < 0.3)
    #expect(loudest(pair.bob.recording.prefix(190)) > 0.4)
    #expect(loudest(pair.alice.recording.prefix(190)) < 0.3)
  }

  @Test("refuses parameters out of range, by name")
  func refuses() {
    let cases: [(String, (inout SimulatorParameters) -> Void)] = [
      ("seconds", { $0.seconds = 601 }), ("seconds", { $0.seconds = .nan }), ("rateAlice", { $0.rateAlice = 0 }),
      ("rateBob", { $0.rateBob = .infinity }), ("leverArm", { $0.leverArm = -1 }), ("flex", { $0.flex = 2 }),
      ("intensity", { $0.intensity = -1 }), ("accelerationRange", { $0.accelerationRange = 0 }),
      ("clockOffset", { $0.clockOffset = -.infinity }), ("clockDrift", { $0.clockDrift = .nan }),
      ("gap", { $0.gap = -1 }), ("restBefore + restAfter", { $0.restAfter = 23 }),
      ("timestampJitter", { $0.timestampJitter = 1 }),
    ]
    for (name, change) in cases {
      var parameters = SimulatorParameters(seed: 1)
      change(&parameters)
      let error = thrown(SimulatorError.self) { try Simulator.simulate(parameters) }
      #expect(error?.parameter == name)
      #expect(error?.description.contains("expected") == true)
      #expect(error?.text(calling: "--option").hasPrefix("--option is ") == true)
    }
  }
}
