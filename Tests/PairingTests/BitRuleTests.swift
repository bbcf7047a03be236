import Agreement
import Motion
import SecureChannel
import Testing

@testable import Pairing

/// The rules about masks, bits and keys that a hostile or broken peer may try, where telling them apart needs more than
/// an altered frame.
@Suite struct BitRuleTests {
  // MARK: - Masks

  @Test func aPeerThatPicksAmongTheAccelerometerCellsIsRefused() throws {
    // Over all sensors enough is left; of the accelerometer's cells it is not.
    let rig = Rig.simulate { $0.seconds = 20 }
    var recording = rig.bob.recording
    let onset = try #require(recording.firstOnset)
    for i in 0..<recording.count where recording.timestamps[i] > onset + 2_700_000_000 {
      if recording.timestamps[i] / 100_000_000 % 10 < 4 { recording.clippedAcceleration[i] = .all }
    }
    var duel = try Duel(honest: .alice, rig: rig, peer: try ScriptedPeer(role: .bob, recording: recording))
    guard case .maskOverlap(let sensor, let overlap)? = duel.run() else {
      Issue.record("\(String(describing: duel.ending))")
      return
    }
    #expect(sensor == "accelerometer")
    #expect(overlap < 0.60)
  }

  @Test(arguments: PairingRole.allCases) func aPeerThatKeepsOnesIsRefused(honest: PairingRole) throws {
    // It drops a third of its cells, those with the fewest ones: the intersection is large enough, the bits are biased.
    var duel = try Duel(honest: honest, rig: Rig.simulate { $0.seconds = 20 })
    duel.peer.script = remasking { mask, decisions in
      let ascending = mask.kept.indices.filter { mask.kept[$0] }.sorted { a, b in
        func ones(_ cell: Int) -> Double {
          decisions[cell].map { Double($0.symbol.nonzeroBitCount) / Double($0.levels) } ?? 0
        }
        return ones(a) < ones(b)
      }
      for cell in ascending.prefix(Int(0.33 * Double(ascending.count))) { mask.kept[cell] = false }
    }
    // The peer itself has the same bits, and does not mind.
    let reason = duel.run()
    guard case .gate(let text)? = reason else {
      Issue.record("\(String(describing: reason))")
      return
    }
    #expect(text.contains("ones"), "\(text)")
    // Which gate it was stays here.
    #expect(duel.told == "failed")
  }

  @Test func aMaskOfTheWrongLengthIsRefused() throws {
    var duel = try Duel(honest: .alice)
    duel.peer.script = remasking { mask, _ in mask = MaskBody(kept: Array(mask.kept.dropLast(9)), isLast: mask.isLast) }
    #expect(duel.run()?.code == "malformed-message")
  }

  @Test func oneSecondIsOpenedOnlyAfterTheNextIsCommitted() throws {
    // What the honest side sent, in order: never an opening of second s before the commitment to s + 1, or to none.
    var duel = try Duel(honest: .bob)
    var committed = 0
    var opened = 0
    var checked = 0
    duel.peer.script = { frame, peer in
      // Alice's core has seen everything that Bob sent so far.
      committed = peer.core.peerMaskCommitments.count
      opened = peer.core.zone?.peerMasks.count ?? 0
      let ended = peer.core.peerMaskLast != nil
      if opened > 0 {
        #expect(committed > opened || ended)
        checked += 1
      }
      return [frame]
    }
    #expect(duel.run() == nil)
    #expect(checked > 4)
  }

  /// A script that changes every mask before it is committed to, so that it opens as committed.
  private func remasking(
    _ change: @escaping (inout MaskBody, [(symbol: Int, levels: Int)?]) -> Void
  ) -> (Frame, inout ScriptedPeer) -> [Frame] {
    var changed: [Int: MaskBody] = [:]
    return { frame, peer in
      guard frame.type == .maskCommit || frame.type == .maskOpen, let zone = peer.core.zone else { return [frame] }
      let second = frame.body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      if changed[second] == nil {
        var mask = zone.ownMasks[second]
        let cells = second * zone.cellsPerSecond..<(second + 1) * zone.cellsPerSecond
        change(&mask, Array(zone.rawDecisions(seconds: second + 1)[cells]))
        changed[second] = mask
        peer.core.zone?.ownMasks[second] = mask
      }
      guard let mask = changed[second] else { return [frame] }
      let nonce = peer.core.maskNonces[second]
      let body =
        frame.type == .maskOpen
        ? nonce + mask.encoded() : peer.core.maskHash(peer.core.role, second, nonce, mask.encoded())
      return [Frame(type: frame.type, body: bigEndian(UInt32(second)) + body)]
    }
  }

  // MARK: - Bits

  @Test(arguments: [3, 5, 6] as [UInt64]) func masksAndBitsStayAligned(seed: UInt64) throws {
    // Two cores, so that both sides' bits can be seen: as many as the masks say, and equal but for a few.
    let rig = Rig.simulate {
      $0.seed = seed
      $0.gap = 0.05
    }
    var bits: [PairingRole: BitString] = [:]
    var counts: [Int] = []
    func watch(_ peer: ScriptedPeer) {
      guard peer.core.step == .reconciling, bits[peer.core.role] == nil, let zone = peer.core.zone,
        let seconds = peer.core.usedSeconds
      else { return }
      bits[peer.core.role] = peer.core.bits
      counts.append(zone.keptBits(seconds: seconds))
    }
    var alice = try ScriptedPeer(role: .alice, recording: rig.alice.recording)
    var bob = try ScriptedPeer(role: .bob, recording: rig.bob.recording)
    duet(&alice, &bob) { alice, bob in
      watch(alice)
      watch(bob)
    }
    #expect(
      [alice, bob].allSatisfy { $0.core.step == PairingCore.Step.done },
      "\(String(describing: alice.failure ?? bob.failure))")
    let a = try #require(bits[.alice])
    let b = try #require(bits[.bob])
    #expect(counts.count == 2 && counts.allSatisfy { $0 == a.count && $0 == b.count })
    let differing = (0..<a.count).count { a[$0] != b[$0] }
    #expect(Double(differing) < 0.01 * Double(a.count))
    // One cell out of step would look like this.
    let shifted = (1..<a.count).count { a[$0] != b[$0 - 1] }
    #expect(Double(shifted) > 0.25 * Double(a.count))
  }

  @Test func aSumBelow128BitsIsNoKey() throws {
    // The masks were closed for one margin, the sum is made with another that leaves nothing.
    var duel = try Duel(honest: .alice)
    duel.peer.script = { frame, peer in
      if frame.type == .maskCheckpoint { peer.core.margin = 8000 }
      return [frame]
    }
    _ = duel.run()
    guard case .tooLittleEntropy(let sum)? = duel.peer.failure else {
      Issue.record("\(String(describing: duel.peer.failure))")
      return
    }
    #expect(sum.contains("8000 margin"))
    // Not a single parity was asked for.
    #expect(duel.peer.core.report.ledger.total == 0)
  }

  @Test func errorsBeyondThePredictedRateEndTheCorrection() throws {
    // Every twentieth of Bob's kept bits is flipped, some hundred times what the preambles say.
    let bob = try ScriptedPeer(
      role: .bob, recording: Rig.together.bob.recording,
      rehearsal: Rehearsal(kind: .uniform, errorRate: 0.05, seed: 1))
    var duel = try Duel(honest: .alice, peer: bob)
    _ = duel.run()
    let code = duel.peer.failure?.code
    #expect(code == "too-many-errors" || code == "leakage-budget", "\(code ?? "none")")
  }

  // MARK: - Keys

  @Test(arguments: PairingRole.allCases) func ownTagComingBackIsRefused(honest: PairingRole) throws {
    var duel = try Duel(honest: honest)
    duel.peer.script = { frame, peer in
      guard frame.type == .commitCheckpoint, let keys = peer.core.keys, let transcript = peer.core.transcripts["rec"]
      else { return [frame] }
      return [Frame(type: frame.type, body: keys.tag(of: honest, transcript: transcript) + frame.body.suffix(32))]
    }
    #expect(duel.run() == .tagReflected)
  }

  @Test func anEphemeralOfSmallOrderIsRefused() throws {
    // Bob commits to the point zero, and answers Alice's handshake with it.
    let zero = [UInt8](repeating: 0, count: 32)
    var duel = try Duel(honest: .alice)
    duel.peer.script = { frame, peer in
      switch frame.type {
      case .commitCheckpoint:
        guard let transcript = peer.core.transcripts["rec"] else { return [frame] }
        return [
          Frame(
            type: frame.type,
            body: frame.body.prefix(32)
              + KeySchedule.ephemeralCommitment(of: .bob, transcript: transcript, ephemeral: zero))
        ]
      case .handshake: return [Frame(type: .handshake, body: zero + frame.body.dropFirst(32))]
      default: return [frame]
      }
    }
    guard case .handshake(let text)? = duel.run() else {
      Issue.record("\(String(describing: duel.ending))")
      return
    }
    #expect(text.contains("zero"), "\(text)")
  }

  @Test func ownEphemeralComingBackIsRefused() throws {
    // Bob's key pair is Alice's too: what would be if her message could be turned round before he committed.
    var shared: KeyPair?
    var alice = try ScriptedPeer(role: .alice, recording: Rig.together.alice.recording)
    var bob = try ScriptedPeer(role: .bob, recording: Rig.together.bob.recording)
    bob.script = { frame, peer in
      guard frame.type == .commitCheckpoint, let shared, let transcript = peer.core.transcripts["rec"] else {
        return [frame]
      }
      peer.core.ephemeral = shared
      let commitment = KeySchedule.ephemeralCommitment(
        of: .bob, transcript: transcript, ephemeral: shared.publicKey)
      return [Frame(type: frame.type, body: frame.body.prefix(32) + commitment)]
    }
    duet(&alice, &bob) { alice, _ in shared = shared ?? alice.core.ephemeral }
    guard case .handshake(let text)? = bob.failure else {
      Issue.record("\(String(describing: bob.failure))")
      return
    }
    #expect(text.contains("reflected"), "\(text)")
  }

  /// Lets two peers talk until both fall silent.
  private func duet(
    _ alice: inout ScriptedPeer, _ bob: inout ScriptedPeer, watch: (ScriptedPeer, ScriptedPeer) -> Void
  ) {
    var toBob = [alice.session.greeting]
    var toAlice = [bob.session.greeting]
    let now = PairingInstant(nanoseconds: 0)
    while !toBob.isEmpty || !toAlice.isEmpty {
      if !toBob.isEmpty { toAlice += bob.receive(toBob.removeFirst(), at: now) }
      watch(alice, bob)
      if !toAlice.isEmpty { toBob += alice.receive(toAlice.removeFirst(), at: now) }
      watch(alice, bob)
    }
  }
}
