import Agreement
import Motion
import Testing

@testable import Pairing

/// The profile `offset` against peers that do not keep to it.
@Suite struct OffsetRuleTests {
  private static func altering(
    _ type: FrameType, honest: PairingRole, _ change: @escaping (Frame) -> [Frame]
  ) throws -> Duel {
    try Duel.altering(type, honest: honest, profiles: [.offset], change)
  }

  // MARK: - Negotiation

  @Test func theHighestProfileThatBothPermitIsUsed() throws {
    for (own, peer, expected) in [
      ([QuantiserProfile.guard], [QuantiserProfile.guard, .offset], QuantiserProfile.guard),
      ([.offset, .guard], [.guard], .guard), ([.guard, .offset], [.offset, .guard], .offset),
    ] {
      let scripted = try ScriptedPeer(role: .bob, recording: Rig.together.bob.recording, profiles: peer)
      var duel = try Duel(honest: .alice, profiles: own, peer: scripted)
      #expect(duel.run() == nil)
      #expect(duel.machine.report.profile == expected)
      #expect(duel.peer.core.profile == expected)
    }
  }

  @Test func aPeerBelowThePolicyIsRefused() throws {
    for (own, peer) in [([QuantiserProfile.offset], [QuantiserProfile.guard]), ([.guard], [.offset])] {
      let scripted = try ScriptedPeer(role: .bob, recording: Rig.together.bob.recording, profiles: peer)
      var duel = try Duel(honest: .alice, profiles: own, peer: scripted)
      #expect(duel.run() == .noCommonProfile(own: own, peer: peer))
    }
  }

  @Test func profilesOfLaterVersionsArePassedOver() throws {
    let hello = Hello(
      role: .bob, profiles: [.guard, .offset], sensors: [.gyroscope], margin: 512,
      nonce: [UInt8](repeating: 3, count: 32))
    var bytes = hello.encoded()
    // Magic, version, role, then the number of profiles and the profiles.
    bytes[7] = 3
    bytes.insert(77, at: 8)
    #expect(try Hello(decoding: bytes).profiles == [.guard, .offset])
  }

  @Test(arguments: PairingRole.allCases) func aRelayThatTakesAProfileOutOfTheGreetingIsFoundOut(
    honest: PairingRole
  ) throws {
    // Both permit both; on its way the peer's list loses the higher one.
    var duel = try Duel(honest: honest, profiles: [.guard, .offset])
    duel.peer.wire = { packet in
      guard packet.first == 1 else { return [packet] }
      var copy = packet
      copy[8] = 1
      copy.remove(at: 10)
      return [copy]
    }
    let reason = duel.run()
    // The greetings as each side saw them are the prologue of the outer channel.
    let known = ["handshake", "bad-seal", "deadline"]
    #expect(reason.map { known.contains($0.code) } == true, "\(String(describing: reason))")
  }

  @Test func thePlanOfAnotherProfileIsRefused() throws {
    var guarded: [UInt8] = []
    var first = try Duel.altering(.plan, honest: .alice) {
      guarded = $0.body
      return [$0]
    }
    _ = first.run()
    #expect(!guarded.isEmpty)
    var duel = try Self.altering(.plan, honest: .alice) { [guarded] _ in [Frame(type: .plan, body: guarded)] }
    let reason = duel.run()
    #expect(reason?.code == "malformed-message" || reason?.code == "plan-rejected", "\(String(describing: reason))")
  }

  // MARK: - Plan

  private static func plan() throws -> OffsetPlan {
    func channel(_ kind: SensorKind, _ axis: Int, _ code: Int16, _ bits: Int) -> OffsetPlan.Channel {
      OffsetPlan.Channel(channel: MotionChannel(kind: kind, axis: axis), stepCode: code, bits: bits)
    }
    let lowPass = try #require(LowPass(width: 3))
    return try #require(
      OffsetPlan(
        lowPass: lowPass,
        channels: [channel(.gyroscope, 0, 120, 4), channel(.gyroscope, 2, -3, 1), channel(.accelerometer, 1, 200, 2)],
        errorCode: 12))
  }

  @Test func aPlanSurvivesItsEncoding() throws {
    let plan = try Self.plan()
    #expect(try OffsetPlan(decoding: plan.encoded()) == plan)
    #expect(try Plan(decoding: plan.encoded(), profile: .offset) == .offset(plan))
  }

  @Test func aPlanThatIsNoneIsMalformed() throws {
    let good = try Self.plan().encoded()
    func expectMalformed(_ body: [UInt8], _ why: String) {
      do {
        _ = try OffsetPlan(decoding: body)
        Issue.record("\(why) was taken")
      } catch {
        #expect(error.code == "malformed-message", "\(why): \(error)")
      }
    }
    for count in 0..<good.count { expectMalformed(Array(good.prefix(count)), "\(count) bytes") }
    expectMalformed(good + [0], "a byte too many")
    // width, channels; then kind, axis, be16(step code), bits for each; be16(error code).
    for (place, value, why) in [
      (0, 0, "no width"), (0, 65, "too wide a step"), (1, 0, "no channel"), (1, 2, "a channel too many"),
      (2, 2, "an unknown sensor"), (3, 3, "a fourth axis"), (4, 0x7F, "a step out of range"), (6, 0, "no bits"),
      (6, 5, "five bits"), (8, 0, "a channel twice"), (7, 1, "channels out of order"), (17, 0xFF, "too many errors"),
    ] {
      var body = good
      body[place] = UInt8(value)
      if why == "channels out of order" { body[8] = 2 }
      expectMalformed(body, why)
    }
    var body = good
    (body[17], body[18]) = (0, 4)
    expectMalformed(body, "fewer errors than can be told")
  }

  @Test func aPlanThatDoesNotFollowFromThePreamblesIsRefused() throws {
    let changes: [(String, (OffsetPlan) -> OffsetPlan?)] = [
      (
        "width",
        { OffsetPlan(lowPass: LowPass(width: 40) ?? $0.lowPass, channels: $0.channels, errorCode: $0.errorCode) }
      ),
      ("error rate", { OffsetPlan(lowPass: $0.lowPass, channels: $0.channels, errorCode: $0.errorCode + 100) }),
      ("narrower cells", { $0.altering { ($0.stepCode - 2, $0.bits) } }),
      ("wider cells", { $0.altering { ($0.stepCode + 2, $0.bits) } }),
    ]
    for (name, change) in changes {
      var altered = false
      var duel = try Self.altering(.plan, honest: .alice) { frame in
        guard let plan = try? OffsetPlan(decoding: frame.plan), let other = change(plan) else { return [frame] }
        altered = true
        return [.plan(other.encoded())]
      }
      let reason = duel.run()
      #expect(altered, "\(name) was not altered")
      #expect(reason?.code == "plan-rejected", "\(name): \(String(describing: reason))")
    }
  }

  /// The rules that a plan of Bob's must satisfy, whoever made it: he plans by looser ones here.
  @Test func bitsThatAreTooEasyToPredictAreRefused() throws {
    // A steady slow twist leaves little open between two steps.
    var rules = PlanRules()
    rules.lattice.unguessedPerBit = 0
    rules.lattice.expectedAutocorrelation = 2
    rules.lattice.foundAutocorrelation = 2
    rules.lattice.differencesPerCell = 400
    rules.balance = 0...1
    var planned = false
    var duel = try Duel(honest: .alice, profiles: [.offset])
    duel.peer.script = { [rules] frame, peer in
      guard frame.type == .plan, let own = peer.core.ownPreamble, let alice = peer.core.peerPreamble,
        let alignment = peer.core.alignment, let grid = SampleGrid(start: alice.gridStart, period: alice.gridPeriod),
        let plan = try? Planner(
          alice: alice.preamble, bob: own.preamble, alignment: alignment, grid: grid, rules: rules
        ).propose(.offset).plan
      else { return [frame] }
      planned = true
      return [.plan(plan.encoded())]
    }
    let reason = duel.run()
    #expect(planned)
    #expect(reason?.code == "plan-rejected", "\(String(describing: reason))")
  }

  // MARK: - Masks with positions

  @Test func aMaskWithPositionsSurvivesItsEncoding() throws {
    var random = SystemRandomNumberGenerator()
    for count in [1, 2, 7, 8, 9, 600] {
      for _ in 0..<20 {
        let kept = (0..<count).map { _ in Bool.random(using: &random) }
        let positions = kept.map { $0 ? UInt8.random(in: 0..<16, using: &random) : 16 }
        let mask = MaskBody(kept: kept, isLast: Bool.random(using: &random), positions: positions)
        #expect(try MaskBody(decoding: mask.encoded(), count: count, carriesPositions: true) == mask)
      }
    }
  }

  @Test func aMaskWithPositionsThatIsNoneIsMalformed() throws {
    let mask = MaskBody(kept: [true, false, true, true, false], isLast: false, positions: [1, 16, 2, 15, 16])
    let good = mask.encoded()
    #expect(good == [0, 0b1011_0000, 0x12, 0xF0])
    func isMalformed(_ body: [UInt8], carriesPositions: Bool = true) -> Bool {
      do {
        _ = try MaskBody(decoding: body, count: 5, carriesPositions: carriesPositions)
        return false
      } catch {
        return error.code == "malformed-message"
      }
    }
    for count in 0..<good.count { #expect(isMalformed(Array(good.prefix(count)))) }
    #expect(isMalformed(good + [0]))
    #expect(isMalformed([0, 0b1011_0000, 0x12, 0xF1]), "something behind the last position")
    #expect(isMalformed([0, 0b1011_1000, 0x12, 0xF0, 0]), "a byte too many")
    #expect(isMalformed([2, 0b1011_0000, 0x12, 0xF0]))
    #expect(isMalformed([0, 0b1011_0001, 0x12, 0xF0]))
    #expect(isMalformed(good, carriesPositions: false), "positions where none belong")
  }

  @Test func otherPositionsThanCommittedAreRefused() throws {
    var duel = try Self.altering(.maskOpen, honest: .bob) { [$0.damaged] }
    #expect(duel.run() == .maskCommitmentMismatch)
    #expect(duel.told == "failed")
  }

  @Test func positionsFromBobAreMalformed() throws {
    // He commits to them properly; they are none of his business.
    var duel = try Duel(honest: .alice, profiles: [.offset])
    duel.peer.script = { frame, peer in
      guard frame.type == .maskCommit || frame.type == .maskOpen, let zone = peer.core.zone else { return [frame] }
      let second = frame.body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      var mask = zone.ownMasks[second]
      mask.positions = mask.kept.map { $0 ? 3 : 16 }
      let nonce = peer.core.maskNonces[second]
      let body =
        frame.type == .maskOpen
        ? nonce + mask.encoded() : peer.core.maskHash(peer.core.role, second, nonce, mask.encoded())
      return [Frame(type: frame.type, body: bigEndian(UInt32(second)) + body)]
    }
    #expect(duel.run()?.code == "malformed-message")
  }

  // MARK: - Verdicts

  @Test func aVerdictOfTheWrongLengthIsMalformed() throws {
    for change in [{ Array($0.dropLast()) }, { $0 + [0] }, { Array($0.prefix(4)) }, { _ in [] }]
      as [@Sendable ([UInt8]) -> [UInt8]]
    {
      var duel = try Self.altering(.verdict, honest: .alice) { [Frame(type: .verdict, body: change($0.body))] }
      #expect(duel.run()?.code == "malformed-message")
      #expect(duel.told == "failed")
    }
  }

  @Test func aVerdictOutOfTurnIsRefused() throws {
    var twice = try Self.altering(.verdict, honest: .alice) { [$0, $0] }
    #expect(twice.run()?.code == "unexpected-message")
    var later = try Self.altering(.verdict, honest: .alice) { frame in
      var copy = frame
      copy.body[3] += 1
      return [copy]
    }
    #expect(later.run()?.code == "unexpected-message")
    // Alice has none to give, and in the other profile nobody has.
    var fromAlice = try Self.altering(.maskOpen, honest: .bob) { [$0, Frame(type: .verdict, body: [0, 0, 0, 0])] }
    #expect(fromAlice.run()?.code == "unexpected-message")
    var guarded = try Duel.altering(.maskOpen, honest: .alice) { [$0, Frame(type: .verdict, body: [0, 0, 0, 0])] }
    #expect(guarded.run()?.code == "unexpected-message")
  }

  @Test func aPeerThatAcceptsWhatItCanPredictIsRefused() throws {
    // It takes no more than four cells of five, whichever it likes: with the masks' rule alone it might.
    var duel = try Self.altering(.verdict, honest: .alice) { frame in
      var copy = frame
      for byte in 4..<copy.body.count - 1 where byte % 5 == 0 { copy.body[byte] = 0 }
      return [copy]
    }
    guard case .offsetsRejected(let sensor, let share)? = duel.run() else {
      Issue.record("\(String(describing: duel.ending))")
      return
    }
    #expect(sensor == "all" && (0.7..<KeyZone.leastAcceptance).contains(share), "\(share)")
    #expect(duel.told == "failed")
  }

  @Test func bobsVerdictOfASecondPrecedesTheOpeningOfTheNext() throws {
    var duel = try Duel(honest: .bob, profiles: [.offset])
    var checked = 0
    duel.peer.script = { frame, peer in
      if frame.type == .maskOpen {
        let second = frame.body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        #expect(peer.core.zone?.verdicts.count == second)
        checked += 1
      }
      return [frame]
    }
    #expect(duel.run() == nil)
    #expect(checked > 1)
  }
}

extension OffsetPlan {
  fileprivate func altering(_ change: (Channel) -> (stepCode: Int16, bits: Int)) -> OffsetPlan? {
    let (stepCode, bits) = change(channels[0])
    return OffsetPlan(
      lowPass: lowPass,
      channels: [Channel(channel: channels[0].channel, stepCode: stepCode, bits: bits)] + channels.dropFirst(),
      errorCode: errorCode)
  }
}
