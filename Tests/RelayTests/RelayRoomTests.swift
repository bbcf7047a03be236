import Foundation
import Testing

@testable import Relay

extension OverTheNetwork {
  @Suite("Rooms")
  struct RelayRoomTests {
    static let waiting = #"{"type":"waiting","proto":"TACCV2","ver":4,"payload":{}}"#

    /// A connection that entered a room; that it waits was read.
    func enter(_ port: Int, _ room: String) async throws -> RawClient {
      let client = try await RawClient(port: port)
      #expect(await client.request("GET", "/rooms/\(room)", headers: RawClient.upgrade)?.status == 101)
      #expect(await client.message()?.text == Self.waiting)
      return client
    }

    struct Match: Decodable {
      struct Payload: Decodable {
        var session_code: String
        var role: String
        var session_id_b64: String
        var expires_at: Double
        var ticket: String
      }
      var type: String
      var payload: Payload
    }

    func match(_ client: RawClient) async throws -> Match.Payload {
      let text = try #require(await client.message()?.text)
      let match = try JSONDecoder().decode(Match.self, from: Data(text.utf8))
      #expect(match.type == "matched")
      return match.payload
    }

    /// Closes as a client does that goes on in its session.
    func leave(_ client: RawClient) async {
      client.sendFrame([0x03, 0xE8], opcode: 8)
      #expect(await client.untilClosed().code == 1000)
    }

    @Test("two are matched, a third waits, and the session goes on as any other", arguments: [1, 2])
    func matching(threads: Int) async throws {
      try await withRelay(threads: threads) { port in
        let (one, two) = (try await enter(port, "lab"), try await enter(port, "lab"))
        let three = try await enter(port, "lab")
        let (first, second) = (try await match(one), try await match(two))
        #expect(first.session_code == second.session_code && first.session_id_b64 == second.session_id_b64)
        #expect([first.role, second.role] == ["alice", "bob"])
        #expect(first.expires_at == second.expires_at)
        #expect(abs(first.expires_at - Date().timeIntervalSince1970 - 1_800) < 60)
        #expect(first.ticket != second.ticket)
        await leave(one)
        await leave(two)
        #expect(await three.settle() == [], "the third waits")

        let alice = try await RawClient.join(port: port, first.session_code, "alice")
        let bob = try await RawClient.join(port: port, second.session_code, "bob")
        #expect(await alice.message()?.text.contains("peer_joined") == true)
        alice.sendText(#"{"type":"packet"}"#)
        #expect(await bob.message()?.text == relayed(#"{"type":"packet"}"#, from: "alice"))
      }
    }

    @Test("an agent leaves a room by closing")
    func leaving() async throws {
      try await withRelay { port in
        await leave(try await enter(port, "lab"))
        let (two, three) = (try await enter(port, "lab"), try await enter(port, "lab"))
        let (first, second) = (try await match(two), try await match(three))
        #expect(first.session_code == second.session_code)
      }
    }

    @Test("two that were matched and return with their tickets meet again when they are alone")
    func tickets() async throws {
      try await withRelay({ $0.rematchTime = .milliseconds(50) }) { port in
        let (one, two) = (try await enter(port, "lab"), try await enter(port, "lab"))
        let (first, second) = (try await match(one), try await match(two))
        let again = try await enter(port, "lab?ticket=\(first.ticket)")
        let partner = try await enter(port, "lab?x=y&ticket=\(second.ticket)")
        let (third, fourth) = (try await match(again), try await match(partner))
        #expect(third.session_code == fourth.session_code)
        #expect(third.session_code != first.session_code)
      }
    }

    @Test("with tickets, a stranger comes before the partner one had")
    func stranger() async throws {
      try await withRelay({ $0.rematchTime = .seconds(300) }) { port in
        let (one, two) = (try await enter(port, "lab"), try await enter(port, "lab"))
        let (first, second) = (try await match(one), try await match(two))
        let again = try await enter(port, "lab?ticket=\(first.ticket)")
        let partner = try await enter(port, "lab?ticket=\(second.ticket)")
        #expect(await again.settle() == [])
        #expect(await partner.settle() == [])
        let stranger = try await enter(port, "lab?ticket=no%20ticket")
        #expect(try await match(again).session_code == match(stranger).session_code)
        #expect(await partner.settle() == [])
      }
    }

    @Test("a matched agent that does not close is closed soon")
    func lingering() async throws {
      try await withRelay({ $0.closeTime = .milliseconds(50) }) { port in
        let (one, two) = (try await enter(port, "lab"), try await enter(port, "lab"))
        for client in [one, two] {
          _ = try await match(client)
          let (errors, code) = await client.untilClosed()
          #expect(errors == [])
          #expect(code == 1000)
        }
      }
    }

    @Test("a room answers ping, and anything else with an error; the wait goes on")
    func messages() async throws {
      try await withRelay { port in
        let one = try await enter(port, "lab")
        for text in [#"{"type":"packet"}"#, #"{"type":"bye"}"#, "[]", "{", #"{"type":"waiting"}"#] {
          one.sendText(text)
          #expect(await one.message()?.text.hasPrefix(#"{"type":"error","proto":"TACCV2","ver":4"#) == true)
        }
        one.sendFrame([1], opcode: 2)
        #expect(await one.message()?.text.contains("binary") == true)
        #expect(await one.settle() == [])
        let two = try await enter(port, "lab")
        #expect(try await match(one).session_code == match(two).session_code)
        let three = try await enter(port, "lab")
        three.sendFrame([0xFF])
        #expect(await three.untilClosed().code == 1007)
      }
    }

    @Test("names that are none are refused, and so is what is no WebSocket, alike in every room")
    func refusals() async throws {
      try await withRelay { port in
        for name in ["", "a%20b", "a~b", String(repeating: "x", count: 65)] {
          let refused = try await RawClient(port: port).request("GET", "/rooms/\(name)", headers: RawClient.upgrade)
          #expect(refused?.status == 400, "\(name)")
          #expect(refused?.body.contains("room name") == true)
        }
        _ = try await enter(port, "taken")
        let taken = try await RawClient(port: port).request("GET", "/rooms/taken")
        let empty = try await RawClient(port: port).request("GET", "/rooms/empty")
        #expect(taken?.status == 426 && taken?.body == empty?.body)
        #expect(try await RawClient(port: port).request("POST", "/rooms/taken")?.status == 405)
      }
    }

    // MARK: Limits

    @Test("roomTime")
    func roomTime() async throws {
      try await withRelay({ $0.roomTime = .milliseconds(100) }) { port in
        await expectClosed(try await enter(port, "lab"), 1008, "roomTime")
      }
    }

    @Test("roomMessages")
    func roomMessages() async throws {
      try await withRelay({ $0.roomMessages = 2 }) { port in
        let one = try await enter(port, "lab")
        #expect(await one.settle() == [])
        #expect(await one.settle() == [])
        one.sendText(#"{"type":"ping"}"#)
        await expectClosed(one, 1008, "roomMessages")
      }
    }

    @Test("rooms and roomAgentsPerAddress")
    func places() async throws {
      try await withRelay({ $0.rooms = 1 }) { port in
        _ = try await enter(port, "one")
        let (client, response) = try await refused(port, "two")
        #expect(response?.status == 101)
        await expectClosed(client, 1013, "rooms")
      }
      try await withRelay({ $0.roomAgentsPerAddress = 1 }) { port in
        let one = try await enter(port, "one")
        await expectClosed(try await refused(port, "two").client, 1008, "roomAgentsPerAddress")
        let two = try await enter(port, "one")
        #expect(try await match(one).session_code == match(two).session_code)
      }
    }

    @Test("sessionsPerAddressHour")
    func sessions() async throws {
      try await withRelay({ $0.sessionsPerAddressHour = 1 }) { port in
        _ = try await RawClient(port: port).newSession()
        let one = try await enter(port, "lab")
        _ = try await enter(port, "lab")
        await expectClosed(one, 1008, "sessionsPerAddressHour")
      }
    }

    @Test("a relay that stops says so to those who wait")
    func stopping() async throws {
      let server = RelayServer(configuration: RelayConfiguration(port: 0), logger: RelayLifecycleTests.quiet)
      let port = try await server.start().boundPort
      let one = try await enter(port, "lab")
      async let stopped: Void = server.shutdown()
      #expect(await one.untilClosed().code == 1001)
      await stopped
    }

    private func refused(_ port: Int, _ room: String) async throws -> (client: RawClient, response: RawClient.Response?)
    {
      let client = try await RawClient(port: port)
      return (client, await client.request("GET", "/rooms/\(room)", headers: RawClient.upgrade))
    }
  }
}
