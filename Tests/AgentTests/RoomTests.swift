import Logging
import Relay
import RelayLink
import Testing

/// The client of rooms against the relay's own, which otherwise know each other from the protocol only.
@Suite("Rooms, from both ends", .serialized, .timeLimit(.minutes(2)))
struct RoomTests {
  /// Runs `body` against a relay of its own on a free port of the loopback address.
  private func withRelay(
    _ change: (inout RelayLimits) -> Void = { _ in }, _ body: (RelayEndpoint) async throws -> Void
  ) async throws {
    var configuration = RelayConfiguration(port: 0)
    change(&configuration.limits)
    let server = RelayServer(
      configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let port = try await server.start().boundPort
    do {
      try await body(try RelayEndpoint("ws://127.0.0.1:\(port)"))
    } catch {
      await server.shutdown(gracefully: false)
      throw error
    }
    await server.shutdown(gracefully: false)
  }

  /// Two agents in one room; both matches, alice's first.
  private func matchTwo(
    at relay: RelayEndpoint, tickets: (String?, String?) = (nil, nil)
  ) async throws -> (alice: RelayMatch, bob: RelayMatch) {
    async let one = waitForMatch(at: relay, room: "lab", ticket: tickets.0)
    async let two = waitForMatch(at: relay, room: "lab", ticket: tickets.1)
    let matches = try await [one, two]
    return (
      try #require(matches.first { $0.role == .alice }), try #require(matches.first { $0.role == .bob })
    )
  }

  @Test("two agents are matched in opposite roles and go on in one session")
  func matched() async throws {
    try await withRelay { relay in
      let (alice, bob) = try await matchTwo(at: relay)
      #expect(alice.session.sessionCode == bob.session.sessionCode)
      #expect(alice.session.sessionID == bob.session.sessionID)
      #expect(alice.ticket != nil && bob.ticket != nil && alice.ticket != bob.ticket)

      let code = alice.session.sessionCode
      let first = try await RelayConnection.open(endpoint: relay, sessionCode: code, role: alice.role)
      let second = try await RelayConnection.open(endpoint: relay, sessionCode: code, role: bob.role)
      #expect(first.session.sessionID == alice.session.sessionID)
      try first.send(packet: [1, 2, 3])
      var received: [UInt8]?
      for await event in second.events {
        if case .packet(let bytes) = event {
          received = bytes
          break
        }
      }
      #expect(received == [1, 2, 3])
      await first.close()
      await second.close()
    }
  }

  @Test("of three agents one waits until a fourth comes; a wait can be called off")
  func third() async throws {
    try await withRelay { relay in
      try await withThrowingTaskGroup(of: RelayMatch.self) { group in
        for _ in 0..<3 { group.addTask { try await waitForMatch(at: relay, room: "lab") } }
        let two = [try await group.next(), try await group.next()].compactMap { $0 }
        #expect(two.count == 2)
        #expect(Set(two.map(\.session.sessionCode)).count == 1)
        #expect(Set(two.map(\.role)) == [.alice, .bob])

        let fourth = try await waitForMatch(at: relay, room: "lab")
        let third = try await group.next()
        #expect(third?.session.sessionCode == fourth.session.sessionCode)
        #expect(third?.session.sessionCode != two.first?.session.sessionCode)
        #expect(third?.role == .alice && fourth.role == .bob, "whoever came first is alice")

        group.addTask { try await waitForMatch(at: relay, room: "lab") }
        group.cancelAll()
        await #expect(throws: RelayLinkError.cancelled) { _ = try await group.next() }
      }
    }
  }

  @Test("two whose attempt failed return with their tickets and are matched anew")
  func again() async throws {
    try await withRelay({ $0.rematchTime = .milliseconds(50) }) { relay in
      let (alice, bob) = try await matchTwo(at: relay)
      let again = try await matchTwo(at: relay, tickets: (alice.ticket, bob.ticket))
      #expect(again.alice.session.sessionCode == again.bob.session.sessionCode)
      #expect(again.alice.session.sessionCode != alice.session.sessionCode)
    }
  }

  @Test("a wait that the relay ends says which limit it was")
  func waitEnds() async throws {
    try await withRelay({ $0.roomTime = .milliseconds(50) }) { relay in
      let error = await #expect(throws: RelayLinkError.self) { try await waitForMatch(at: relay, room: "lab") }
      guard case .closedWhileJoining(code: 1008, let reason) = error else {
        Issue.record("expected closedWhileJoining with 1008, got \(String(describing: error))")
        return
      }
      #expect(reason.contains("limit roomTime"))
    }
  }
}
