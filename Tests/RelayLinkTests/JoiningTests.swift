import Platform
import Foundation
import Testing

@testable import RelayLink

extension LinkSuite {
  @Suite("Joining") struct Joining {
    @Test(
      "A refused upgrade is told by its HTTP status",
      arguments: [
        ("404 Not Found", RelayLinkError.unknownSession),
        ("403 Forbidden", .unknownSession),
        ("429 Too Many Requests", .tooManySessions),
        ("200 OK", .notARelay(status: 200)),
        ("302 Found", .notARelay(status: 302)),
        ("500 Internal Server Error", .notARelay(status: 500)),
      ])
    func refusedUpgrade(status: String, expected: RelayLinkError) async throws {
      let requests = Locked(0)
      let relay = try ScriptedRelay { peer in
        requests.withLock { $0 += 1 }
        try peer.answer(status, headers: ["Location: /elsewhere"], body: #"{"detail":"no"}"#)
      }
      defer { relay.stop() }
      #expect(try await openingError(relay) == expected)
      // Redirects in particular are not followed.
      #expect(requests.withLock { $0 } == 1)
    }

    @Test("A role that is taken is refused with the relay's words")
    func roleTaken() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.upgrade()
        try peer.send(Wire.message("error", #"{"error":"role alice is taken"}"#))
        try peer.send(close: 1008, "policy")
        _ = try peer.readFrame(opcode: 8)
      }
      defer { relay.stop() }
      let error = try await openingError(relay)
      #expect(error == .roleRefused(.alice, reason: "role alice is taken"))
      #expect(error?.description.contains("Take the other role") == true)
    }

    @Test("A relay that closes or ends before hello says why, as far as it can be known")
    func closedBeforeHello() async throws {
      let busy = try ScriptedRelay { peer in
        try peer.upgrade()
        try peer.send(close: 1013, "try later")
        try peer.readToEnd()
      }
      defer { busy.stop() }
      #expect(try await openingError(busy) == .closedWhileJoining(code: 1013, reason: "try later"))
      let gone = try ScriptedRelay { try $0.upgrade() }
      defer { gone.stop() }
      guard case .connectionFailed = try await openingError(gone) else {
        Issue.record("a lost connection was not reported as such")
        return
      }
    }

    @Test(
      "A first message that is no hello is refused",
      arguments: [
        ScriptedPeer.frame("garbage"), ScriptedPeer.frame([1], opcode: 2),
        ScriptedPeer.frame(Wire.message("peer_joined", #"{"role":"bob"}"#)), [0xF1, 0x00],
        [0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x20],
      ] as [[UInt8]])
    func noHello(bytes: [UInt8]) async throws {
      let relay = try ScriptedRelay { peer in
        try peer.upgrade(with: bytes)
        try peer.readToEnd()
      }
      defer { relay.stop() }
      guard case .unexpectedAnswer = try await openingError(relay) else {
        Issue.record("not refused")
        return
      }
    }

    @Test("A server that is not HTTP, or closes at once, is an error and no crash")
    func notHTTP() async throws {
      for answer in ["SSH-2.0-OpenSSH_9.2\r\n", "", "HTTP/1.1 101\r\n", "HTTP/9.9 abc\r\n\r\n"] {
        let relay = try ScriptedRelay { peer in
          try peer.readHead()
          try peer.write(answer)
        }
        #expect(try await openingError(relay) != nil, "\(answer)")
        relay.stop()
      }
    }

    @Test("A server of another protocol is not taken for a libcurl that is too old, and may be asked again")
    func anotherProtocol() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.readHead()
        try peer.write("SSH-2.0-OpenSSH_9.2\r\n")
      }
      defer { relay.stop() }
      #expect(try await openingError(relay) == .unexpectedAnswer("it is no HTTP (is there a relay at this port?)"))
    }

    @Test("A head without end does not fill the memory")
    func endlessHead() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.readHead()
        try peer.write("HTTP/1.1 101 Switching Protocols\r\n")
        while true { try peer.write("X-Filler: " + String(repeating: "x", count: 1000) + "\r\n") }
      }
      defer { relay.stop() }
      #expect(try await openingError(relay) != nil)
    }

    @Test("Deadlines: no HTTP answer, and no hello after the upgrade")
    func deadlines() async throws {
      let mute = try ScriptedRelay { try $0.readToEnd() }
      defer { mute.stop() }
      let first = try await openingError(mute) { $0.connectDeadline = .milliseconds(150) }
      #expect(first == .timedOut(stage: "the relay's WebSocket upgrade", after: .milliseconds(150)))
      let shy = try ScriptedRelay { peer in
        try peer.upgrade()
        try peer.readToEnd()
      }
      defer { shy.stop() }
      let second = try await openingError(shy) { $0.connectDeadline = .milliseconds(150) }
      #expect(second == .timedOut(stage: "the relay's hello", after: .milliseconds(150)))
    }

    @Test("Nobody listening, no such name, no TLS: each has its own error and remedy")
    func unreachable() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        try peer.readToEnd()
      }
      let port = relay.port
      func error(_ address: String) async throws -> RelayLinkError? {
        let endpoint = try RelayEndpoint(address)
        do throws(RelayLinkError) {
          _ = try await RelayConnection.open(
            endpoint: endpoint, sessionCode: Wire.code, role: .bob, options: localOptions())
          return nil
        } catch {
          return error
        }
      }
      guard case .tlsFailed(let host, _) = try await error("https://127.0.0.1:\(port)") else {
        Issue.record("TLS to a plain server was not reported as such")
        return
      }
      #expect(host == "127.0.0.1")
      relay.stop()
      guard case .unreachable("127.0.0.1", Int(port), let detail) = try await error("http://127.0.0.1:\(port)") else {
        Issue.record("a closed port was not reported as such")
        return
      }
      #expect(!detail.isEmpty)
      // RFC 6761 reserves .invalid; libcurl asks the resolver, which has no address for it.
      guard case .nameNotFound("no-such-relay.invalid", _) = try await error("http://no-such-relay.invalid") else {
        Issue.record("an unknown name was not reported as such")
        return
      }
    }

    @Test("An address that is given need not be resolved")
    func resolve() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        _ = try peer.readFrame(opcode: 8)
        try peer.send(close: 1000)
      }
      defer { relay.stop() }
      let options = localOptions { $0.resolve = ["relay.invalid:\(relay.port):127.0.0.1"] }
      let link = try await RelayConnection.open(
        endpoint: RelayEndpoint("http://relay.invalid:\(relay.port)"), sessionCode: Wire.code, role: .alice,
        options: options)
      await link.close()
    }

    @Test("A path in front of the relay's own is kept")
    func prefix() async throws {
      let path = OneShot<String>()
      let relay = try ScriptedRelay { peer in
        try peer.answer("404 Not Found")
        path.fulfil(peer.head.components(separatedBy: " ")[1])
      }
      defer { relay.stop() }
      await #expect(throws: RelayLinkError.unknownSession) {
        try await RelayConnection.open(
          endpoint: RelayEndpoint("http://127.0.0.1:\(relay.port)/deep/path/"), sessionCode: Wire.code, role: .bob,
          options: localOptions())
      }
      #expect(await path.value() == "/deep/path/ws/\(Wire.code)/bob")
    }

    @Test(
      "A code that is none is refused before anything is sent",
      arguments: ["", "abcd2345", "ABCD234", "ABCD/345", "ABCD1O0I"])
    func badCode(code: String) async throws {
      await #expect(throws: RelayLinkError.invalidSessionCode) {
        try await RelayConnection.open(endpoint: RelayEndpoint("http://127.0.0.1:1"), sessionCode: code, role: .bob)
      }
    }

    @Test("Cancellation ends the wait for an answer and for hello")
    func cancellation() async throws {
      for upgrades in [false, true] {
        let reached = OneShot<Bool>()
        let relay = try ScriptedRelay { peer in
          if upgrades { try peer.upgrade() } else { try peer.readHead() }
          reached.fulfil(true)
          try peer.readToEnd()
        }
        defer { relay.stop() }
        let opening = Task { try await openingError(relay) }
        _ = await reached.value()
        opening.cancel()
        let start = ContinuousClock.now
        #expect(try await opening.value == .cancelled)
        #expect(.now - start < .seconds(10))
      }
    }
  }

  @Suite("Creating sessions and waiting in rooms") struct Creating {
    private func error(_ status: String, _ body: String) async throws -> RelayLinkError? {
      let relay = try ScriptedRelay { try $0.answer(status, body: body) }
      defer { relay.stop() }
      let endpoint = try relay.endpoint
      do throws(RelayLinkError) {
        _ = try await createSession(at: endpoint, options: localOptions())
        return nil
      } catch {
        return error
      }
    }

    private func answer(
      code: String = Wire.code, id: String = Wire.base64(Wire.id), proto: String = "TACCV2", version: String = "4",
      life: String = "1800"
    ) -> String {
      #"{"session_code":"\#(code)","session_id_b64":"\#(id)","proto":"\#(proto)","ver":\#(version),"expires_in_s":\#(life)}"#
    }

    @Test("A session is created")
    func created() async throws {
      let head = OneShot<String>()
      let body = answer()
      let relay = try ScriptedRelay { peer in
        try peer.answer("200 OK", body: body)
        head.fulfil(peer.head)
      }
      defer { relay.stop() }
      let session = try await createSession(at: relay.endpoint, options: localOptions())
      #expect(session == RelaySession(sessionCode: Wire.code, sessionID: Wire.id, expiresIn: .seconds(1800)))
      let lines = await head.value()
      #expect(lines.hasPrefix("POST /session HTTP/1.1\r\n") && lines.contains("Content-Length: 0\r\n"))
    }

    @Test("An answer of another protocol or shape is refused")
    func refused() async throws {
      let bodies = [
        answer(proto: "TACCV1"), answer(version: "3"), answer(version: "\"4\""), answer(code: "lower234"),
        answer(code: "ABCD/../"), answer(id: "AAAA"), answer(id: "?"), answer(life: "0"), answer(life: "-5"),
        answer(life: "1e300"), answer(life: "null"), "", "[]", "<html>", String(repeating: "{", count: 16_000),
        "{\"x\":\"" + String(repeating: "x", count: 20_000) + "\"}",
      ]
      for body in bodies {
        guard case .unexpectedAnswer = try await error("200 OK", body) else {
          Issue.record("accepted: \(body.prefix(100))")
          continue
        }
      }
    }

    @Test("Statuses")
    func statuses() async throws {
      #expect(try await error("429 Too Many Requests", "") == .tooManySessions)
      #expect(try await error("404 Not Found", "") == .notARelay(status: 404))
      #expect(try await error("301 Moved Permanently", "") == .notARelay(status: 301))
    }

    @Test("A body without end is cut off")
    func endlessBody() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.readHead()
        try peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while true { try peer.write(String(repeating: "x", count: 1000)) }
      }
      defer { relay.stop() }
      await #expect(throws: RelayLinkError.unexpectedAnswer("it is longer than 16384 bytes")) {
        try await createSession(at: relay.endpoint, options: localOptions())
      }
    }

    @Test("A relay that does not answer is given up, and a cancelled request ends")
    func deadlineAndCancellation() async throws {
      let reached = OneShot<Bool>()
      let relay = try ScriptedRelay { peer in
        try peer.readHead()
        reached.fulfil(true)
        try peer.readToEnd()
      }
      defer { relay.stop() }
      let endpoint = try relay.endpoint
      await #expect(
        throws: RelayLinkError.timedOut(stage: "the relay's answer to POST /session", after: .milliseconds(120))
      ) {
        try await createSession(at: endpoint, options: localOptions { $0.connectDeadline = .milliseconds(120) })
      }
      let task = Task { try await createSession(at: endpoint, options: localOptions()) }
      _ = await reached.value()
      task.cancel()
      await #expect(throws: RelayLinkError.cancelled) { try await task.value }
    }

    @Test("A room: waiting may take longer than the connect deadline, then the match arrives")
    func room() async throws {
      let path = OneShot<String>()
      let relay = try ScriptedRelay { peer in
        try peer.upgrade(with: ScriptedPeer.frame(#"{"type":"waiting"}"#))
        path.fulfil(peer.head.components(separatedBy: " ")[1])
        Thread.sleep(forTimeInterval: 0.9)
        let id = Wire.base64(Wire.id)
        try peer.send(
          Wire.message(
            "matched",
            #"{"session_code":"\#(Wire.code)","role":"bob","session_id_b64":"\#(id)","expires_at":9,"ticket":"t2"}"#))
        _ = try peer.readFrame(opcode: 8)
        try peer.send(close: 1000)
      }
      defer { relay.stop() }
      let match = try await waitForMatch(
        at: relay.endpoint, room: "lab.1", ticket: "t1",
        options: localOptions { $0.connectDeadline = .milliseconds(600) })
      #expect(match.role == .bob && match.ticket == "t2" && match.session.sessionID == Wire.id)
      #expect(await path.value() == "/rooms/lab.1?ticket=t1")
    }

    @Test("Leaving a room by cancellation, and rooms that cannot be")
    func leaving() async throws {
      let waiting = OneShot<Bool>()
      let left = OneShot<UInt8?>()
      let relay = try ScriptedRelay { peer in
        try peer.upgrade(with: ScriptedPeer.frame(#"{"type":"waiting"}"#))
        // The ping shows that the client is past the upgrade.
        _ = try peer.readFrame(opcode: 9)
        waiting.fulfil(true)
        left.fulfil(try? peer.readFrame(opcode: 8).opcode)
      }
      defer { relay.stop() }
      let endpoint = try relay.endpoint
      let options = localOptions { $0.pingInterval = .milliseconds(300) }
      let task = Task { try await waitForMatch(at: endpoint, room: "lab", options: options) }
      _ = await waiting.value()
      task.cancel()
      await #expect(throws: RelayLinkError.cancelled) { try await task.value }
      #expect(await left.value() == 8)
      await #expect(throws: RelayLinkError.invalidRoom) { try await waitForMatch(at: endpoint, room: "..") }
    }
  }
}
