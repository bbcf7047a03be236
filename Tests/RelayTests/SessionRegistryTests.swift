import Foundation
import Testing

@testable import Relay

@Suite("All sessions")
struct SessionRegistryTests {
  let start = RelayInstant(uptime: 5_000, unix: 1_700_000_000)
  let here = AddressKey(ipv4: 0x7F00_0001)

  func registry(_ change: (inout RelayLimits) -> Void = { _ in }) -> SessionRegistry<String> {
    var limits = RelayLimits()
    change(&limits)
    return SessionRegistry(limits: limits)
  }

  @Test("opens a session that is found by its code until its time is up")
  func openAndFind() throws {
    var registry = registry()
    var random = SeededGenerator(seed: 7)
    let (ticket, handle) = try registry.open(from: here, at: start, using: &random) { $0.code.text }
    #expect(handle == ticket.code.text)
    #expect(ticket.identifier.count == 16)
    #expect(ticket.expires.unix == 1_700_001_800)
    let last = start.advanced(byNanoseconds: 1_800_000_000_000 - 1)
    #expect(registry.find(ticket.code.text, at: last) == handle)
    #expect(registry.find(ticket.code.text, at: last.advanced(byNanoseconds: 1)) == nil)
    registry.remove(ticket.code)
    #expect(registry.find(ticket.code.text, at: start) == nil)
    #expect(registry.find("ZZZZZZZZ", at: start) == nil)
    #expect(registry.find("", at: start) == nil)
  }

  @Test("begins every code with the label of its shard", arguments: ["A", "9", "K7"])
  func codesBeginWithTheShard(text: String) throws {
    let label = try #require(ShardLabel(text))
    var registry = SessionRegistry<String>(limits: RelayLimits(), shard: label)
    var random = SeededGenerator(seed: 11)
    var rest: [Set<Character>] = Array(repeating: [], count: SessionCode.length - text.count)
    for _ in 0..<500 {
      let code = try registry.open(from: nil, at: start, using: &random) { _ in "" }.ticket.code
      #expect(code.text.hasPrefix(text))
      #expect(SessionCode(code.text) == code)
      for (place, character) in code.text.dropFirst(text.count).enumerated() { rest[place].insert(character) }
    }
    // A character that never came in 500 draws: a chance of 32·7·(31/32)^500, 3e-5, and the seed is fixed.
    #expect(rest.allSatisfy { $0.count == SessionCode.alphabet.count })
  }

  @Test("knows what is no label of a shard", arguments: ["", "I", "O", "0", "1", "a", "ABC", "Ä", "A "])
  func noLabel(text: String) {
    #expect(ShardLabel(text) == nil)
  }

  @Test("never uses a code twice, not even that of a session that is over")
  func codesAreUsedOnce() throws {
    var registry = registry()
    let first: UInt64 = 0x1234_5678_9A00_0000
    var random = ScriptedGenerator([first, 0, 0, first, first, 0x5555_5555_5500_0000, 0, 0])
    let one = try registry.open(from: nil, at: start, using: &random) { _ in "" }.ticket
    registry.remove(one.code)
    let two = try registry.open(from: nil, at: start, using: &random) { _ in "" }.ticket
    #expect(one.code != two.code)
    #expect(random.index == 8)
    var stuck = ScriptedGenerator([first])
    #expect(throws: SessionRefusal.noFreshCode) {
      try registry.open(from: nil, at: start, using: &stuck) { _ in "" }
    }
  }

  @Test("limits what one address opens in an hour, and no other address with it")
  func addressQuota() throws {
    var registry = registry { $0.sessionsPerAddressHour = 2 }
    var random = SeededGenerator(seed: 8)
    for _ in 0..<2 { _ = try registry.open(from: here, at: start, using: &random) { _ in "" } }
    let later = start.advanced(byNanoseconds: 600_000_000_000)
    #expect(throws: SessionRefusal.addressQuota(limit: 2, retryAfterSeconds: 3_000)) {
      try registry.open(from: here, at: later, using: &random) { _ in "" }
    }
    _ = try registry.open(from: AddressKey(ipv4: 1), at: later, using: &random) { _ in "" }
    let nextHour = start.advanced(byNanoseconds: AddressQuota.hour)
    _ = try registry.open(from: here, at: nextHour, using: &random) { _ in "" }
  }

  @Test("limits how many are open")
  func openSessions() throws {
    var registry = registry { $0.openSessions = 1 }
    var random = SeededGenerator(seed: 9)
    let ticket = try registry.open(from: here, at: start, using: &random) { _ in "" }.ticket
    #expect(throws: SessionRefusal.tooManyOpen(limit: 1)) {
      try registry.open(from: here, at: start, using: &random) { _ in "" }
    }
    registry.remove(ticket.code)
    _ = try registry.open(from: here, at: start, using: &random) { _ in "" }
  }

  @Test("says which sessions need a look, and when")
  func deadlines() throws {
    var registry = registry()
    var random = SeededGenerator(seed: 10)
    let one = try registry.open(from: here, at: start, using: &random) { $0.code.text }
    let two = try registry.open(from: here, at: start, using: &random) { $0.code.text }
    let soon = start.advanced(byNanoseconds: 60)
    registry.watch(two.ticket.code, until: soon.uptime)
    #expect(registry.nextDeadline == soon.uptime)
    #expect(registry.due(at: start).isEmpty)
    #expect(registry.due(at: soon) == [two.handle])
    #expect(registry.due(at: soon).isEmpty)
    #expect(Set(registry.due(at: one.ticket.expires)) == [one.handle, two.handle])
    #expect(registry.nextDeadline == nil)
  }

  @Test("forgets the deadlines of sessions that ended early")
  func deadlinesDoNotPileUp() throws {
    var registry = registry { $0.sessionsPerAddressHour = 1 << 30 }
    var random = SeededGenerator(seed: 11)
    let survivor = try registry.open(from: here, at: start, using: &random) { _ in "survivor" }
    for _ in 0..<5_000 {
      registry.remove(try registry.open(from: here, at: start, using: &random) { _ in "" }.ticket.code)
    }
    #expect(registry.count == 1)
    #expect(registry.queuedDeadlines <= 1_027)
    #expect(registry.due(at: survivor.ticket.expires) == ["survivor"])
  }
}

@Suite("Codes, addresses, queues")
struct SmallPartsTests {
  @Test("a code is eight characters of the alphabet and reads back")
  func codeText() throws {
    var random = SeededGenerator(seed: 12)
    for _ in 0..<200 {
      let code = SessionCode.random(using: &random)
      #expect(code.text.utf8.count == 8)
      #expect(code.text.utf8.allSatisfy { "ABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8.contains($0) })
      #expect(SessionCode(code.text) == code)
      #expect(code.redacted == code.text.prefix(2) + "…")
    }
    for bad in ["", "AAAAAAA", "AAAAAAAAA", "AAAAAAA0", "aaaaaaaa", "AAAAAAAÄ", "AAAA AAA", "IIIIIIII"] {
      #expect(SessionCode(bad) == nil, "\(bad)")
    }
  }

  @Test("every character of a code is equally likely at every place")
  func codeIsUnbiased() {
    var random = SeededGenerator(seed: 13)
    var counts = Array(repeating: [UInt8: Int](), count: 8)
    let draws = 32_000
    for _ in 0..<draws {
      for (place, character) in SessionCode.random(using: &random).text.utf8.enumerated() {
        counts[place][character, default: 0] += 1
      }
    }
    for place in counts {
      #expect(place.count == 32)
      let expected = Double(draws) / 32
      let chiSquare = place.values.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
      // 31 degrees of freedom: 61.1 is exceeded once in a thousand; the seed is fixed.
      #expect(chiSquare < 61.1)
    }
  }

  @Test("an address is an IPv4 address or an IPv6 /64")
  func addressKeys() {
    func v6(_ head: [UInt8], _ tail: [UInt8]) -> AddressKey? {
      AddressKey(ipv6: head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail)
    }
    #expect(v6([0x20, 1, 0xD, 0xB8, 0, 0, 0, 1], [1]) == v6([0x20, 1, 0xD, 0xB8, 0, 0, 0, 1], [2, 2]))
    #expect(v6([0x20, 1, 0xD, 0xB8, 0, 0, 0, 1], [1]) != v6([0x20, 1, 0xD, 0xB8, 0, 0, 0, 2], [1]))
    #expect(v6([], [0xFF, 0xFF, 127, 0, 0, 1]) == AddressKey(ipv4: 0x7F00_0001))
    #expect(v6([], [0xFF, 0xFF, 127, 0, 0, 1]) != v6([], [1]))
    #expect(AddressKey(ipv6: [1, 2, 3]) == nil)
  }

  @Test("the address table stays bounded and forgets the oldest hour first")
  func quotaIsBounded() {
    var quota = AddressQuota(limit: 1, capacity: 4)
    for address in 0..<10_000 as Range<UInt32> {
      #expect(quota.admit(AddressKey(ipv4: address), at: Int64(address)) == nil)
      #expect(quota.trackedAddresses(at: Int64(address)) <= 4)
      #expect(quota.places <= 256)
    }
    #expect(quota.admit(AddressKey(ipv4: 9_999), at: 10_000) != nil)
    #expect(quota.admit(AddressKey(ipv4: 0), at: 10_000) == nil)
    #expect(quota.admit(AddressKey(ipv4: 9_999), at: 10_000 + AddressQuota.hour) == nil)
    #expect(quota.trackedAddresses(at: 10_000 + AddressQuota.hour) == 1)
  }

  @Test("the address table has a fixed size, and few addresses take little of it")
  func quotaMemory() {
    var quota = AddressQuota(limit: 1, capacity: 65_536)
    #expect(quota.places == 0)
    for address in 0..<10 as Range<UInt32> { #expect(quota.admit(AddressKey(ipv4: address), at: 0) == nil) }
    #expect(quota.places <= 10 * 256)
    #expect(quota.trackedAddresses(at: 0) == 10)
    for address in 0..<10 as Range<UInt32> {
      #expect(quota.wait(of: AddressKey(ipv4: address), at: 1) == AddressQuota.hour - 1)
      #expect(quota.admit(AddressKey(ipv4: address), at: 1) == AddressQuota.hour - 1)
    }
    for address in 0..<400_000 as Range<UInt32> { _ = quota.admit(AddressKey(ipv4: address), at: 2) }
    #expect(quota.places == 65_536)
    #expect(quota.trackedAddresses(at: 3) == 65_536)
    #expect(quota.trackedAddresses(at: 2 + AddressQuota.hour) == 0)
  }

  @Test("thousands of addresses are told apart exactly")
  func quotaOfMany() {
    var quota = AddressQuota(limit: 3, per: AddressQuota.minute)
    var refused = 0
    for round in 1...4 as ClosedRange<Int64> {
      for address in 0..<2_000 as Range<UInt32> where quota.admit(AddressKey(ipv4: address), at: round) != nil {
        #expect(round == 4)
        refused += 1
      }
    }
    #expect(refused == 2_000)
  }

  @Test("used codes are remembered for at least a generation")
  func usedCodes() {
    var used = UsedCodes(generation: 10)
    var random = SeededGenerator(seed: 14)
    let codes = (0..<100).map { _ in SessionCode.random(using: &random) }
    for (index, code) in codes.enumerated() {
      used.insert(code)
      for recent in codes[max(0, index - 10)...index] { #expect(used.contains(recent)) }
    }
    #expect(!used.contains(codes[0]))
  }

  @Test("used codes take the same memory from the first to the last, and leave fresh ones to draw")
  func usedCodesMemory() throws {
    var used = UsedCodes(generation: 1 << 12)
    var random = SeededGenerator(seed: 15)
    var draws = 0
    for _ in 0..<1 << 14 {
      var code = SessionCode.random(using: &random)
      draws += 1
      for _ in 0..<100 where used.contains(code) {
        code = .random(using: &random)
        draws += 1
      }
      try #require(!used.contains(code))
      used.insert(code)
      #expect(used.byteCount == 4_096)
    }
    #expect(draws < 2 << 14)
  }

  @Test("deadlines come out in order", arguments: 0..<5 as Range<UInt64>)
  func deadlineOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = DeadlineQueue<SessionCode>()
    var expected: [Int64] = []
    for _ in 0..<500 {
      let deadline = Int64.random(in: 0..<100, using: &random)
      expected.append(deadline)
      queue.insert(.random(using: &random), at: deadline)
    }
    var popped: [Int64] = []
    while let earliest = queue.earliest {
      #expect(queue.popDue(at: earliest - 1) == nil)
      popped.append(earliest)
      #expect(queue.popDue(at: earliest) != nil)
    }
    #expect(popped == expected.sorted(), "seed \(seed)")
  }

  @Test("a client is pinged every interval and given up after two misses")
  func heartbeat() {
    var silent = Heartbeat(interval: 20, misses: 2, now: 0)
    #expect([19, 20, 39, 40, 59].map { silent.tick(at: $0) } == [.quiet, .ping, .quiet, .ping, .quiet])
    #expect(silent.tick(at: 60) == .gone)

    var answering = Heartbeat(interval: 20, misses: 2, now: 0)
    for round in 1...100 as ClosedRange<Int64> {
      #expect(answering.tick(at: round * 20) == .ping)
      answering.heard()
    }
    var forgetful = Heartbeat(interval: 20, misses: 2, now: 0)
    for round in 1...100 as ClosedRange<Int64> {
      #expect(forgetful.tick(at: round * 20) == .ping)
      if round % 2 == 0 { forgetful.heard() }
    }
  }

  @Test("base64 writes and measures as RFC 4648 has it")
  func base64() {
    let vectors = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=", "foobar": "Zm9vYmFy",
    ]
    for (plain, encoded) in vectors {
      #expect(Base64.encode(Array(plain.utf8)) == encoded)
      #expect(Base64.decodedCount(Array(encoded.utf8)) == plain.utf8.count)
    }
    #expect(Base64.encode([0xFB, 0xFF, 0xBF]) == "+/+/")
    for bad in ["Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zm-_", "=Zm9", "Zg==Zg=="] {
      #expect(Base64.decodedCount(Array(bad.utf8)) == nil, "\(bad)")
    }
  }

  @Test("targets are understood exactly")
  func routes() {
    #expect(Route(target: "/") == .page)
    #expect(Route(target: "/?a=/b") == .page)
    #expect(Route(target: "/healthz") == .health)
    #expect(Route(target: "/metrics") == .metrics)
    #expect(Route(target: "/session") == .newSession)
    #expect(Route(target: "/session/AB") == .session(code: "AB"))
    #expect(Route(target: "/ws/AB/alice?x") == .socket(code: "AB", role: "alice"))
    #expect(Route(target: "/rooms/lab") == .room(name: "lab", ticket: nil))
    #expect(Route(target: "/rooms/?ticket=") == .room(name: "", ticket: ""))
    #expect(Route(target: "/rooms/lab?a=b&ticket=c=d&ticket=e#ticket=f") == .room(name: "lab", ticket: "c=d"))
    #expect(Route(target: "/rooms/lab?tickets=c#?ticket=d") == .room(name: "lab", ticket: nil))
    #expect(Route(target: "/rooms/lab?ticket") == .room(name: "lab", ticket: nil))
    #expect(Route(target: "/rooms/lab?&&ticket=&") == .room(name: "lab", ticket: ""))
    #expect(Route(target: "/ws/A\u{301}\u{1F600}/b\u{308}") == .socket(code: "A\u{301}\u{1F600}", role: "b\u{308}"))
    // A mark that would join the sign before it to one character, for whoever reads characters.
    #expect(Route(target: "/session/\u{301}A?\u{301}b") == .session(code: "\u{301}A"))
    for other in [
      "/rooms", "/rooms/a/b", "", "*", "//", "/ws", "/ws/a", "/ws/a/b/c", "/session/a/b", "/sessions",
      "http://x/session", "session",
    ] {
      #expect(Route(target: other) == .unknown, "\(other)")
    }
  }

  @Test("limits are checked in one place, each by name")
  func limits() async throws {
    try RelayLimits().validate()
    let bad: [(String, (inout RelayLimits) -> Void)] = [
      ("messageBytes", { $0.messageBytes = 0 }), ("messageBytes", { $0.messageBytes = 1 << 40 }),
      ("sessionBytes", { $0.sessionBytes = 10 }), ("sessionMessages", { $0.sessionMessages = 0 }),
      ("extraFrames", { $0.extraFrames = -1 }), ("aloneTime", { $0.aloneTime = .zero }),
      ("sessionTime", { $0.sessionTime = .seconds(1 << 40) }),
      ("sessionsPerAddressHour", { $0.sessionsPerAddressHour = 0 }), ("openSessions", { $0.openSessions = 0 }),
      ("openConnections", { $0.openConnections = 0 }), ("sendQueueBytes", { $0.sendQueueBytes = 65_536 }),
      ("sendQueueBytes", { $0.keptMessages = 5_000 }), ("keptBytes", { $0.keptBytes = -1 }),
      ("requestHeadBytes", { $0.requestHeadBytes = 1 }), ("requestBodyBytes", { $0.requestBodyBytes = -1 }),
      ("requestTime", { $0.requestTime = .seconds(-1) }), ("pingInterval", { $0.pingInterval = .nanoseconds(1) }),
      ("pingMisses", { $0.pingMisses = 0 }), ("closeTime", { $0.closeTime = .zero }),
      ("roomTime", { $0.roomTime = .zero }), ("roomAgents", { $0.roomAgents = 0 }),
      ("roomAgentsPerAddress", { $0.roomAgentsPerAddress = 0 }), ("rooms", { $0.rooms = 0 }),
      ("roomMessages", { $0.roomMessages = -1 }), ("rematchTime", { $0.rematchTime = .seconds(-1) }),
      ("roomTicketTime", { $0.roomTicketTime = .zero }), ("roomTickets", { $0.roomTickets = 0 }),
      ("lookupsPerAddressMinute", { $0.lookupsPerAddressMinute = 0 }),
      ("connectionsPerAddress", { $0.connectionsPerAddress = 0 }), ("drainTime", { $0.drainTime = .seconds(-1) }),
    ]
    for (name, change) in bad {
      var limits = RelayLimits()
      change(&limits)
      let error = await caught(as: RelayLimitsError.self) { try limits.validate() }
      #expect(error?.limit == name)
      #expect(error?.description.contains("set it inside that range") == true)
    }
  }

  @Test("every limit can be named, found and set")
  func limitTable() {
    let fields = Mirror(reflecting: RelayLimits()).children.compactMap(\.label)
    #expect(RelayLimit.all.map(\.name) == fields)
    for limit in RelayLimit.all {
      var limits = RelayLimits()
      switch limit.value {
      case .count(let path): limits[keyPath: path] += 1
      case .time(let path): limits[keyPath: path] += .seconds(1)
      }
      let changed = zip(Mirror(reflecting: RelayLimits()).children, Mirror(reflecting: limits).children)
        .filter { "\($0.value)" != "\($1.value)" }.map(\.0.label)
      #expect(changed == [limit.name])
    }
  }

  @Test("connections have to fit into the limit of open files, which is raised for them up to the hard limit")
  func descriptorLimit() {
    let reserve = rlim_t(DescriptorLimit.reserve)
    for (soft, hard, raised, connections) in [
      (1_024, 524_288, 1_000 + reserve, 1_000), (1_024, 1_024, 1_024, 960),
      (1_000 + reserve, .max, 1_000 + reserve, 1_000),
      (100_000, .max, 100_000, 1_000), (.max, .max, .max, 1_000), (20, 20, 20, 1), (reserve, 65, 65, 1),
    ] as [(rlim_t, rlim_t, rlim_t, Int)] {
      let limit = DescriptorLimit.softLimit(forConnections: 1_000, soft: soft, hard: hard)
      #expect(limit == raised, "\(soft) \(hard)")
      #expect(DescriptorLimit.connections(wanted: 1_000, soft: limit) == connections, "\(soft) \(hard)")
    }
  }

  @Test("texts in JSON are escaped")
  func jsonText() {
    #expect(JSONText.string("a\"b\\c\n\u{1}é") == #""a\"b\\c\u000a\u0001é""#)
    #expect(JSONText.seconds(1_700_000_000.25) == "1700000000.25")
    #expect(
      JSONText.message(OutboundMessage<Never>.pong(unix: 2))
        == #"{"type":"pong","proto":"TACCV2","ver":4,"payload":{"t":2.0}}"#)
  }
}
