import Agreement
import Motion
import Testing

@testable import Pairing

/// One test for each rule that says refuse or abort: a peer that breaks it, and the abort that the honest side ends in.
@Suite struct RuleTests {
  @Test(arguments: PairingRole.allCases) func honestSidesPair(role: PairingRole) throws {
    var duel = try Duel(honest: role)
    #expect(duel.run() == nil)
    guard case .success(let session) = duel.ending else {
      Issue.record("not paired")
      return
    }
    #expect(session.handshakeHash.count == 32)
  }

  // MARK: - Greeting and outer channel

  /// Version 3 had no reference in its plans.
  @Test(arguments: [3, 9] as [UInt8]) func anotherVersionIsRefused(version: UInt8) throws {
    var duel = try Duel(honest: .alice)
    duel.peer.wire = { packet in
      var copy = packet
      if copy[0] == 1 { copy[6] = version }
      return [copy]
    }
    #expect(duel.run() == .unsupportedVersion(version))
  }

  @Test func noCommonProfileIsRefused() throws {
    let peer = try ScriptedPeer(role: .bob, recording: Rig.together.bob.recording) {
      Hello(role: $0.role, profiles: [], sensors: $0.sensors, margin: $0.margin, nonce: $0.nonce)
    }
    var duel = try Duel(honest: .alice, peer: peer)
    #expect(duel.run()?.code == "no-common-profile")
  }

  @Test func theSameRoleIsRefused() throws {
    let peer = try ScriptedPeer(role: .alice, recording: Rig.together.alice.recording)
    var duel = try Duel(honest: .alice, peer: peer)
    #expect(duel.run() == .sameRole)
  }

  @Test func ownNonceComingBackIsRefused() throws {
    var machine = try PairingMachine(configuration: configuration(.alice))
    let now = PairingInstant(nanoseconds: 0)
    guard case .send(var greeting) = machine.handle(.start, at: now).first else {
      Issue.record("no greeting")
      return
    }
    greeting[7] = 0x42
    #expect(reason(machine.handle(.packet(greeting), at: now))?.code == "malformed-message")
  }

  @Test(arguments: ["lost", "twice", "swapped", "forged"])
  func anUnfaithfulRelayEndsTheAttempt(how: String) throws {
    var duel = try Duel(honest: .alice)
    var sealed = 0
    var held: [UInt8]?
    duel.peer.wire = { packet in
      guard packet[0] == 3 else { return [packet] }
      sealed += 1
      switch (how, sealed) {
      case ("lost", 1): return []
      case ("twice", 2): return [packet, packet]
      case ("swapped", 1):
        held = packet
        return []
      case ("swapped", 2): return [packet, held ?? []]
      case ("forged", 2):
        var copy = packet
        copy[20] ^= 1
        return [copy]
      default: return [packet]
      }
    }
    #expect(duel.run() == .badSeal)
  }

  @Test func aPeerThatLeavesEndsTheAttempt() throws {
    var machine = try PairingMachine(configuration: configuration(.alice))
    let now = PairingInstant(nanoseconds: 0)
    _ = machine.handle(.start, at: now)
    #expect(reason(machine.handle(.peerLeft, at: now)) == .peerLeft)
    #expect(machine.isFinished)
    #expect(machine.handle(.packet([1, 2, 3]), at: now).isEmpty)
  }

  @Test func countingFramesThatWereNeverSentIsRefused() throws {
    var duel = try Duel(honest: .alice)
    duel.peer.script = { frame, peer in
      if frame.type == .preambleOpen { peer.session.framesReceived += 100 }
      return [frame]
    }
    #expect(duel.run() == .badCount)
  }

  // MARK: - Deadlines

  @Test func nobodyThereEndsAtTheDeadline() throws {
    var machine = try PairingMachine(configuration: configuration(.alice))
    _ = machine.handle(.start, at: PairingInstant(nanoseconds: 0))
    let deadline = try #require(machine.deadline)
    #expect(machine.handle(.tick, at: PairingInstant(nanoseconds: deadline.nanoseconds - 1)).isEmpty)
    #expect(reason(machine.handle(.tick, at: deadline))?.code == "deadline")
  }

  @Test(arguments: [
    FrameType.preambleCommit, .preambleOpen, .plan, .validity, .maskCommit, .maskOpen, .maskCheckpoint, .parityQuery,
    .reconciledCheckpoint, .commitCheckpoint, .handshake, .confirm,
  ])
  func everyStepHasADeadline(silentAt type: FrameType) throws {
    var silent = false
    var duel = try Duel(honest: .alice)
    duel.peer.script = { frame, _ in
      if frame.type == type { silent = true }
      return silent ? [] : [frame]
    }
    #expect(duel.run()?.code == "deadline")
  }

  @Test func noMotionEndsTheWindow() throws {
    var duel = try Duel(honest: .alice)
    duel.honestRecording = duel.honestRecording.prefix(200)
    #expect(duel.run() == .noMotion)
  }

  // MARK: - Preambles

  @Test func strangersAreRefused() throws {
    for role in PairingRole.allCases {
      var duel = try Duel(honest: role, rig: Rig.strangers)
      #expect(duel.run()?.code == "not-shaken-together")
    }
  }

  @Test func aPreambleOpenedBeforeItsCommitmentIsRefused() throws {
    var duel = try Duel.altering(.preambleCommit, honest: .bob) { _ in
      [Frame(type: .preambleOpen, body: [UInt8](repeating: 0, count: 64))]
    }
    #expect(duel.run()?.code == "unexpected-message")
  }

  @Test(arguments: PairingRole.allCases) func anotherPreambleThanCommittedIsRefused(honest: PairingRole) throws {
    var duel = try Duel.altering(.preambleOpen, honest: honest) { [$0.damaged] }
    #expect(duel.run() == .preambleCommitmentMismatch)
  }

  @Test func aSecondPreambleIsRefused() throws {
    var duel = try Duel.altering(.preambleCommit, honest: .alice) { [$0, $0] }
    #expect(duel.run()?.code == "unexpected-message")
  }

  @Test func onsetsTooFarApartAreRefused() throws {
    // Bob's sensor says nothing of the first third of a second: his burst seems to begin that much later.
    let whole = Rig.together.bob.recording
    let onset = try #require(whole.firstOnset)
    var late: Recording?
    for cut in stride(from: Int64(200_000_000), to: 500_000_000, by: 5_000_000) {
      var recording = whole
      for i in 0..<recording.count where recording.timestamps[i] < onset + cut { recording.angularVelocity[i] = .zero }
      guard let delayed = recording.firstOnset else { continue }
      if (315_000_000...325_000_000).contains(delayed - onset) { late = recording }
    }
    let recording = try #require(late)
    var duel = try Duel(honest: .alice, peer: try ScriptedPeer(role: .bob, recording: recording))
    #expect(duel.run()?.code == "onsets-disagree")
  }

  @Test func aLiveBoardComparesOnsetsByTheClock() throws {
    var live = configuration(.alice)
    live.source = .live
    var duel = try Duel(honest: .alice)
    duel.machine = try PairingMachine(configuration: live)
    duel.peer.script = { frame, _ in
      guard frame.type == .preambleCommit else { return [frame] }
      var reader = ByteReader(frame.body)
      guard let time = try? reader.read(Int64.self), let hash = try? reader.read(32) else { return [frame] }
      return [Frame(type: .preambleCommit, body: bigEndian(time + 5_000_000_000) + hash)]
    }
    #expect(duel.run()?.code == "onsets-disagree")
  }

  // MARK: - Plan

  @Test func aPlanThatDoesNotFollowFromThePreamblesIsRefused() throws {
    let changes: [(String, (SignalPlan) -> SignalPlan?)] = [
      ("width", { SignalPlan(chain: $0.chain.with(width: 1), channels: $0.channels, errorCode: $0.errorCode) }),
      (
        "filter",
        {
          let filter = MatchingFilter(kind: .gyroscope, side: .bob, codes: [0, 0, 0, 100, 4000, 0, 0, 0, 0])
          return SignalPlan(
            chain: $0.chain.with(filters: [filter].compactMap(\.self)), channels: $0.channels, errorCode: $0.errorCode)
        }
      ),
      ("error rate", { SignalPlan(chain: $0.chain, channels: $0.channels, errorCode: $0.errorCode + 100) }),
      ("deviation", { $0.altering { $0.with(deviationCode: $0.deviationCode + 2) } }),
      ("thresholds", { $0.altering { $0.with(thresholdCodes: $0.thresholdCodes.map { $0 + 2 }) } }),
      ("magnitude", { $0.altering { $0.with(magnitudeCode: $0.magnitudeCode + 2) } }),
      // One that is hardly wider has the same thresholds, and is as good.
      ("guard", { $0.altering { $0.with(guardIndex: $0.guardIndex + 4) } }),
    ]
    for (name, change) in changes {
      var altered = false
      var duel = try Duel.altering(.plan, honest: .alice) { frame in
        guard let plan = try? SignalPlan(decoding: frame.plan), let other = change(plan) else { return [frame] }
        altered = true
        return [.plan(other.encoded())]
      }
      let reason = duel.run()
      #expect(altered, "\(name) was not altered")
      #expect(reason?.code == "plan-rejected", "\(name): \(String(describing: reason))")
    }
  }

  @Test(arguments: PairingRole.allCases, PairingRole.allCases)
  func eitherBoardMayBeTheReference(honest: PairingRole, reference: PairingRole) throws {
    var duel = try Duel(honest: honest, references: [reference])
    #expect(duel.run() == nil)
    #expect(duel.machine.report.reference == reference && duel.peer.core.reference == reference)
    #expect((duel.machine.report.cascade?.passes == nil) == (honest == reference), "the other one corrects its bits")
  }

  @Test(arguments: [0, 0x40, PairingRole.bob.byte]) func aReferenceThatCannotBeOneIsRefused(byte: UInt8) throws {
    var duel = try Duel.altering(.plan, honest: .alice) { [Frame(type: .plan, body: [byte] + $0.plan)] }
    #expect(duel.run()?.code == "plan-rejected")
  }

  @Test func aPlanForTheOtherReferenceIsRefused() throws {
    // Bob's plan follows from his grid, and he says that it is Alice's.
    let peer = try ScriptedPeer(role: .bob, recording: Rig.mixed.bob.recording, references: [.bob])
    var duel = try Duel(honest: .alice, rig: Rig.mixed, peer: peer, references: PairingRole.allCases)
    duel.peer.script = { frame, _ in [frame.type == .plan ? .plan(frame.plan) : frame] }
    #expect(duel.run()?.code == "plan-rejected")
  }

  @Test func aPlanThatIsNoneIsRefused() throws {
    var duel = try Duel.altering(.plan, honest: .alice) { [Frame(type: .plan, body: Array($0.body.dropLast()))] }
    #expect(duel.run()?.code == "malformed-message")
  }

  // MARK: - Masks

  @Test(arguments: PairingRole.allCases) func anotherMaskThanCommittedIsRefused(honest: PairingRole) throws {
    var duel = try Duel.altering(.maskOpen, honest: honest) { frame in
      var copy = frame
      copy.body[60] ^= 0x10
      return [copy]
    }
    #expect(duel.run() == .maskCommitmentMismatch)
    // After the first mask the peer learns nothing of the reason.
    #expect(duel.told == "failed")
  }

  @Test func aMaskOutOfTurnIsRefused() throws {
    var duel = try Duel.altering(.maskCommit, honest: .alice) { [$0, $0] }
    #expect(duel.run()?.code == "unexpected-message")
  }

  @Test func aPeerThatPicksItsCellsIsRefused() throws {
    // Behind the preamble Bob keeps what lies in every other tenth of a second: he says that the rest was clipped.
    let rig = Rig.simulate { $0.seconds = 30 }
    var recording = rig.bob.recording
    for i in 0..<recording.count where recording.timestamps[i] > recording.timestamps[0] + 4_600_000_000 {
      guard recording.timestamps[i] / 100_000_000 % 2 == 0 else { continue }
      recording.clippedAngularVelocity[i] = .all
      recording.clippedAcceleration[i] = .all
    }
    var duel = try Duel(honest: .alice, rig: rig, peer: try ScriptedPeer(role: .bob, recording: recording))
    #expect(duel.run()?.code == "mask-overlap")
  }

  @Test func aShakeThatIsTooShortAborts() throws {
    for role in PairingRole.allCases {
      var duel = try Duel(honest: role, rig: Rig.simulate { $0.seconds = 7 })
      #expect(duel.run()?.code == "too-short")
    }
  }

  // MARK: - Error correction

  @Test func speakingBehindAnUnansweredCheckpointIsRefused() throws {
    var duel = try Duel.altering(.maskCheckpoint, honest: .alice) { [$0, Frame(type: .parityQuery, body: [0])] }
    let reason = duel.run()
    #expect(reason?.code == "unexpected-message" || reason?.code == "reconciliation")
    #expect(reason != nil)
  }

  @Test func askingForMoreParitiesThanTheBudgetIsRefused() throws {
    var duel = try Duel.altering(.parityQuery, honest: .alice) { _ in
      [
        Frame(
          type: .parityQuery,
          body: ParityQuery.encode((0..<4000).map { ParityQuery(pass: 0, start: $0 % 2000, end: $0 % 2000 + 1) }))
      ]
    }
    #expect(duel.run()?.code == "leakage-budget")
  }

  @Test func lyingParitiesEndInAnAbort() throws {
    var duel = try Duel.altering(.parityAnswer, honest: .bob) { frame in
      var copy = frame
      for i in copy.body.indices.dropLast() { copy.body[i] = UInt8(truncatingIfNeeded: i &* 0x9D &+ 0x55) }
      return [copy]
    }
    // The peer's lies are as good as random: which rule ends them depends on where the first error seems to lie.
    let codes = ["too-many-errors", "reconciliation", "leakage-budget", "too-little-entropy", "tag-mismatch"]
    #expect(codes.contains(duel.run()?.code ?? "paired"))
  }

  @Test func aWrongNumberOfParitiesIsRefused() throws {
    var duel = try Duel.altering(.parityAnswer, honest: .bob) { [Frame(type: .parityAnswer, body: $0.body + [0])] }
    #expect(duel.run()?.code == "reconciliation")
  }

  // MARK: - Keys

  @Test func aWrongTagIsRefused() throws {
    var duel = try Duel.altering(.commitCheckpoint, honest: .alice) { frame in
      var copy = frame
      copy.body[3] ^= 1
      return [copy]
    }
    #expect(duel.run() == .tagMismatch)
  }

  @Test func anotherEphemeralThanCommittedIsRefused() throws {
    for role in PairingRole.allCases {
      var duel = try Duel.altering(.commitCheckpoint, honest: role) { [$0.damaged] }
      #expect(duel.run() == .ephemeralMismatch)
    }
  }

  @Test func aHandshakeWithoutTheKeyIsRefused() throws {
    for role in PairingRole.allCases {
      var duel = try Duel.altering(.handshake, honest: role) { [$0.damaged] }
      #expect(duel.run()?.code == "handshake")
    }
  }

  @Test func aWrongConfirmationIsRefused() throws {
    for role in PairingRole.allCases {
      var duel = try Duel.altering(.confirm, honest: role) { [$0.damaged] }
      #expect(duel.run() == .confirmation)
    }
  }

  @Test func pairedIsSaidOnlyAfterThePeersConfirmation() throws {
    var duel = try Duel.altering(.confirm, honest: .bob) { _ in [] }
    #expect(duel.run()?.code == "deadline")
  }

  // MARK: - Anything

  @Test func noMessageInAnyStepTraps() throws {
    // Every frame type, empty, short and long, thrown in before every frame of the peer.
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0..<1 << 48, using: &generator)
    var random = Seeded(state: seed)
    for round in 0..<40 {
      let place = Int(random.next() % 60)
      var count = 0
      var stray: FrameType?
      var duel = try Duel(honest: round % 2 == 0 ? .alice : .bob)
      duel.peer.script = { frame, _ in
        count += 1
        guard count == place else { return [frame] }
        let type = FrameType.allCases[Int(random.next() % UInt64(FrameType.allCases.count))]
        stray = type
        let length = [0, 1, 8, 40, 200, 4000][Int(random.next() % 6)]
        return [Frame(type: type, body: (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }), frame]
      }
      let reason = duel.run()
      #expect(duel.ending != nil, "seed \(seed), round \(round): no end")
      // A parity query that happens to be one is answered, within the budget; everything else breaks the order.
      guard let stray, stray != .parityQuery else { continue }
      #expect(reason != nil, "seed \(seed), round \(round): a stray message went unnoticed")
    }
  }

  @Test func noPacketTraps() throws {
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0..<1 << 48, using: &generator)
    var random = Seeded(state: seed)
    for _ in 0..<2000 {
      var machine = try PairingMachine(configuration: configuration(random.next() % 2 == 0 ? .alice : .bob))
      let now = PairingInstant(nanoseconds: 0)
      _ = machine.handle(.start, at: now)
      var packet = (0..<Int(random.next() % 80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      if !packet.isEmpty { packet[0] = UInt8(random.next() % 4) }
      _ = machine.handle(.packet(packet), at: now)
      #expect(reason(machine.handle(.cancel, at: now)) == .cancelled || machine.isFinished, "seed \(seed)")
    }
  }

  private func configuration(_ role: PairingRole) -> PairingConfiguration {
    PairingConfiguration(
      role: role, sessionID: Duel.sessionID, source: .recording(assumesOnset: false),
      sensors: [.gyroscope, .accelerometer])
  }

  private func reason(_ actions: [PairingAction]) -> AbortReason? {
    for action in actions { if case .aborted(let reason) = action { return reason } }
    return nil
  }
}

/// SplitMix64, for tests that print their seed.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension InnovationChain {
  func with(width: Int? = nil, filters: [MatchingFilter]? = nil) -> InnovationChain {
    InnovationChain(width: width ?? self.width, models: models, filters: filters ?? self.filters) ?? self
  }
}

extension SignalPlan {
  func altering(_ change: (Channel) -> Channel) -> SignalPlan? {
    SignalPlan(chain: chain, channels: [change(channels[0])] + channels.dropFirst(), errorCode: errorCode)
  }
}

extension SignalPlan.Channel {
  func with(
    deviationCode: Int16? = nil, guardIndex: Int? = nil, thresholdCodes: [UInt16]? = nil, magnitudeCode: UInt16? = nil
  ) -> Self {
    Self(
      channel: channel, deviationCode: deviationCode ?? self.deviationCode, levels: levels,
      guardIndex: guardIndex ?? self.guardIndex, thresholdCodes: thresholdCodes ?? self.thresholdCodes,
      magnitudeCode: magnitudeCode ?? self.magnitudeCode)
  }
}
