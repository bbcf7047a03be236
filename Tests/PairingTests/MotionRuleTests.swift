import Foundation
import Motion
import Testing

@testable import Pairing

/// The rules about motion, preambles and plans that end a pairing: recordings or a peer that break one, and the abort.
@Suite struct MotionRuleTests {
  /// What the honest side says where Alice plays `alice` and Bob `bob`.
  private func abort(
    honest: PairingRole = .alice, alice: Recording, bob: Recording, rig: SimulatedPair = Rig.together
  ) throws -> String? {
    var duel = try Duel(
      honest: honest, rig: rig,
      peer: try ScriptedPeer(role: honest.peer, recording: honest == .alice ? bob : alice))
    duel.honestRecording = honest == .alice ? alice : bob
    return duel.run()?.code
  }

  // MARK: - The burst

  @Test func aRecordingThatBeginsInMotionHasNoOnset() throws {
    let onset = try #require(Rig.together.alice.recording.firstOnset)
    let moving = Rig.together.alice.recording.from(onset + 500_000_000)
    #expect(try abort(alice: moving, bob: Rig.together.bob.recording) == "no-motion")
  }

  @Test func aBurstThatEndsWithinItsPreambleIsRefused() throws {
    let whole = Rig.together.alice.recording
    let onset = try #require(whole.firstOnset)
    let short = whole.until(onset + 1_500_000_000)
    #expect(try abort(alice: short, bob: Rig.together.bob.recording) == "preamble-incomplete")
  }

  @Test func aPreambleWithTooFewScansIsRefused() throws {
    let whole = Rig.together.alice.recording
    let onset = try #require(whole.firstOnset)
    let holed = whole.filtered { !(onset + 300_000_000..<onset + 1_990_000_000).contains($0) }
    #expect(try abort(alice: holed, bob: Rig.together.bob.recording) == "preamble-incomplete")
  }

  // MARK: - Alignment

  @Test func tooLittleMotionIsRefused() throws {
    // A jerk, then next to nothing.
    func calm(_ recording: Recording) throws -> Recording {
      let onset = try #require(recording.firstOnset)
      return recording.mapAngularVelocity { time, rate in time > onset ? 0.05 * rate : rate }
    }
    let reason = try abort(alice: calm(Rig.together.alice.recording), bob: calm(Rig.together.bob.recording))
    #expect(reason == "too-little-motion")
  }

  @Test func twistingAboutOneAxisIsRefused() throws {
    // Both hold the same recording, of a wrist that turns about its x axis only.
    let twist = Rig.together.alice.recording.mapAngularVelocity { _, rate in SIMD3(rate.x, 0.02 * rate.y, 0.02 * rate.z)
    }
    #expect(try abort(alice: twist, bob: twist) == "one-axis-only")
  }

  @Test(arguments: PairingRole.allCases) func aClippedPreambleIsRefused(honest: PairingRole) throws {
    var clipped = Rig.together.bob.recording
    for i in 0..<clipped.count where i % 5 != 0 { clipped.clippedAngularVelocity[i] = .all }
    let reason = try abort(honest: honest, alice: Rig.together.alice.recording, bob: clipped)
    #expect(reason == "too-much-clipping")
  }

  @Test(arguments: PairingRole.allCases, [2, 4, 100_000])
  func aSensorThatRepeatsItsValuesIsToldSo(repeating side: PairingRole, times: Int) throws {
    func stuck(_ recording: Recording, _ role: PairingRole) throws -> Recording {
      let onset = recording.indexOf(try #require(recording.firstOnset))
      guard role == side else { return recording }
      var copy = recording
      for i in onset..<recording.count {
        let source = onset + (i - onset) / times * times
        copy.acceleration[i] = copy.acceleration[source]
        copy.angularVelocity[i] = copy.angularVelocity[source]
      }
      return copy
    }
    var duel = try Duel(
      honest: .alice,
      peer: try ScriptedPeer(role: .bob, recording: try stuck(Rig.together.bob.recording, .bob)))
    duel.honestRecording = try stuck(Rig.together.alice.recording, .alice)
    let reason = duel.run()
    #expect(reason?.code == "repeated-values")
    #expect(reason.map { "\($0)".contains("repeats its values") } ?? false)
  }

  @Test func aMirroredSensorIsRefused() throws {
    let mirrored = Rig.together.bob.recording.mapAngularVelocity { _, rate in SIMD3(-rate.x, rate.y, rate.z) }
    #expect(try abort(alice: Rig.together.alice.recording, bob: mirrored) == "implausible-map")
  }

  @Test func boardsThatMeetInTheMiddleAreToldSo() throws {
    // For the first half second Bob moves by himself.
    let own = Rig.strangers.bob.recording
    let onset = try #require(Rig.together.bob.recording.firstOnset)
    let ownOnset = try #require(own.firstOnset)
    let shift = own.indexOf(ownOnset) - Rig.together.bob.recording.indexOf(onset)
    let met = Rig.together.bob.recording.mapAngularVelocity { time, rate in
      guard time >= onset, time < onset + 500_000_000 else { return rate }
      return own.angularVelocity[Rig.together.bob.recording.indexOf(time) + shift]
    }
    #expect(try abort(alice: Rig.together.alice.recording, bob: met) == "preamble-disturbed")
  }

  @Test func noSensorInCommonIsRefused() throws {
    var gyroscope = Rig.together.alice.recording
    gyroscope.acceleration = []
    gyroscope.clippedAcceleration = []
    var accelerometer = Rig.together.bob.recording
    accelerometer.angularVelocity = []
    accelerometer.clippedAngularVelocity = []
    #expect(try abort(alice: gyroscope, bob: accelerometer) == "no-common-sensor")
  }

  @Test func accelerometersFarApartAreRefusedWithoutAGyroscope() throws {
    let rig = Rig.simulate {
      $0.accelerometerOnly = true
      $0.leverArm = 0.5
    }
    #expect(
      try abort(alice: rig.alice.recording, bob: rig.bob.recording, rig: rig) == "accelerometers-disagree")
  }

  // MARK: - The whitened preambles

  @Test(arguments: PairingRole.allCases) func followingTheMotionWithoutItsFineStructureIsRefused(
    honest: PairingRole
  ) throws {
    // Bob, or whoever stands in for him, follows the swing to the full; the tremor on it is his own.
    let whole = Rig.together.alice.recording
    let alice = try whole.swinging(tremor: 1.4, seed: 1)
    let bob = try whole.swinging(tremor: 1.4, seed: 2)
    #expect(try abort(honest: honest, alice: alice, bob: bob) == "fine-motion-differs")
    let outcome = try LocalPairing(alice: alice, bob: bob) { PairingInstant(nanoseconds: 0) }.run()
    #expect((outcome.telling.report.alignment?.fit ?? 0) > 0.9, "the report tells how well the rest fits")
  }

  @Test(arguments: PairingRole.allCases, PairingRole.allCases)
  func scansThatAreLostAreNotTakenForGentleMotion(honest: PairingRole, losing side: PairingRole) throws {
    // A board that is too busy to read every scan: from the onset on three of seven are lost, one after the other.
    func lossy(_ role: PairingRole) throws -> Recording {
      let whole = role == .alice ? Rig.together.alice.recording : Rig.together.bob.recording
      let onset = whole.indexOf(try #require(whole.firstOnset))
      return role == side ? whole.scans((0..<whole.count).filter { $0 < onset || $0 % 7 > 2 }) : whole
    }
    var duel = try Duel(honest: honest, peer: try ScriptedPeer(role: honest.peer, recording: try lossy(honest.peer)))
    duel.honestRecording = try lossy(honest)
    let ending = duel.run()
    let reason = try #require(ending)
    #expect(reason.code == "too-few-scans")
    #expect(
      "\(reason)".contains("only 0 are usable on both boards, at least 24 are needed. Scans were lost"), "\(reason)")
    #expect(duel.told == "too-few-scans")
  }

  @Test func motionThatRepeatsItselfIsRefused() throws {
    // Five shakes a second, each like the one before.
    let machine = Rig.together.alice.recording.repeatingEvery(scans: 40)
    #expect(try abort(alice: machine, bob: machine) == "ambiguous-offset")
  }

  @Test func motionWithoutFineStructureIsRefused() throws {
    // Three pendulums: smooth, and told by their past.
    let smooth = try Rig.together.alice.recording.swinging(tremor: 0, seed: 1)
    #expect(try abort(honest: .bob, alice: smooth, bob: smooth) == "no-usable-channel")
  }

  @Test func aRateThatNoStepFitsIsRefused() throws {
    let slow = Rig.together.alice.recording.filtered(every: 10)
    #expect(try abort(alice: slow, bob: Rig.together.bob.recording) == "preamble-incomplete")
    let odd = Rig.together.alice.recording.filtered(every: 8)
    let reason = try abort(alice: odd, bob: Rig.together.bob.recording)
    #expect(reason == "preamble-incomplete" || reason == "unsuitable-rate")
  }

  // MARK: - The plan

  /// What Alice has against the plan of a Bob who made it by other rules; `nil` if she takes it.
  private func objection(
    alice: Recording = Rig.together.alice.recording, bob: Recording = Rig.together.bob.recording,
    rules change: (inout PlanRules) -> Void
  ) throws -> String? {
    var rules = PlanRules()
    change(&rules)
    var planned = false
    var duel = try Duel(honest: .alice, peer: try ScriptedPeer(role: .bob, recording: bob))
    duel.honestRecording = alice
    duel.peer.script = { [rules] frame, peer in
      guard frame.type == .plan, let own = peer.core.ownPreamble, let alice = peer.core.peerPreamble,
        let alignment = peer.core.alignment, let grid = SampleGrid(start: alice.gridStart, period: alice.gridPeriod),
        let plan = try? Planner(
          alice: alice.preamble, bob: own.preamble, alignment: alignment, grid: grid, rules: rules
        ).propose(.guard).plan
      else { return [frame] }
      planned = true
      return [.plan(plan.encoded())]
    }
    let reason = duel.run()
    #expect(planned, "no such plan was made")
    if case .planRejected(let text)? = reason { return text }
    return nil
  }

  @Test func aPlanByTheRulesIsTaken() throws {
    #expect(try objection { _ in } == nil)
  }

  @Test func aPlanWithShorterStepsIsRefused() throws {
    let objection = try objection {
      $0.spacing = 0.009...0.011
      $0.entropyPerBit = 0.05
      $0.autocorrelation = 2
    }
    #expect(objection?.contains("spacing") == true, "\(objection ?? "none")")
  }

  @Test func aPlanWithShorterPredictorsIsRefused() throws {
    let objection = try objection {
      $0.orders = 2...2
      $0.autocorrelation = 2
    }
    #expect(objection?.contains("order") == true, "\(objection ?? "none")")
  }

  @Test func aPlanWithOneBitPerValueIsRefused() throws {
    let objection = try objection {
      $0.levels = 1...1
      $0.autocorrelation = 2
    }
    #expect(objection?.contains("1 bits per value") == true, "\(objection ?? "none")")
  }

  @Test func aPlanWithPredictableChannelsIsRefused() throws {
    // Three pure tones on every axis: whoever looks back six steps foresees them, the plan's predictors do not.
    let whole = Rig.together.alice.recording
    let onset = try #require(whole.firstOnset)
    let tones = whole.mapAngularVelocity { time, rate in
      guard time >= onset else { return rate }
      let t = Double(time - onset) * 1e-9
      let sum = [3.1, 7.3, 12.7].reduce(SIMD3<Double>.zero) { sum, frequency in
        let phase = 2 * Double.pi * frequency * t
        return sum + SIMD3(sin(phase), sin(1.1 * phase + 1), sin(0.9 * phase + 2))
      }
      return 0.001 * rate + 5 * sum
    }
    let objection = try objection(alice: tones, bob: tones) {
      $0.entropyPerBit = 0.01
      $0.spacing = 0.0145...0.016
      $0.autocorrelation = 2
    }
    #expect(objection?.contains("entropy") == true, "\(objection ?? "none")")
  }

  @Test func aPlanWithABiasedBitPlaneIsRefused() throws {
    // Every axis jerks one way, now and then: the signs of the innovations are not balanced.
    let whole = Rig.together.alice.recording
    let onset = try #require(whole.firstOnset)
    var random = Seeded(state: 1)
    let skewed = whole.mapAngularVelocity { time, rate in
      guard time >= onset else { return rate }
      let jerks = SIMD3(0, 1, 2).indices.map { _ in pow(Double.random(in: 0..<1, using: &random), 24) - 0.04 }
      return 0.05 * rate + 25 * SIMD3(jerks[0], jerks[1], jerks[2])
    }
    let objection = try objection(alice: skewed, bob: skewed) {
      $0.balance = 0...1
      $0.entropyPerBit = 0.01
      $0.autocorrelation = 2
    }
    #expect(objection?.contains("biased") == true, "\(objection ?? "none")")
  }

  @Test func aGuardBeyondTheMenuIsRefused() throws {
    var duel = try Duel.altering(.plan, honest: .alice) { frame in
      // The guard of the first channel: behind reference, width, filters and count, kind, axis, order, deviation and levels.
      guard let plan = try? SignalPlan(decoding: frame.plan) else { return [frame] }
      let filters = 1 + plan.chain.filters.count * (2 + 2 * MatchingFilter.tapCount)
      var copy = frame
      copy.body[1 + 1 + filters + 1 + 2 + 1 + 2 + 1] = 200
      return [copy]
    }
    #expect(duel.run()?.code == "malformed-message")
  }
}

extension Recording {
  /// Time of the first onset, ns.
  var firstOnset: Int64? {
    var detector = BurstDetector()
    for i in 0..<count {
      let transition = detector.feed(
        time: timestamps[i], acceleration: hasAccelerometer ? acceleration[i] : nil,
        angularVelocity: hasGyroscope ? angularVelocity[i] : nil)
      if case .began(let time) = transition { return time }
    }
    return nil
  }

  func indexOf(_ time: Int64) -> Int { timestamps.firstIndex { $0 >= time } ?? count }
  func from(_ time: Int64) -> Recording { suffix(from: indexOf(time)) }
  func until(_ time: Int64) -> Recording { prefix(indexOf(time)) }

  func filtered(_ keep: (Int64) -> Bool) -> Recording { scans((0..<count).filter { keep(timestamps[$0]) }) }
  func filtered(every n: Int) -> Recording { scans((0..<count).filter { $0 % n == 0 }) }

  func scans(_ indices: [Int]) -> Recording {
    var result = Recording()
    for i in indices { result.append(contentsOf: self[i..<i + 1]) }
    return result
  }

  func mapAngularVelocity(_ change: (Int64, SIMD3<Double>) -> SIMD3<Double>) -> Recording {
    var result = self
    for i in 0..<count { result.angularVelocity[i] = change(timestamps[i], angularVelocity[i]) }
    return result
  }

  /// A gyroscope alone that, from the onset on, swings about its three axes, with a tremor of this half width in rad/s.
  func swinging(tremor width: Double, seed: UInt64) throws -> Recording {
    let onset = try #require(firstOnset)
    var random = Seeded(state: seed)
    var scan = 0
    var tremor = SIMD3<Double>.zero
    var result = mapAngularVelocity { time, rate in
      guard time >= onset else { return rate }
      if scan % 3 == 0, width > 0 { tremor = .random(in: -width...width, using: &random) }
      scan += 1
      let t = Double(time - onset) * 1e-9
      return tremor + SIMD3(8 * sin(9.1 * t), 7 * sin(13.3 * t + 1), 6 * sin(17.9 * t + 2))
    }
    result.acceleration = []
    result.clippedAcceleration = []
    return result
  }

  /// From the onset on, the same stretch of motion again and again.
  func repeatingEvery(scans period: Int) -> Recording {
    guard let onset = firstOnset else { return self }
    var result = self
    let first = indexOf(onset)
    for i in first..<count {
      let source = first + 200 + (i - first) % period
      result.angularVelocity[i] = angularVelocity[source]
      result.acceleration[i] = acceleration[source]
    }
    return result
  }
}
