import Foundation
import SecureChannel
import Testing
import Transfer

@testable import Pairing
@testable import Peers

/// Two boards that exchange their identities and keep each other, either of them killed at every point of it: between any
/// two messages, and at every step and byte of what it writes.
@Suite struct KilledInTheExchangeTests {
  private final class Side {
    let board: BoardIdentity
    let store: PeerStore
    let disk: ModelDisk
    var exchange: IdentityExchange
    /// Messages it still takes; then it is gone.
    var lives = Int.max
    var isDead: Bool { lives <= 0 || disk.isDead }

    init(_ board: BoardIdentity, role: PairingRole, hash: [UInt8], on start: ModelDisk.State = ModelDisk.State()) {
      self.board = board
      disk = ModelDisk(start)
      store = PeerStore(stateDirectory: "/state", files: disk)
      exchange = IdentityExchange(own: board, role: role, handshakeHash: hash)
    }

    func keep(_ peer: PeerIdentity, secret: PairingSecret, hash: [UInt8]) throws {
      try store.keep(
        PeerRecord(
          identity: peer.identity, name: peer.name, ownIdentity: board.keys.publicIdentity,
          pairedAt: Date(timeIntervalSince1970: 1_800_000_000), justifiedBits: 128, marginBits: 512, sas: "123456",
          handshakeHash: hash, secret: secret))
    }
  }

  private let alice: BoardIdentity
  private let bob: BoardIdentity

  init() throws {
    alice = BoardIdentity(keys: try IdentityKeys.generate(), name: try #require(DeviceName("alice")))
    bob = BoardIdentity(keys: try IdentityKeys.generate(), name: try #require(DeviceName("bob")))
  }

  private func secret(_ number: UInt8) throws -> PairingSecret {
    try PairingSecret(bytes: SecretBytes(copying: [UInt8](repeating: number, count: 32)))
  }

  /// The exchange, as far as both live; the messages arrive alice's or bob's first.
  private func exchange(_ a: Side, _ b: Side, secret: PairingSecret, hash: [UInt8], bobsFirst: Bool) {
    func pair(_ one: Side, _ other: Side) -> [(Side, Side)] {
      bobsFirst ? [(other, one), (one, other)] : [(one, other), (other, one)]
    }
    var proofs: [ObjectIdentifier: [UInt8]] = [:]
    let identities = [ObjectIdentifier(a): a.exchange.identity, ObjectIdentifier(b): b.exchange.identity]
    for (from, to) in pair(a, b) where !to.isDead {
      // Who is dead before the first message has sent none.
      guard !(from.lives <= 0), let message = identities[ObjectIdentifier(from)] else { continue }
      proofs[ObjectIdentifier(to)] = try? to.exchange.receive(identity: message)
      to.lives -= 1
    }
    for (from, to) in pair(a, b) where !to.isDead {
      guard let proof = proofs[ObjectIdentifier(from)], let peer = try? to.exchange.receive(proof: proof) else {
        continue
      }
      to.lives -= 1
      // Killed when it has verified the proof, and has written nothing.
      if to.lives <= 0 { continue }
      try? to.keep(peer, secret: secret, hash: hash)
    }
  }

  /// Every store has no peer, or one that works: one that the other board, if it has kept this one, meets again by.
  private func check(_ disks: (ModelDisk, ModelDisk), secrets: [PairingSecret]) throws {
    let stores = [disks.0, disks.1].map { PeerStore(stateDirectory: "/state", files: $0) }
    let listings = try stores.map { try $0.list() }
    #expect(listings.allSatisfy { $0.problems.isEmpty && $0.peers.count <= 1 })
    let boards = [alice, bob]
    for (index, listing) in listings.enumerated() {
      guard let peer = listing.peers.first else { continue }
      let (own, other) = (boards[index], boards[1 - index])
      #expect(peer.identity == other.keys.publicIdentity && peer.ownIdentity == own.keys.publicIdentity)
      let kept = try #require(secrets.first { $0.bytes == peer.secret.bytes }, "a secret of no pairing")
      // The other side's view of the same pairing.
      let here = try Acquaintance(keys: own.keys, peer: peer.identity, secret: peer.secret, activity: .send)
      let there = try Acquaintance(keys: other.keys, peer: own.keys.publicIdentity, secret: kept, activity: .receive)
      let session = [UInt8](repeating: 1, count: 16)
      let initiator = try Introduction(here, sessionID: session)
      let (theirs, answer) = try Introduction(there, sessionID: session).take(try #require(try initiator.firstPacket()))
      let (ours, _) = try initiator.take(try #require(answer))
      #expect(try theirs.decrypt(ours.encrypt([1])) == [1])
    }
  }

  @Test(arguments: [false, true]) func betweenAnyTwoMessages(bobsFirst: Bool) throws {
    let hash = [UInt8](repeating: 5, count: 32)
    var counts: Set<[Int]> = []
    for alices in 0...3 {
      for bobs in 0...3 {
        let (a, b) = (Side(alice, role: .alice, hash: hash), Side(bob, role: .bob, hash: hash))
        (a.lives, b.lives) = (alices, bobs)
        exchange(a, b, secret: try secret(1), hash: hash, bobsFirst: bobsFirst)
        try check((a.disk, b.disk), secrets: [secret(1)])
        counts.insert(try [a, b].map { try $0.store.list().peers.count })
      }
    }
    // None, the unavoidable gap of the last message either way, and both.
    #expect(counts == [[0, 0], [1, 0], [0, 1], [1, 1]])
  }

  @Test(arguments: [false, true], PairingRole.allCases)
  func atEveryStepOfKeeping(isSecondPairing: Bool, victim: PairingRole) throws {
    let hashes = [[UInt8](repeating: 5, count: 32), [UInt8](repeating: 6, count: 32)]
    func sides(_ number: Int, _ starts: (ModelDisk.State, ModelDisk.State)) -> (Side, Side) {
      (
        Side(alice, role: .alice, hash: hashes[number], on: starts.0),
        Side(bob, role: .bob, hash: hashes[number], on: starts.1)
      )
    }
    var starts = (ModelDisk.State(), ModelDisk.State())
    if isSecondPairing {
      let (a, b) = sides(0, starts)
      exchange(a, b, secret: try secret(1), hash: hashes[0], bobsFirst: false)
      starts = (a.disk.now, b.disk.now)
    }
    let (whole, other) = sides(1, starts)
    exchange(whole, other, secret: try secret(2), hash: hashes[1], bobsFirst: false)
    let steps = (victim == .alice ? whole : other).disk.steps
    #expect(steps > 100)
    for limit in 0...steps {
      let (a, b) = sides(1, starts)
      (victim == .alice ? a : b).disk.limit = limit
      exchange(a, b, secret: try secret(2), hash: hashes[1], bobsFirst: limit % 2 == 0)
      let (hit, survivor) = victim == .alice ? (a, b) : (b, a)
      for outcome in hit.disk.afterPowerLoss() {
        try check(
          victim == .alice ? (outcome, survivor.disk) : (survivor.disk, outcome), secrets: [secret(1), secret(2)])
        // What was there before stays until the new one is there.
        if isSecondPairing {
          #expect(try PeerStore(stateDirectory: "/state", files: outcome).list().peers.count == 1)
        }
      }
    }
  }
}
