import Foundation
import Motion
import SecureChannel
import Testing

@testable import Pairing

/// Which board is the reference: what a peer may say of it, and boards that cannot be one.
@Suite struct ReferenceTests {
  // MARK: - Boards without a grid

  /// Too fast for a grid, against one at 200 Hz.
  private static let fast = Rig.simulate { $0.rateAlice = 600 }

  @Test(arguments: PairingRole.allCases, PairingRole.allCases)
  func aBoardWithoutAGridPairsWithTheOtherAsTheReference(honest: PairingRole, fast: PairingRole) throws {
    let (quick, usual) = (Self.fast.alice.recording, Self.fast.bob.recording)
    let peer = try ScriptedPeer(
      role: honest.peer, recording: honest == fast ? usual : quick, references: PairingRole.allCases)
    var duel = try Duel(honest: honest, peer: peer, references: PairingRole.allCases)
    duel.honestRecording = honest == fast ? quick : usual
    #expect(duel.run() == nil)
    let bodies = [duel.peer.core.ownPreamble, duel.peer.core.peerPreamble]
    #expect(bodies.map { $0?.isWithoutGrid } == (honest == fast ? [false, true] : [true, false]))
    #expect(duel.machine.report.reference == fast.peer && duel.peer.core.reference == fast.peer)
  }

  @Test(arguments: PairingRole.allCases) func twoBoardsWithoutAGridAreRefused(honest: PairingRole) throws {
    let rig = Rig.simulate {
      $0.rateAlice = 600
      $0.rateBob = 700
    }
    var duel = try Duel(honest: honest, rig: rig, references: PairingRole.allCases)
    #expect(duel.run()?.code == "unsuitable-rate")
  }

  /// What one message holds of so fast a board's preamble is one second: that is what ails it, not the motion.
  @Test(arguments: PairingRole.allCases, [1000, 1200] as [Double])
  func aBoardTooFastToBeComparedIsToldSo(fast: PairingRole, rate: Double) throws {
    // Every scan of 1 kHz, with its times a little closer for more.
    let rig = Rig.simulate { $0.rateAlice = 1000 }
    var quick = rig.alice.recording
    if rate > 1000 {
      let onset = try #require(quick.firstOnset)
      quick = quick.scans((0..<quick.count).filter { quick.timestamps[$0] < onset || $0 % 5 > 0 })
      var between = Recording()
      for i in 0..<quick.count {
        between.append(contentsOf: quick[i..<i + 1])
        guard i + 1 < quick.count, quick.timestamps[i] >= onset else { continue }
        between.append(
          timestamp: (quick.timestamps[i] + quick.timestamps[i + 1]) / 2,
          acceleration: (quick.acceleration[i] + quick.acceleration[i + 1]) / 2,
          angularVelocity: (quick.angularVelocity[i] + quick.angularVelocity[i + 1]) / 2)
      }
      quick = between
    }
    let usual = rig.bob.recording
    let outcome = try LocalPairing(alice: fast == .alice ? quick : usual, bob: fast == .bob ? quick : usual) {
      PairingInstant(nanoseconds: 0)
    }.run()
    guard case .aborted(let bob) = outcome.bob, case .aborted(let alice) = outcome.alice else {
      Issue.record("paired")
      return
    }
    #expect(bob.code == "unsuitable-rate", "\(bob)")
    #expect(alice == .peerAborted("unsuitable-rate") || alice.code == "unsuitable-rate", "\(alice)")
  }

  /// Scans that come in pairs, one millisecond and nine apart: no straight line fits their times.
  @Test(arguments: PairingRole.allCases, PairingRole.allCases)
  func aBoardWithIrregularTimesPairsWithTheOtherAsTheReference(honest: PairingRole, irregular: PairingRole) throws {
    let rig = Rig.simulate { $0.rateAlice = 1000 }
    let whole = rig.alice.recording
    let pairs = whole.scans((0..<whole.count).filter { $0 % 10 < 2 })
    let peer = try ScriptedPeer(
      role: honest.peer, recording: honest == irregular ? rig.bob.recording : pairs,
      references: PairingRole.allCases)
    var duel = try Duel(honest: honest, peer: peer, references: PairingRole.allCases)
    duel.honestRecording = honest == irregular ? pairs : rig.bob.recording
    #expect(duel.run() == nil)
    #expect(duel.machine.report.reference == irregular.peer && duel.peer.core.reference == irregular.peer)
  }

  // MARK: - What a peer says of its grid

  private static func commitment(of peer: ScriptedPeer) -> [UInt8]? {
    guard let encoded = peer.core.ownPreamble?.encoded() else { return nil }
    return SHA256.hash(
      ascii("TACC2/preamble") + [peer.core.role.byte] + peer.core.outerHash + peer.core.ownNonce + prefixed(encoded))
  }

  /// A duel in which the peer's preamble is changed before it is committed to.
  private static func declaring(
    honest: PairingRole, rig: SimulatedPair = Rig.together, profiles: [QuantiserProfile] = [.guard],
    _ change: @escaping (inout PreambleBody) -> Void
  ) throws -> Duel {
    var duel = try Duel(honest: honest, rig: rig, profiles: profiles, references: PairingRole.allCases)
    duel.peer.script = declaring(change)
    return duel
  }

  private static func declaring(
    _ change: @escaping (inout PreambleBody) -> Void
  ) -> (Frame, inout ScriptedPeer) -> [Frame] {
    { frame, peer in
      switch frame.type {
      case .preambleCommit:
        guard var body = peer.core.ownPreamble else { return [frame] }
        change(&body)
        peer.core.ownPreamble = body
        guard let hash = commitment(of: peer) else { return [frame] }
        return [Frame(type: .preambleCommit, body: frame.body.prefix(8) + hash)]
      case .preambleOpen:
        guard let encoded = peer.core.ownPreamble?.encoded() else { return [frame] }
        return [Frame(type: .preambleOpen, body: peer.core.ownNonce + prefixed(encoded))]
      default: return [frame]
      }
    }
  }

  @Test(
    arguments: PairingRole.allCases,
    [
      (0, 1), (0, 1_899_999_999), (0, 25_000_000_001), (0, .max), (0, .min), (-1, 0), (1, 5_000_000_000),
      (-5_000_001, 5_000_000_000), (.min, 5_000_000_000), (.max, 5_000_000_000), (.min, .min),
    ] as [(start: Int64, period: Int64)])
  func aGridThatIsNoneIsRefused(honest: PairingRole, grid: (start: Int64, period: Int64)) throws {
    var duel = try Self.declaring(honest: honest) { ($0.gridStart, $0.gridPeriod) = grid }
    #expect(duel.run() == .malformed("a grid that is none"))
  }

  /// Any grid that is one may be declared: it is judged by what it gives.
  @Test(
    arguments: PairingRole.allCases,
    [(0, 1_900_000_000), (-6_999_999, 7_000_000_000), (-25_000_000, 25_000_000_000)]
      as [(
        start: Int64, period: Int64
      )])
  func anOddGridHarmsNobody(honest: PairingRole, grid: (start: Int64, period: Int64)) throws {
    for profile in QuantiserProfile.allCases {
      var duel = try Self.declaring(honest: honest, profiles: [profile]) { ($0.gridStart, $0.gridPeriod) = grid }
      #expect(duel.run() == nil)
    }
  }

  @Test(arguments: PairingRole.allCases) func aPeerThatDeclaresNoGridIsNotTheReference(honest: PairingRole) throws {
    var duel = try Self.declaring(honest: honest) { ($0.gridStart, $0.gridPeriod) = (0, 0) }
    #expect(duel.run() == nil)
    #expect(duel.machine.report.reference == honest)
  }

  // MARK: - What a peer says of the reference

  @Test func aPlanThatNamesABoardWithoutAGridIsRefused() throws {
    var duel = try Duel(honest: .alice, references: PairingRole.allCases)
    let declare = Self.declaring { ($0.gridStart, $0.gridPeriod) = (0, 0) }
    duel.peer.script = { frame, peer in
      guard frame.type == .plan else { return declare(frame, &peer) }
      return [Frame(type: .plan, body: [PairingRole.bob.byte] + frame.plan)]
    }
    #expect(duel.run() == .planRejected("the board that it takes for the reference cannot be it"))
  }

  @Test func aPlanThatNamesNoBoardIsRefused() throws {
    for body in [{ $0.plan }, { [0x43] + $0.plan }, { [UInt8(ascii: "a")] + $0.plan }] as [(Frame) -> [UInt8]] {
      var duel = try Duel.altering(.plan, honest: .alice) { [Frame(type: .plan, body: body($0))] }
      #expect(duel.run()?.code == "plan-rejected")
    }
    for body in [{ _ in [] }, { Array($0.body.prefix(1)) }] as [(Frame) -> [UInt8]] {
      var duel = try Duel.altering(.plan, honest: .alice) { [Frame(type: .plan, body: body($0))] }
      #expect(duel.run()?.code == "malformed-message")
    }
  }

  @Test(arguments: PairingRole.allCases) func onlyBobPlans(reference: PairingRole) throws {
    // Alice makes the plan that he would make, and sends it behind her preamble.
    var plan: [UInt8] = []
    var honest = try Duel.altering(.plan, honest: .alice) {
      plan = $0.plan
      return [$0]
    }
    _ = honest.run()
    #expect(!plan.isEmpty)
    var duel = try Duel.altering(.preambleOpen, honest: .bob) { [plan] in
      [$0, Frame(type: .plan, body: [reference.byte] + plan)]
    }
    #expect(duel.run() == .unexpectedMessage("a plan"))
  }

  @Test func aSecondPlanIsRefused() throws {
    var duel = try Duel(honest: .alice, references: PairingRole.allCases)
    duel.peer.script = { frame, _ in
      guard frame.type == .plan, let byte = frame.body.first else { return [frame] }
      return [frame, Frame(type: .plan, body: [byte ^ 3] + frame.plan)]
    }
    #expect(duel.run() == .unexpectedMessage("a plan"))
  }

  @Test(arguments: PairingRole.allCases, PairingRole.allCases)
  func eitherBoardMayPublishItsPositions(honest: PairingRole, reference: PairingRole) throws {
    var duel = try Duel(honest: honest, profiles: [.offset], references: [reference])
    #expect(duel.run() == nil)
    #expect(duel.machine.report.reference == reference && duel.peer.core.reference == reference)
  }

  // MARK: - Both gates, both ways

  /// A gyroscope that lies still and then swings about its axes.
  ///
  /// - Parameters:
  ///   - tremor: half width, rad/s.
  ///   - onGrid: what is done besides to the scan that a grid of 25 ms takes at its point of this number.
  private static func swing(
    period: Int64, tremor width: Double, seed: UInt64, onGrid: ((Int) -> SIMD3<Double>)? = nil
  ) throws -> Recording {
    let start: Int64 = 1_500_000_000
    func rate(_ time: Int64) -> SIMD3<Double> {
      var random = Seeded(state: seed &+ UInt64(time / 15_000_000) &* 7919)
      var small = Seeded(state: seed &+ UInt64(time))
      let rest = SIMD3<Double>.random(in: -0.002...0.002, using: &small)
      guard time >= start else { return rest }
      let t = Double(time - start) * 1e-9
      let z = 4 * (sin(11 * t) + sin(19 * t + 1) + sin(31 * t + 2))
      let swing = SIMD3(18 * sin(9.1 * t), 18 * sin(13.3 * t + 1), z)
      return swing + rest + (width > 0 ? SIMD3<Double>.random(in: -width...width, using: &random) : .zero)
    }
    var recording = Recording()
    for time in stride(from: Int64(0), to: 12_000_000_000, by: Int64.Stride(period)) {
      recording.append(timestamp: time, angularVelocity: rate(time))
    }
    guard let onGrid else { return recording }
    let onset = try #require(recording.firstOnset)
    for point in 2..<400 {
      let time = onset + Int64(point) * 25_000_000
      let scan = recording.indexOf(time + 6_250_000) - 1
      guard scan + 1 < recording.count else { break }
      recording.angularVelocity[scan] = rate(time) + onGrid(point)
    }
    return recording
  }

  /// The peer knows the swing and not the tremor. It adds to its z axis what makes its own predictor a low-pass, on the
  /// scans that its grid takes and on no others: with itself as the reference it passes both gates.
  private static func shaped() throws -> Recording {
    try swing(period: 2_000_000, tremor: 0, seed: 1) { SIMD3(0, 0, $0 % 2 == 0 ? 16 : -16) }
  }

  @Test(arguments: PairingRole.allCases, [5_000_000, 1_666_667] as [Int64])
  func aPeerThatPassesTheGatesOneWayIsRefused(honest: PairingRole, period: Int64) throws {
    let own = try Self.swing(period: period, tremor: 1.8, seed: 99)
    let other = try Self.shaped()
    let grid = try #require(SampleGrid(start: 0, period: 25_000_000_000))
    let (onset, otherOnset) = (try #require(own.firstOnset), try #require(other.firstOnset))
    let preamble = try #require(Preamble(recording: own, onset: onset))
    let forged = try #require(Preamble(recording: other, onset: otherOnset))
    #expect(throws: Never.self, "with the peer as the reference both gates are passed") {
      try PreambleComparison(reference: honest.peer, forged, preamble, grid: grid, rehearsal: nil)
    }
    let peer = try ScriptedPeer(role: honest.peer, recording: other, references: PairingRole.allCases)
    var duel = try Duel(honest: honest, peer: peer, references: PairingRole.allCases)
    duel.honestRecording = own
    duel.peer.script = Self.declaring { ($0.gridStart, $0.gridPeriod) = (grid.start, grid.period) }
    let reason = duel.run()
    #expect(["fine-motion-differs", "implausible-map"].contains(reason?.code), "\(String(describing: reason))")
  }

  // MARK: - Anything

  /// Preambles of the greatest and the least values, of any times and flags, on any grid.
  @Test func noPreambleTraps() throws {
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0..<1 << 48, using: &generator)
    var random = Seeded(state: seed)
    for round in 0..<24 {
      let honest = PairingRole.allCases[round % 2]
      let kind = Int(random.next() % 6)
      var duel = try Self.declaring(honest: honest) { body in
        let count = [80, 81, 200, 1018][Int(random.next() % 4)]
        let spacing = max(1, [1, 20, 1_900_000 / count][Int(random.next() % 3)])
        let times = (0..<count).map { Int32($0 * spacing) }
        func codes() -> [SIMD3<Int16>] {
          (0..<count).map { i in
            switch kind {
            case 0: SIMD3(repeating: i % 2 == 0 ? .max : .min)
            case 1: SIMD3(.random(in: .min ... .max, using: &random), .random(in: .min ... .max, using: &random), 0)
            case 2: SIMD3(Int16(i % 3), Int16(i % 5), Int16(i % 7)) &* 4000
            case 3: SIMD3(i == 0 ? .max : 0, i == 1 ? .max : 0, i == 2 ? .min : 0)
            case 4: SIMD3(truncatingIfNeeded: SIMD3(i, i * i, -i))
            default: body.preamble.angularVelocity[i % body.preamble.angularVelocity.count]
            }
          }
        }
        let flags = (0..<count).map { _ in AxisFlags(rawValue: random.next() % 3 == 0 ? UInt8(random.next() % 8) : 0) }
        let which = random.next() % 3
        let (linear, angular) = (which == 1 ? [] : codes(), which == 2 ? [] : codes())
        if let preamble = Preamble(
          times: times, acceleration: linear, angularVelocity: angular,
          clippedAcceleration: linear.isEmpty ? [] : flags, clippedAngularVelocity: angular.isEmpty ? [] : flags)
        {
          body.preamble = preamble
        }
        body.gridPeriod = .random(in: 1_900_000_000...25_000_000_000, using: &random)
        body.gridStart = .random(in: (-body.gridPeriod / 1000)...0, using: &random)
        if random.next() % 5 == 0 { (body.gridStart, body.gridPeriod) = (0, 0) }
      }
      let reason = duel.run()
      #expect(duel.ending != nil, "seed \(seed), round \(round): no end")
      #expect(reason != nil, "seed \(seed), round \(round): paired")
    }
  }
}
