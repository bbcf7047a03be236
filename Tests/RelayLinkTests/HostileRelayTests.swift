import Platform
import Foundation
import Testing

@testable import RelayLink

extension LinkSuite {
  @Suite("Hostile relays and peers") struct Hostile {
    /// What the link reports when the relay, after hello, writes these bytes and ends.
    private func events(after bytes: [UInt8]) async throws -> [RelayEvent] {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        try peer.write(bytes)
        try? peer.send(Wire.packet([42]))
        try peer.send(close: 1000)
        try peer.readToEnd()
      }
      defer { relay.stop() }
      return await (try open(relay)).remainingEvents()
    }

    @Test(
      "A malformed message is reported and the connection goes on",
      arguments: [
        ScriptedPeer.frame("not json"), ScriptedPeer.frame(""), ScriptedPeer.frame([0xFF, 0xFE]),
        ScriptedPeer.frame("[1,2]"), ScriptedPeer.frame(String(repeating: "[", count: 60_000)),
        ScriptedPeer.frame([1, 2, 3], opcode: 2), ScriptedPeer.frame([], opcode: 2),
        ScriptedPeer.frame(Wire.relayed(#"{"type":"packet","payload":{"data_b64":"!"}}"#)),
        ScriptedPeer.frame(Wire.packet([1], from: "alice")),
        ScriptedPeer.frame(String(repeating: " ", count: 98_304)),
      ])
    func malformedMessage(bytes: [UInt8]) async throws {
      let events = try await events(after: bytes)
      #expect(events.count == 3, "\(events)")
      guard case .protocolViolation(let text) = events.first else {
        Issue.record("\(events)")
        return
      }
      #expect(!text.isEmpty && text.count < 300)
      #expect(events.dropFirst() == [.packet([42]), .closed(.byRelay(code: 1000, reason: ""))])
    }

    @Test(
      "Broken framing ends the connection",
      arguments: [
        [0xC1, 0x00],  // a reserved bit
        [0x83, 0x00],  // a reserved opcode
        [0x80, 0x01, 0x41],  // a continuation of nothing
        [0x81, 0x81, 1, 2, 3, 4, 0x40],  // masked, as only clients do
        [0x09, 0x00],  // a fragmented ping
        [0x89, 126, 0x01, 0x00],  // a ping too long
        [0x88, 0x01, 0x03],  // a close with half a code
        [0x81, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],  // a negative length
        [0x81, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x20],  // 2^63 - 1 bytes to come
        [0x81, 127, 0, 0, 0, 0, 0, 0x01, 0x80, 0x01, 0x20],  // one byte too many
      ] as [[UInt8]])
    func brokenFraming(bytes: [UInt8]) async throws {
      let events = try await events(after: bytes)
      guard events.count == 2, case .protocolViolation = events.first, case .closed(.relayMisbehaved) = events.last
      else {
        Issue.record("\(events)")
        return
      }
    }

    @Test("Endless fragments end the connection at the message limit")
    func endlessFragments() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        try peer.write(ScriptedPeer.frame("[", isFinal: false))
        while true {
          try peer.write(ScriptedPeer.frame(String(repeating: " ", count: 1000), opcode: 0, isFinal: false))
        }
      }
      defer { relay.stop() }
      let events = await (try open(relay)).remainingEvents()
      #expect(events.last == .closed(.relayMisbehaved("a message exceeds 98304 bytes")), "\(events)")
    }

    @Test("Endless pings end the connection", .timeLimit(.minutes(1)))
    func endlessPings() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        let pings = Array(repeating: ScriptedPeer.frame([1, 2, 3], opcode: 9), count: 500).flatMap { $0 }
        while true { try peer.write(pings) }
      }
      defer { relay.stop() }
      let events = await (try open(relay)).remainingEvents()
      #expect(events == [.closed(.relayMisbehaved("more than 20000 messages"))], "\(events)")
    }

    @Test("Random bytes end in a closed event")
    func randomBytes() async throws {
      let seed = UInt64.random(in: .min ... .max)
      let generator = Locked(SeededGenerator(seed: seed))
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        try peer.write(generator.withLock { $0.bytes(2000) })
      }
      defer { relay.stop() }
      for _ in 0..<50 {
        let events = await (try open(relay)).remainingEvents()
        guard case .closed = events.last else {
          Issue.record("seed \(seed): \(events)")
          return
        }
      }
    }

    @Test("A consumer that lags past the bound ends the connection, and keeps what was queued")
    func flood() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        while true { try peer.send(Wire.packet([UInt8](repeating: 3, count: 1000))) }
      }
      defer { relay.stop() }
      let link = try await open(relay)
      await link.close(afterItEnded: relay)
      let events = await link.remainingEvents()
      #expect(events.count == EventQueue.maximumCount + 1)
      #expect(events.last == .closed(.consumerTooSlow))
    }

    @Test("Too many malformed messages end the connection")
    func violationFlood() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        while true { try peer.send("?") }
      }
      defer { relay.stop() }
      let events = await (try open(relay)).remainingEvents()
      #expect(events.last == .closed(.relayMisbehaved("too many malformed messages")))
      #expect(events.count == 65)
    }

    @Test("A flood of pings is answered in part, and does not grow anything")
    func pingFlood() async throws {
      let pongs = Locked<[String]>([])
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        var wire: [UInt8] = []
        for index in 1...5000 { wire += ScriptedPeer.frame("\(index)", opcode: 9) }
        try peer.write(wire)
        while true {
          let pong = try peer.readFrame(opcode: 10).text
          pongs.withLock { $0.append(pong) }
          if pong == "5000" { break }
        }
        try peer.send(close: 1000)
      }
      defer { relay.stop() }
      #expect(await (try open(relay)).remainingEvents() == [.closed(.byRelay(code: 1000, reason: ""))])
      #expect(pongs.withLock { $0.count } <= 5000)
      #expect(pongs.withLock { $0.last } == "5000")
    }
  }
}

extension RelayConnection {
  /// Waits, without consuming events, until the link has ended by itself.
  fileprivate func close(afterItEnded relay: ScriptedRelay) async {
    while (try? send(packet: [0])) != nil { try? await Task.sleep(for: .milliseconds(5)) }
    // A full outbound queue also refuses; closing does not change how the link ended, once it has.
    let limit = ContinuousClock.now + .seconds(20)
    while Resources.count(port: relay.port).linkThreads > 0, .now < limit {
      try? await Task.sleep(for: .milliseconds(5))
    }
    await close()
  }
}
