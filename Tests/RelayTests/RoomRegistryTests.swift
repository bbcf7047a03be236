import Testing

@testable import Relay

@Suite("All rooms")
struct RoomRegistryTests {
  typealias Registry = RoomRegistry<String>

  /// Rooms together with the sessions they lead to, a clock and a source of randomness.
  struct Relay {
    var rooms: Registry
    var sessions: SessionRegistry<Int>
    var random = SeededGenerator(seed: 3)

    init(_ change: (inout RelayLimits) -> Void = { _ in }) {
      var limits = RelayLimits()
      change(&limits)
      rooms = Registry(limits: limits)
      sessions = SessionRegistry(limits: limits)
    }

    mutating func handle(_ event: Registry.Event, in room: String, at seconds: Double = 0) throws -> [Registry.Action] {
      let room = try #require(RoomName(room))
      let now = Self.at(seconds)
      var codes = random
      defer { _ = random.next() }
      return rooms.handle(event, in: room, at: now, using: &random) { first, second in
        Result { () throws(MatchRefusal) in
          try sessions.open(from: first, and: second, at: now, using: &codes) { _ in 0 }.ticket
        }
      }
    }

    mutating func join(
      _ peer: String, _ room: String = "lab", ticket: RoomTicket? = nil, from address: UInt32? = nil,
      at seconds: Double = 0
    ) throws -> [Registry.Action] {
      try handle(.join(peer, ticket: ticket, from: address.map { AddressKey(ipv4: $0) }), in: room, at: seconds)
    }

    mutating func due(at seconds: Double) -> [Registry.Action] {
      let now = Self.at(seconds)
      var codes = random
      return rooms.handleDue(at: now, using: &random) { first, second in
        Result { () throws(MatchRefusal) in
          try sessions.open(from: first, and: second, at: now, using: &codes) { _ in 0 }.ticket
        }
      }
    }

    static func at(_ seconds: Double) -> RelayInstant {
      RelayInstant(uptime: 1_000, unix: 1_700_000_000).advanced(byNanoseconds: Int64(seconds * 1e9))
    }
  }

  @Test("a match is a fresh session with opposite roles, a ticket for each, and the time to close")
  func match() throws {
    var relay = Relay()
    #expect(try relay.join("a") == [.send(.waiting, to: "a")])
    let actions = try relay.join("b", at: 1)
    let (a, b) = (try #require(actions.match(of: "a")), try #require(actions.match(of: "b")))
    #expect(
      actions == [
        .send(.waiting, to: "b"), .send(.matched(a.session, .alice, a.ticket), to: "a"), .awaitClose(of: "a"),
        .send(.matched(a.session, .bob, b.ticket), to: "b"), .awaitClose(of: "b"),
      ])
    #expect(a.ticket != b.ticket)
    #expect(relay.sessions.find(a.session.code.text, at: Relay.at(1)) != nil)
    #expect(relay.rooms.count == 0)
    #expect(relay.rooms.trackedAddresses == 0)
  }

  @Test("rooms know nothing of each other, also where names differ in case only")
  func separateRooms() throws {
    var relay = Relay()
    for room in ["lab", "Lab", "lab.", "la"] {
      #expect(try relay.join("in \(room)", room) == [.send(.waiting, to: "in \(room)")])
    }
    #expect(relay.rooms.count == 4)
    let left = try relay.handle(.leave("in lab"), in: "lab")
    #expect(left.isEmpty)
    #expect(relay.rooms.count == 3)
  }

  // MARK: Tickets

  @Test("tickets keep two apart for a while, then let them meet again")
  func tickets() throws {
    var relay = Relay()
    _ = try relay.join("a")
    let first = try relay.join("b")
    let (a, b) = (try #require(first.match(of: "a")), try #require(first.match(of: "b")))
    #expect(try relay.join("a2", ticket: a.ticket, at: 10) == [.send(.waiting, to: "a2")])
    #expect(try relay.join("b2", ticket: b.ticket, at: 11) == [.send(.waiting, to: "b2")])
    #expect(relay.rooms.nextDeadline == Relay.at(13).uptime)
    #expect(relay.due(at: 12.9).isEmpty)
    let again = relay.due(at: 13)
    let a2 = try #require(again.match(of: "a2"))
    #expect(again.match(of: "b2")?.session == a2.session)
    #expect(a2.session.code != a.session.code)
    #expect(a2.ticket != a.ticket)
  }

  @Test("a new ticket remembers the partners of the old one too")
  func ticketsAddUp() throws {
    var relay = Relay()
    // a gets s, then s gets b; when s and a return they do not get each other, though s shows its second ticket only.
    _ = try relay.join("s")
    let one = try relay.join("a")
    _ = try relay.join("b", at: 1)
    let two = try relay.join("s2", ticket: one.match(of: "s")?.ticket, at: 2)
    #expect(two.match(of: "b") != nil)
    _ = try relay.join("s3", ticket: two.match(of: "s2")?.ticket, at: 3)
    #expect(try relay.join("a2", ticket: one.match(of: "a")?.ticket, at: 3) == [.send(.waiting, to: "a2")])
    let three = try relay.join("b2", ticket: two.match(of: "b")?.ticket, at: 4)
    #expect(three.match(of: "a2") != nil && three.match(of: "b2") != nil)
  }

  @Test("a ticket is worth nothing in another room, after its time, or when nobody gave it")
  func worthlessTickets() throws {
    for (room, seconds, isForeign) in [("other", 1.0, false), ("lab", 600, false), ("lab", 1, true)] {
      var relay = Relay()
      _ = try relay.join("a")
      let first = try relay.join("b")
      var ticket = try #require(first.match(of: "a")?.ticket)
      if isForeign { ticket = .random(using: &relay.random) }
      _ = try relay.join("a2", room, ticket: ticket, at: seconds)
      #expect(try relay.join("b2", room, ticket: first.match(of: "b")?.ticket, at: seconds).match(of: "a2") != nil)
    }
    var relay = Relay()
    _ = try relay.join("a")
    let first = try relay.join("b")
    _ = try relay.join("a2", ticket: first.match(of: "a")?.ticket, at: 599.9)
    #expect(try relay.join("b2", ticket: first.match(of: "b")?.ticket, at: 599.9).match(of: "a2") == nil)
  }

  @Test("a ticket can be shown again by an agent whose connection broke while it waited")
  func ticketsAreNotUsedUp() throws {
    var relay = Relay()
    _ = try relay.join("a")
    let first = try relay.join("b")
    for attempt in ["a2", "a3"] {
      _ = try relay.join(attempt, ticket: first.match(of: "a")?.ticket, at: 1)
      _ = try relay.handle(.leave(attempt), in: "lab", at: 1)
    }
    _ = try relay.join("a4", ticket: first.match(of: "a")?.ticket, at: 1)
    #expect(try relay.join("b2", ticket: first.match(of: "b")?.ticket, at: 1) == [.send(.waiting, to: "b2")])
  }

  @Test("tickets are remembered up to their number, the oldest is forgotten first, the expired cost nothing")
  func ticketBook() throws {
    var book = TicketBook(lifetime: 100, capacity: 4)
    var random = SeededGenerator(seed: 4)
    let room = try #require(RoomName("lab"))
    let past = PastMatches().adding(1)
    let tickets = (0..<5_000).map { _ in book.issue(in: room, for: past, at: 0, using: &random) }
    #expect(book.count == 4)
    #expect(book.past(of: tickets[4_995], in: room, at: 0) == PastMatches())
    for ticket in tickets.suffix(4) {
      #expect(book.past(of: ticket, in: room, at: 99) == past)
      #expect(book.past(of: ticket, in: room, at: 100) == PastMatches())
    }
    _ = book.issue(in: room, for: past, at: 100, using: &random)
    #expect(book.count == 1)
  }

  @Test("past matches: the last common one counts, and only the last few are remembered")
  func pastMatches() {
    let one = (1...8 as ClosedRange<UInt64>).reduce(PastMatches()) { $0.adding($1) }
    #expect(one.last(with: PastMatches()) == nil)
    #expect(one.last(with: PastMatches().adding(3).adding(5)) == 5)
    #expect(one.adding(9).last(with: PastMatches().adding(1)) == nil)
    #expect(one.adding(9).last(with: PastMatches().adding(2)) == 2)
  }

  @Test("the text of a ticket is 32 hexadecimal digits and reads back")
  func ticketText() {
    var random = SeededGenerator(seed: 5)
    var seen: Set<String> = []
    for _ in 0..<200 {
      let ticket = RoomTicket.random(using: &random)
      #expect(ticket.text.utf8.count == 32 && ticket.text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
      #expect(RoomTicket(ticket.text) == ticket)
      seen.insert(ticket.text)
    }
    #expect(seen.count == 200)
    var scripted = ScriptedGenerator([0x0123_4567_89AB_CDEF, 0xF000_0000_0000_0001])
    #expect(RoomTicket.random(using: &scripted).text == "0123456789abcdeff000000000000001")
    let digits = String(repeating: "0", count: 31)
    for bad in ["", digits, digits + "00", digits + "A", digits + "g", digits + " ", digits + "é"] {
      #expect(RoomTicket(bad) == nil, "\(bad)")
    }
  }

  @Test("a room's name is 1 to 64 characters of A-Za-z0-9._-")
  func roomNames() {
    for good in ["a", "Z", "0", ".", "..", "a.b_c-D9", String(repeating: "x", count: 64)] {
      #expect(RoomName(good)?.text == good)
    }
    for bad in ["", "a b", "a%20b", "a/b", "ä", "a\u{301}", "a~", "a\0", String(repeating: "x", count: 65)] {
      #expect(RoomName(bad) == nil, "\(bad)")
    }
  }

  // MARK: Limits

  @Test("rooms: the last one is let in, one more is not; a room that empties makes place")
  func rooms() throws {
    var relay = Relay { $0.rooms = 2 }
    _ = try relay.join("a", "1")
    #expect(try relay.join("b", "2") == [.send(.waiting, to: "b")])
    let refused = try relay.join("c", "3")
    #expect(refused.first?.errorText?.contains("limit rooms") == true)
    #expect(refused.dropFirst() == [.close("c", CloseReason(code: 1013, text: "limit rooms"))])
    #expect(try relay.join("d", "1").match(of: "a") != nil, "no new room is needed for this")
    #expect(try relay.join("c", "3") == [.send(.waiting, to: "c")])
  }

  @Test("roomAgentsPerAddress: counts who waits, over all rooms, and forgets who does no longer")
  func addresses() throws {
    var relay = Relay { $0.roomAgentsPerAddress = 2 }
    _ = try relay.join("a", "1", from: 7)
    _ = try relay.join("b", "2", from: 7)
    let refused = try relay.join("c", "3", from: 7)
    #expect(refused.first?.errorText?.contains("limit roomAgentsPerAddress") == true)
    #expect(refused.dropFirst() == [.close("c", CloseReason(code: 1008, text: "limit roomAgentsPerAddress"))])
    #expect(try relay.join("d", "3", from: 8) == [.send(.waiting, to: "d")])
    #expect(try relay.join("e", "3", from: 7).match(of: "e") != nil, "who is matched at once does not wait")
    _ = try relay.handle(.leave("a"), in: "1")
    _ = try relay.handle(.leave("a"), in: "1")
    #expect(try relay.join("f", "3", from: 7) == [.send(.waiting, to: "f")])
    #expect(try relay.join("g", "4", from: 7).first?.errorText != nil)
    let expired = relay.due(at: 120)
    #expect(expired.filter { if case .close = $0 { true } else { false } }.count == 2)
    #expect(relay.rooms.count == 0)
    #expect(relay.rooms.trackedAddresses == 0)
  }

  @Test("sessionsPerAddressHour: a match counts for both addresses, once where they are one")
  func quota() throws {
    var relay = Relay { $0.sessionsPerAddressHour = 1 }
    _ = try relay.join("a", from: 1)
    #expect(try relay.join("b", from: 2).match(of: "a") != nil)
    var random = SeededGenerator(seed: 6)
    for address in [1, 2] as [UInt32] {
      #expect(throws: SessionRefusal.addressQuota(limit: 1, retryAfterSeconds: 3_600)) {
        try relay.sessions.open(from: AddressKey(ipv4: address), at: Relay.at(0), using: &random) { _ in 0 }
      }
    }
    _ = try relay.join("c", from: 3)
    #expect(try relay.join("d", from: 3).match(of: "c") != nil)
  }

  @Test("who is over the quota is told so; its partner keeps its place and gets the next")
  func quotaOfOne() throws {
    var relay = Relay { $0.sessionsPerAddressHour = 1 }
    _ = try relay.join("a", from: 1)
    _ = try relay.join("b", from: 2)
    // The newcomer has used up its quota: it goes, who waits stays.
    _ = try relay.join("c", from: 3)
    let late = try relay.join("d", from: 1)
    #expect(late.contains(.close("d", CloseReason(code: 1008, text: "limit sessionsPerAddressHour"))))
    #expect(late.contains { $0.errorText?.contains("limit sessionsPerAddressHour") == true })
    #expect(late.match(of: "c") == nil)
    #expect(try relay.join("e", from: 4).match(of: "c") != nil)
    // Who waits has used it up: it goes, the newcomer stays.
    _ = try relay.join("f", from: 1)
    let next = try relay.join("g", from: 5)
    #expect(next.contains(.close("f", CloseReason(code: 1008, text: "limit sessionsPerAddressHour"))))
    #expect(next.match(of: "g") == nil)
    #expect(try relay.join("h", from: 6).match(of: "g") != nil)
    #expect(relay.rooms.trackedAddresses == 0)
  }

  @Test("openSessions: the newcomer is sent away, who waits stays, and it ends")
  func openSessions() throws {
    var relay = Relay { $0.openSessions = 1 }
    _ = try relay.join("a", from: 1)
    let first = try relay.join("b", from: 2)
    let session = try #require(first.match(of: "a")?.session)
    _ = try relay.join("c", from: 3)
    let refused = try relay.join("d", from: 4)
    #expect(refused.contains(.close("d", CloseReason(code: 1013, text: "limit openSessions"))))
    relay.sessions.remove(session.code)
    #expect(try relay.join("e", from: 5).match(of: "c") != nil)
    // The same where two are to meet again.
    _ = try relay.join("a2", ticket: first.match(of: "a")?.ticket)
    _ = try relay.join("b2", ticket: first.match(of: "b")?.ticket)
    let again = relay.due(at: 2)
    #expect(again.contains(.close("b2", CloseReason(code: 1013, text: "limit openSessions"))))
    #expect(relay.rooms.count == 1)
  }

  @Test("rooms that come and go leave nothing behind")
  func nothingPilesUp() throws {
    var relay = Relay()
    _ = try relay.join("survivor", "survivor", from: 1)
    for number in 0..<5_000 {
      _ = try relay.join("x", "room\(number % 7)", from: UInt32(number))
      _ = try relay.handle(.leave("x"), in: "room\(number % 7)")
    }
    #expect(relay.rooms.count == 1)
    #expect(relay.rooms.trackedAddresses == 1)
    #expect(relay.rooms.queuedDeadlines <= 1_027)
    #expect(relay.due(at: 120).contains(.close("survivor", CloseReason(code: 1008, text: "limit roomTime"))))
    #expect(relay.rooms.nextDeadline == nil)
  }

  @Test("the texts are what the protocol has")
  func texts() throws {
    #expect(
      JSONText.message(OutboundMessage<Never>.waiting)
        == #"{"type":"waiting","proto":"TACCV2","ver":4,"payload":{}}"#)
    var relay = Relay()
    _ = try relay.join("a")
    let match = try #require(try relay.join("b").match(of: "a"))
    #expect(
      JSONText.message(OutboundMessage<Never>.matched(match.session, .alice, match.ticket))
        == #"{"type":"matched","proto":"TACCV2","ver":4,"payload":{"session_code":"\#(match.session.code.text)","#
        + #""role":"alice","session_id_b64":"\#(match.session.identifierBase64)","expires_at":1700001800.0,"#
        + #""ticket":"\#(match.ticket.text)"}}"#)
  }
}

extension [RoomRegistry<String>.Action] {
  /// What `peer` was told about its match.
  func match(of peer: String) -> (session: SessionTicket, ticket: RoomTicket)? {
    for case .send(.matched(let session, _, let ticket), to: peer) in self { return (session, ticket) }
    return nil
  }
}

extension RoomRegistry.Action {
  /// What an error that is sent says; `nil` for anything else.
  var errorText: String? {
    if case .send(.error(let text), _) = self { text } else { nil }
  }
}
