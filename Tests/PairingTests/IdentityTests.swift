import Motion
import SecureChannel
import Testing

@testable import Pairing

/// Two boards that have an identity, and the two messages that each sends about it.
@Suite struct IdentityExchangeTests {
  static let hash = [UInt8](repeating: 5, count: 32)
  let alice: BoardIdentity
  let bob: BoardIdentity

  init() throws {
    alice = BoardIdentity(keys: try IdentityKeys.generate(), name: try #require(DeviceName("Küche")))
    bob = BoardIdentity(keys: try IdentityKeys.generate(), name: try #require(DeviceName("b")))
  }

  private func sides(
    _ a: BoardIdentity? = nil, _ b: BoardIdentity? = nil
  ) -> (alice: IdentityExchange, bob: IdentityExchange) {
    (
      IdentityExchange(own: a ?? alice, role: .alice, handshakeHash: Self.hash),
      IdentityExchange(own: b ?? bob, role: .bob, handshakeHash: Self.hash)
    )
  }

  @Test func eachLearnsTheOther() throws {
    var (a, b) = sides()
    let proofOfBob = try b.receive(identity: a.identity)
    let proofOfAlice = try a.receive(identity: b.identity)
    #expect(try a.receive(proof: proofOfBob) == PeerIdentity(identity: bob.keys.publicIdentity, name: bob.name))
    #expect(try b.receive(proof: proofOfAlice) == PeerIdentity(identity: alice.keys.publicIdentity, name: alice.name))
  }

  @Test func theSignatureCoversLabelRoleHandshakeAndBothBoards() throws {
    var (a, b) = sides()
    let proof = try b.receive(identity: a.identity)
    let keys = alice.keys.publicIdentity.encoded + bob.keys.publicIdentity.encoded
    let signed: [UInt8] = Array("TACC2/id".utf8) + [0x42] + Self.hash + keys
    #expect(SigningKey.isValid(proof, of: signed, by: bob.keys.publicIdentity.signingKey))
    _ = try a.receive(identity: b.identity)
    // That of another session, of another role, and for another board.
    var later = IdentityExchange(own: bob, role: .bob, handshakeHash: [UInt8](repeating: 6, count: 32))
    var mirrored = IdentityExchange(own: bob, role: .alice, handshakeHash: Self.hash)
    let third = BoardIdentity(keys: try IdentityKeys.generate(), name: alice.name)
    var elsewhere = sides().bob
    for wrong in [
      try later.receive(identity: a.identity), try mirrored.receive(identity: a.identity),
      try elsewhere.receive(identity: sides(third).alice.identity), [], [UInt8](repeating: 0, count: 64),
    ] {
      #expect(throws: AbortReason.identityProof) { try a.receive(proof: wrong) }
    }
    #expect(throws: Never.self) { try a.receive(proof: proof) }
  }

  @Test func anotherBoardsIdentityCannotBeShown() throws {
    // Mallory shows Bob's keys, and signs with her own.
    let mallory = BoardIdentity(keys: try IdentityKeys.generate(), name: bob.name)
    var (a, m) = sides(alice, mallory)
    _ = try a.receive(identity: sides().bob.identity)
    let proof = try m.receive(identity: a.identity)
    #expect(throws: AbortReason.identityProof) { try a.receive(proof: proof) }
  }

  @Test func aCopyOfThisBoardIsRefused() throws {
    let copy = BoardIdentity(keys: alice.keys, name: bob.name)
    var (a, b) = sides(alice, copy)
    #expect(throws: AbortReason.sameIdentity) { try a.receive(identity: b.identity) }
    #expect(throws: AbortReason.sameIdentity) { try b.receive(identity: a.identity) }
  }

  @Test func orderAndRepetition() throws {
    var (a, b) = sides()
    #expect(throws: AbortReason.self) { try a.receive(proof: [UInt8](repeating: 0, count: 64)) }
    _ = try a.receive(identity: b.identity)
    #expect(throws: AbortReason.unexpectedMessage("a second identity")) { try a.receive(identity: b.identity) }
  }

  @Test func malformedIdentitiesAreRefused() throws {
    let (fresh, b) = sides()
    func refuses(_ message: [UInt8], _ what: String) {
      var a = fresh
      do {
        _ = try a.receive(identity: message)
        Issue.record("\(what) was accepted")
      } catch {
        #expect(error.code == "malformed-message", "\(what): \(error)")
      }
    }
    let good = b.identity
    #expect(good.count == IdentityExchange.identityCount)
    refuses([], "nothing")
    refuses(Array(good.dropLast()), "one byte too few")
    refuses(good + [0], "one byte too many")
    func with(name: [UInt8], count: Int? = nil) -> [UInt8] {
      Array(good.prefix(64)) + [UInt8(count ?? name.count)] + name + [UInt8](repeating: 0, count: 64 - name.count)
    }
    refuses(with(name: []), "no name")
    refuses(with(name: Array("a\nb".utf8)), "a line end")
    refuses(with(name: [0xC3]), "half a character")
    refuses(with(name: Array("abc".utf8), count: 2), "padding that is not zero")
    refuses(with(name: Array("abc".utf8), count: 65), "a name longer than there is room")
    refuses([UInt8](repeating: 0, count: 32) + good.dropFirst(32), "a static key of small order")
  }

  @Test func randomMessagesNeverTrap() {
    let seed = UInt64.random(in: 0..<1 << 48)
    var random = Seeded(state: seed)
    for _ in 0..<2000 {
      var a = sides().alice
      let length = [0, 64, 128, 129, 130][Int(random.next() % 5)]
      let message = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      _ = try? a.receive(identity: message)
      #expect(throws: AbortReason.self, "seed \(seed)") { try a.receive(proof: message) }
    }
  }
}

/// Whole pairings of boards with identities.
@Suite struct IdentityPairingTests {
  private static func identity(_ name: String) throws -> BoardIdentity {
    BoardIdentity(keys: try IdentityKeys.generate(), name: try #require(DeviceName(name)))
  }

  private func duel(honest role: PairingRole, own: BoardIdentity?, peer: BoardIdentity?) throws -> Duel {
    let other = role == .alice ? Rig.together.bob.recording : Rig.together.alice.recording
    let scripted = try ScriptedPeer(role: role.peer, recording: other, identity: peer)
    return try Duel(honest: role, peer: scripted, identity: own)
  }

  @Test(arguments: PairingRole.allCases) func bothLearnWhoTheOtherIs(role: PairingRole) throws {
    let (own, other) = (try Self.identity("own"), try Self.identity("other"))
    var duel = try duel(honest: role, own: own, peer: other)
    #expect(duel.run() == nil)
    let session = try #require(try duel.ending?.get())
    #expect(session.peer == PeerIdentity(identity: other.keys.publicIdentity, name: other.name))
    let theirs = try #require(duel.peer.core.session)
    #expect(theirs.peer == PeerIdentity(identity: own.keys.publicIdentity, name: own.name))
    // Both can derive the same key from what they keep.
    let label = try #require(ExportLabel("test"))
    let boards = (own.keys.publicIdentity, other.keys.publicIdentity)
    #expect(
      try session.pairingSecret.exportedKey(label, boards: boards, count: 32)
        == theirs.pairingSecret.exportedKey(label, boards: (boards.1, boards.0), count: 32))
  }

  @Test(arguments: PairingRole.allCases) func whereOneSideHasNoneNothingIsTold(role: PairingRole) throws {
    for hasOwn in [true, false] {
      var duel = try duel(
        honest: role, own: hasOwn ? Self.identity("own") : nil, peer: hasOwn ? nil : Self.identity("other"))
      var types: Set<FrameType> = []
      duel.peer.script = { frame, _ in
        types.insert(frame.type)
        return [frame]
      }
      #expect(duel.run() == nil)
      #expect(try duel.ending?.get().peer == nil)
      #expect(types.contains(.confirm) && !types.contains(.identity) && !types.contains(.identityProof))
    }
  }

  @Test(arguments: [FrameType.identity, .identityProof], PairingRole.allCases)
  func withoutIdentityAndProofThereIsNoPairing(type: FrameType, role: PairingRole) throws {
    // Silence.
    var silent = try duel(honest: role, own: Self.identity("own"), peer: Self.identity("other"))
    var isSilent = false
    silent.peer.script = { frame, _ in
      if frame.type == type { isSilent = true }
      return isSilent ? [] : [frame]
    }
    #expect(silent.run() == .deadline(step: "exchanging identities"))
    // What the inner channel did not seal.
    var forged = try duel(honest: role, own: Self.identity("own"), peer: Self.identity("other"))
    forged.peer.script = { frame, _ in [frame.type == type ? frame.damaged : frame] }
    #expect(forged.run() == .confirmation)
    #expect(forged.told == "failed")
    // Twice.
    var twice = try duel(honest: role, own: Self.identity("own"), peer: Self.identity("other"))
    twice.peer.script = { frame, _ in frame.type == type ? [frame, frame] : [frame] }
    let end = twice.run()
    // Behind the proof the honest side has ended.
    #expect(type == .identityProof ? end == nil : end == .confirmation)
  }

  @Test func identitiesBeforeTheConfirmationAreRefused() throws {
    for type in [FrameType.identity, .identityProof] {
      var duel = try duel(honest: .alice, own: Self.identity("own"), peer: Self.identity("other"))
      duel.peer.script = { frame, _ in
        frame.type == .confirm ? [Frame(type: type, body: [UInt8](repeating: 0, count: 145))] : [frame]
      }
      #expect(duel.run()?.code == "unexpected-message")
    }
  }

  @Test func aBoardWithoutIdentityAcceptsNone() throws {
    var duel = try duel(honest: .bob, own: nil, peer: nil)
    duel.peer.script = { frame, _ in
      frame.type == .confirm ? [Frame(type: .identity, body: [UInt8](repeating: 0, count: 145)), frame] : [frame]
    }
    #expect(duel.run()?.code == "unexpected-message")
  }

  @Test func aRelayCannotTakeTheOfferAway() throws {
    var duel = try duel(honest: .alice, own: Self.identity("own"), peer: Self.identity("other"))
    duel.peer.wire = { packet in
      var copy = packet
      // Packet type, "TACC2", version, role, number of profiles, the profiles, then the sensors and the offer.
      if packet[0] == 1 { copy[9 + Int(packet[8])] &= 0x7F }
      return [copy]
    }
    #expect(duel.run()?.code == "handshake")
  }

  @Test func theRelaySeesNothingOfWhoTheyAre() throws {
    // Everything on the wire but the ephemeral is what an outsider sees.
    func traffic(name: String) throws -> (packets: [[UInt8]], other: BoardIdentity) {
      let other = try Self.identity(name)
      var duel = try duel(honest: .alice, own: Self.identity("own"), peer: other)
      var packets: [[UInt8]] = []
      duel.peer.wire = { packet in
        packets.append(packet)
        return [packet]
      }
      #expect(duel.run() == nil)
      return (packets, other)
    }
    let short = try traffic(name: "b")
    let long = try traffic(name: String(repeating: "Long", count: 16))
    for (packets, other) in [short, long] {
      let bytes = packets.flatMap(\.self)
      for secret in [other.keys.publicIdentity.staticKey, other.keys.publicIdentity.signingKey] {
        #expect(!bytes.indices.dropLast(8).contains { bytes[$0..<($0 + 8)] == secret[..<8] })
      }
    }
    // Neither does a length tell anything of the name.
    #expect(short.packets.suffix(2).map(\.count) == long.packets.suffix(2).map(\.count))
  }
}
