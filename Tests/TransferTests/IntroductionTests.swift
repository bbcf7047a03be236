import SecureChannel
import Testing

@testable import Transfer

@Suite("Boards that know each other meet again")
struct IntroductionTests {
  private let session: [UInt8] = Array(0..<16)

  private func introduce(_ a: Acquaintance, _ b: Acquaintance, _ sessionB: [UInt8]? = nil) throws -> (
    Transport, Transport
  ) {
    let (one, two) = (
      try Introduction(a, sessionID: session), try Introduction(b, sessionID: sessionB ?? session)
    )
    let (initiator, responder) = a.role == .initiator ? (one, two) : (two, one)
    #expect(try responder.firstPacket() == nil)
    let first = try #require(try initiator.firstPacket())
    let (theirs, answer) = try responder.take(first)
    let (ours, none) = try initiator.take(try #require(answer))
    #expect(none == nil)
    return a.role == .initiator ? (ours, theirs) : (theirs, ours)
  }

  @Test("for every activity the two sides take different roles, find one room and agree on keys")
  func agreement() throws {
    let boards = try Boards()
    for (mine, theirs) in [
      (Acquaintance.Activity.send, Acquaintance.Activity.receive), (.receive, .send), (.connect, .connect),
    ] {
      let (a, b) = (try boards.atFirst(mine), try boards.atSecond(theirs))
      #expect(a.role != b.role)
      #expect(a.purpose == b.purpose)
      #expect(try a.rooms(atSecond: 43_200) == b.rooms(atSecond: 43_200))
      let (x, y) = try introduce(a, b)
      #expect(try y.decrypt(x.encrypt([1, 2])) == [1, 2])
      #expect(try x.decrypt(y.encrypt([3])) == [3])
    }
  }

  @Test("another purpose, another room; and the other direction is another purpose")
  func purposes() throws {
    let boards = try Boards()
    let rooms = try [Acquaintance.Activity.send, .receive, .connect].flatMap {
      try boards.atFirst($0).rooms(atSecond: 43_200)
    }
    #expect(Set(rooms).count == 3)
    // Who connects is a responder on one of the two boards only.
    let isSecond = try boards.atSecond(.connect).role == .responder
    let sender = try isSecond ? boards.atFirst(.send) : boards.atSecond(.send)
    let connecting = try isSecond ? boards.atSecond(.connect) : boards.atFirst(.connect)
    #expect(throws: TransferError.noise(.authenticationFailed)) { try introduce(sender, connecting) }
  }

  @Test("whoever has not the pairing's secret is not answered, though the keys are right; nor in another session")
  func strangers() throws {
    let boards = try Boards()
    let other = try PairingSecret(bytes: SecretBytes.random(count: 32))
    #expect(throws: TransferError.noise(.authenticationFailed)) {
      try introduce(boards.atFirst(.send, secret: other), boards.atSecond(.receive))
    }
    #expect(throws: TransferError.noise(.authenticationFailed)) {
      try introduce(boards.atFirst(.send), boards.atSecond(.receive), [UInt8](repeating: 9, count: 16))
    }
  }

  @Test("a first packet that is sent again leads to keys that whoever repeats it has not")
  func replay() throws {
    let boards = try Boards()
    let initiator = try Introduction(boards.atFirst(.send), sessionID: session)
    let packet = try #require(try initiator.firstPacket())
    let (first, _) = try Introduction(boards.atSecond(.receive), sessionID: session).take(packet)
    let (second, _) = try Introduction(boards.atSecond(.receive), sessionID: session).take(packet)
    #expect(try first.encrypt([0]) != second.encrypt([0]))
  }

  @Test("a packet cut or changed anywhere is refused, and the right one still taken")
  func damage() throws {
    let boards = try Boards()
    let packet = try #require(try Introduction(boards.atFirst(.send), sessionID: session).firstPacket())
    let responder = try Introduction(boards.atSecond(.receive), sessionID: session)
    for index in packet.indices {
      var bad = packet
      bad[index] ^= 1
      #expect(throws: TransferError.self) { try responder.take(bad) }
      #expect(throws: TransferError.self) { try responder.take(Array(packet.prefix(index))) }
    }
    _ = try responder.take(packet)
  }

  @Test("clocks up to two hours apart: the initiator is where the responder is, whatever the hour")
  func clocks() throws {
    let boards = try Boards()
    let (initiator, responder) = (try boards.atFirst(.send), try boards.atSecond(.receive))
    for second in stride(from: Int64(86_400 * 20_000), to: 86_400 * 20_001, by: 1_800) {
      #expect(try responder.rooms(atSecond: second).count == 1)
      for shift in [-7_200, -3_600, 0, 3_600, 7_200] as [Int64] {
        let rooms = try initiator.rooms(atSecond: second + shift)
        #expect(rooms.count <= 2)
        #expect(rooms.contains(try responder.rooms(atSecond: second)[0]), "\(second) \(shift)")
      }
    }
    // Where no day changes nearby, one day's room is not linked to another's.
    #expect(try initiator.rooms(atSecond: 86_400 * 20_000 + 43_200).count == 1)
  }
}
