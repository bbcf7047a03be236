import Foundation
import NIOConcurrencyHelpers
import Testing

@testable import Relay

extension OverTheNetwork {
  @Suite("Limits, at the bound and one past it")
  struct RelayLimitsOverNetworkTests {
    func session(_ port: Int) async throws -> String { try await RawClient(port: port).newSession() }

    func pair(_ port: Int) async throws -> (code: String, alice: RawClient, bob: RawClient) {
      let code = try await session(port)
      let alice = try await RawClient.join(port: port, code, "alice")
      let bob = try await RawClient.join(port: port, code, "bob")
      _ = await alice.message()
      return (code, alice, bob)
    }

    /// A message of exactly `length` bytes.
    func message(_ length: Int) -> String {
      let shell = #"{"type":"packet","a":""}"#
      return #"{"type":"packet","a":"\#(String(repeating: "x", count: length - shell.utf8.count))"}"#
    }

    @Test("messageBytes, in one frame and in fragments")
    func messageBytes() async throws {
      try await withRelay({ $0.messageBytes = 1_000 }) { port in
        let (_, alice, bob) = try await pair(port)
        let fits = message(1_000)
        alice.sendText(fits)
        #expect(await bob.message()?.text == relayed(fits, from: "alice"))
        alice.sendFrame(Array(fits.utf8.prefix(600)), fin: false)
        alice.sendFrame(Array(fits.utf8.dropFirst(600)), opcode: 0)
        #expect(await bob.message()?.text == relayed(fits, from: "alice"))
        alice.sendFrame(Array(fits.utf8.prefix(600)), fin: false)
        alice.sendFrame(Array(fits.utf8.dropFirst(600)) + [32], opcode: 0)
        await expectClosed(alice, 1009, "messageBytes")
        #expect(await bob.message()?.text.contains("peer_left") == true)
        bob.sendText(message(1_001))
        await expectClosed(bob, 1009, "messageBytes")
      }
    }

    @Test("messageBytes is judged by the announced length: nothing larger is waited for")
    func announcedLength() async throws {
      for length: [UInt8] in [[127, 0, 0, 0, 0, 0, 1, 0, 1], [127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] {
        try await withRelay { port in
          let (_, alice, _) = try await pair(port)
          alice.send([0x81, 0x80 | length[0]] + length.dropFirst() + [0, 0, 0, 0])
          await expectClosed(alice, 1009, "messageBytes")
        }
      }
    }

    @Test("sessionMessages, counted over both directions")
    func sessionMessages() async throws {
      try await withRelay({ $0.sessionMessages = 4 }) { port in
        let (code, alice, bob) = try await pair(port)
        for _ in 0..<2 {
          #expect(await alice.settle() == [])
          #expect(await bob.settle() == [])
        }
        bob.sendText(#"{"type":"ping"}"#)
        await expectClosed(bob, 1008, "sessionMessages")
        await expectClosed(alice, 1008, "sessionMessages")
        #expect(try await RawClient.socket(port: port, code, "alice").response?.status == 404)
      }
    }

    @Test("sessionBytes, counted over both directions")
    func sessionBytes() async throws {
      try await withRelay({
        $0.messageBytes = 1_000
        $0.sessionBytes = 1_000
      }) { port in
        let (_, alice, bob) = try await pair(port)
        alice.sendText(message(600))
        #expect(await bob.message()?.text == relayed(message(600), from: "alice"))
        bob.sendText(message(400))
        #expect(await alice.message()?.text == relayed(message(400), from: "bob"))
        alice.sendText(message(24))
        await expectClosed(alice, 1008, "sessionBytes")
        await expectClosed(bob, 1008, "sessionBytes")
      }
    }

    @Test("extraFrames")
    func extraFrames() async throws {
      try await withRelay({ $0.extraFrames = 3 }) { port in
        let (_, alice, _) = try await pair(port)
        alice.sendFrame([], opcode: 9)
        alice.sendFrame([], opcode: 10)
        alice.sendFrame([], fin: false)
        alice.sendFrame(Array(#"{"type":"packet"}"#.utf8), opcode: 0)
        #expect(await alice.settle() == [])
        alice.sendFrame([], opcode: 9)
        await expectClosed(alice, 1008, "extraFrames")
      }
    }

    @Test("keptMessages and keptBytes: refused by name, the connection goes on")
    func kept() async throws {
      try await withRelay({
        $0.keptMessages = 2
        $0.keptBytes = 100
      }) { port in
        let code = try await session(port)
        let alice = try await RawClient.join(port: port, code, "alice")
        alice.sendText(message(60))
        alice.sendText(message(41))
        #expect(await alice.message()?.text.contains("limit keptBytes") == true)
        alice.sendText(message(40))
        alice.sendText(message(24))
        #expect(await alice.message()?.text.contains("limit keptMessages") == true)
        let bob = try await RawClient.join(port: port, code, "bob")
        #expect(await bob.message()?.text == relayed(message(60), from: "alice"))
        #expect(await bob.message()?.text == relayed(message(40), from: "alice"))
        #expect(await bob.settle() == [])
      }
    }

    @Test("aloneTime: whoever waits in vain is told and closed, and the code is gone")
    func aloneTime() async throws {
      try await withRelay({ $0.aloneTime = .seconds(2) }) { port in
        let code = try await session(port)
        let lonely = try await RawClient.join(port: port, code, "bob")
        await expectClosed(lonely, 1008, "aloneTime")
        #expect(try await RawClient.socket(port: port, code, "alice").response?.status == 404)
      }
    }

    @Test("sessionTime: open sockets are closed, the code is gone")
    func sessionTime() async throws {
      try await withRelay({ $0.sessionTime = .seconds(3) }) { port in
        let (code, alice, bob) = try await pair(port)
        await expectClosed(alice, 1008, "sessionTime")
        await expectClosed(bob, 1008, "sessionTime")
        #expect(try await RawClient.socket(port: port, code, "alice").response?.status == 404)
        #expect(try await RawClient(port: port).request("GET", "/session/\(code)")?.status == 404)
      }
    }

    @Test("sessionsPerAddressHour: 429 with the time to wait")
    func sessionsPerAddressHour() async throws {
      try await withRelay({ $0.sessionsPerAddressHour = 3 }) { port in
        let client = try await RawClient(port: port)
        for _ in 0..<3 { #expect(await client.request("POST", "/session")?.status == 200) }
        let refused = try #require(await client.request("POST", "/session"))
        #expect(refused.status == 429)
        let field = refused.head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("retry-after: ") }
        let seconds = try #require(field.flatMap { Int($0.dropFirst("retry-after: ".count)) })
        #expect((3_300...3_600).contains(seconds))
        #expect(refused.body.contains("limit sessionsPerAddressHour"))
      }
    }

    @Test("openSessions: 503")
    func openSessions() async throws {
      try await withRelay({ $0.openSessions = 1 }) { port in
        let client = try await RawClient(port: port)
        let code = await client.newSession()
        let refused = try #require(await client.request("POST", "/session"))
        #expect(refused.status == 503)
        #expect(refused.body.contains("limit openSessions"))
        let alice = try await RawClient.join(port: port, code, "alice")
        alice.sendText(#"{"type":"bye"}"#)
        _ = await alice.untilClosed()
        #expect(await client.request("POST", "/session")?.status == 200)
      }
    }

    @Test("openConnections: one more is closed, and a place becomes free again")
    func openConnections() async throws {
      try await withRelay({ $0.openConnections = 2 }) { port in
        let one = try await RawClient(port: port)
        let two = try await RawClient(port: port)
        #expect(await one.request("GET", "/healthz")?.status == 200)
        #expect(await two.request("GET", "/healthz")?.status == 200)
        #expect(await (try RawClient(port: port)).request("GET", "/healthz") == nil)
        #expect(await two.request("GET", "/healthz", headers: "Connection: close\r\n")?.status == 200)
        _ = await two.readToEnd()
        var status: Int?
        while status != 200 { status = await (try RawClient(port: port)).request("GET", "/healthz")?.status }
      }
    }

    @Test("connectionsPerAddress: one more is closed, another address is not, and a place becomes free again")
    func connectionsPerAddress() async throws {
      try await withRelay({ $0.connectionsPerAddress = 2 }) { port in
        let one = try await RawClient(port: port)
        let two = try await RawClient(port: port)
        for client in [one, two] { #expect(await client.request("GET", "/healthz")?.status == 200) }
        #expect(await (try RawClient(port: port)).request("GET", "/healthz") == nil)
        let other = try await RawClient(port: port, from: "127.0.0.2")
        #expect(await other.request("GET", "/healthz")?.status == 200)
        let metrics = await other.request("GET", "/metrics")?.body ?? ""
        #expect(metrics.contains(#"tacc_relay_refused_total{limit="connectionsPerAddress"} 1"#))
        #expect(metrics.contains("\ntacc_relay_connections_open 3\n"))
        #expect(await two.request("GET", "/healthz", headers: "Connection: close\r\n")?.status == 200)
        _ = await two.readToEnd()
        var status: Int?
        while status != 200 { status = await (try RawClient(port: port)).request("GET", "/healthz")?.status }
      }
    }

    @Test("lookupsPerAddressMinute: sockets, rooms and questions count alike, known or not, and so do the answers")
    func lookups() async throws {
      try await withRelay({ $0.lookupsPerAddressMinute = 4 }) { port in
        let client = try await RawClient(port: port)
        let code = await client.newSession()
        #expect(await client.request("GET", "/session/\(code)")?.status == 200)
        #expect(await client.request("GET", "/session/AAAAAAAA")?.status == 404)
        let alice = try await RawClient.join(port: port, code, "alice")
        #expect(
          await (try RawClient(port: port)).request("GET", "/rooms/lab", headers: RawClient.upgrade)?.status == 101)
        var bodies: [String] = []
        for path in ["/session/\(code)", "/session/AAAAAAAA", "/session/no code", "/ws/\(code)/bob", "/rooms/lab"] {
          let path = path.replacingOccurrences(of: " ", with: "%20")
          let response = try await RawClient(port: port).request("GET", path, headers: RawClient.upgrade)
          let refused = try #require(response)
          #expect(refused.status == 429)
          #expect(refused.body.contains("limit lookupsPerAddressMinute"))
          #expect(refused.head.lowercased().contains("retry-after: "))
          bodies.append(refused.body.filter { !$0.isNumber })
        }
        #expect(Set(bodies).count == 1)
        // What is open goes on, and others may come.
        #expect(await alice.settle() == [])
        #expect(await client.request("POST", "/session")?.status == 200)
        let other = try await RawClient(port: port, from: "127.0.0.2")
        #expect(await other.request("GET", "/session/\(code)")?.status == 200)
      }
    }

    @Test("sendQueueBytes: a client that does not read is closed with 1013, the sender goes on")
    func slowReader() async throws {
      try await withRelay({
        $0.sessionBytes = 1 << 30
        $0.closeTime = .seconds(5)
      }) { port in
        let (code, alice, bob) = try await pair(port)
        try await bob.setReading(false)
        let text = message(60_000)
        // The system's own buffers take some megabytes before the relay's queue begins to fill.
        var left = false
        for _ in 0..<600 where !left {
          alice.sendText(text)
          left = await alice.settle().contains { $0.contains("peer_left") }
        }
        #expect(left)
        try await bob.setReading(true)
        var whole = true
        var errors: [String] = []
        while let frame = await bob.message() {
          if frame.opcode == 8 {
            #expect(frame.closeCode == 1013)
            break
          }
          if frame.text.contains(#""type":"error""#) {
            errors.append(frame.text)
          } else {
            whole = whole && frame.text == relayed(text, from: "alice")
          }
        }
        #expect(whole, "what was sent before the end arrives undamaged")
        #expect(errors.count == 1)
        #expect(errors.first?.contains("limit sendQueueBytes") == true)
        _ = try await RawClient.join(port: port, code, "bob")
        #expect(await alice.message()?.text.contains("peer_joined") == true)
      }
    }

    @Test("pingMisses: a silent client is closed, an answering one is not")
    func pings() async throws {
      try await withRelay({ $0.pingInterval = .milliseconds(1_500) }) { port in
        let code = try await session(port)
        let silent = try await RawClient.join(port: port, code, "alice")
        let answering = try await RawClient.join(port: port, code, "bob")
        var pings = 0
        var peerLeft = false
        while !peerLeft || pings < 5, let frame = await answering.frame() {
          if frame.opcode == 9 {
            pings += 1
            answering.sendFrame(frame.payload, opcode: 10)
          }
          peerLeft = peerLeft || frame.text.contains("peer_left")
        }
        #expect(peerLeft)
        #expect(pings >= 5)
        await expectClosed(silent, 1008, "pingMisses")
      }
    }

    @Test("frames that go on after the relay's close end the connection, before its time is up")
    func framesAfterClose() async throws {
      try await withServer {
        $0.limits.closeTime = .seconds(60)
      } _: { _, addresses in
        let http = try await RawClient(port: addresses.boundPort)
        func isAlone() async -> Bool {
          await http.request("GET", "/metrics")?.body.contains("\ntacc_relay_connections_open 1\n") == true
        }
        let client = try await RawClient(port: addresses.boundPort, outlastsEnd: true)
        _ = await client.request("GET", "/rooms/lab", headers: RawClient.upgrade)
        _ = await client.message()
        // No frame has this opcode.
        client.sendFrame([], opcode: 3)
        for _ in 0..<WebSocketHandler.framesAwaitingClose { client.sendFrame([], opcode: 2) }
        try await client.handOver("")
        #expect(await !isAlone())
        client.sendFrame([], opcode: 2)
        var asked = 0
        while asked < 10_000, await !isAlone() { asked += 1 }
        #expect(asked < 10_000)
      }
    }

    // MARK: Requests

    @Test("sendQueueBytes: a client that sends requests ahead and reads no response is closed")
    func unreadResponses() async throws {
      let lines = NIOLockedValueBox<[String]>([])
      try await withRelay(logger: .recording(to: lines)) { port in
        let client = try await RawClient(port: port, autoRead: false)
        let other = try await RawClient(port: port)
        // The systems on both ends buffer some megabytes of responses of some kilobytes each; then the relay must not.
        let most = 5_000
        var sent = 0
        while sent < most, !lines.withLockedValue({ $0.contains { $0.contains("limit sendQueueBytes") } }) {
          // It fails where the relay has closed meanwhile.
          try? await client.handOver("GET /metrics HTTP/1.1\r\n\r\n")
          sent += 1
          // Once this is answered, hardly any of the others is unread: so few come at once that all are answered.
          #expect(await other.request("GET", "/healthz")?.status == 200)
        }
        #expect(sent < most)
        // The client's system may have told it already, which leaves nothing to read.
        try? await client.setReading(true)
        let responses = await client.readToEnd().components(separatedBy: "HTTP/1.1 200").count - 1
        #expect(responses < sent)
      }
    }

    /// A request head of exactly `length` bytes.
    func head(_ length: Int) -> String {
      let shell = "GET /healthz HTTP/1.1\r\nHost: x\r\nX: \r\n\r\n"
      return
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "y", count: length - shell.utf8.count))\r\n\r\n"
    }

    @Test("requestHeadBytes, for the first request and the next, at once and in pieces")
    func requestHeadBytes() async throws {
      try await withRelay { port in
        let client = try await RawClient(port: port)
        for _ in 0..<2 {
          client.send(head(8_192))
          #expect(await client.response()?.status == 200)
        }
        for piece in head(8_192).utf8.split(maxSplits: 5, whereSeparator: { $0 == 10 }) {
          client.send(Array(piece) + [10])
        }
        client.send(Array("\n".utf8).dropLast())
        #expect(await client.response()?.status == 200)
        client.send(head(8_193))
        let refused = try #require(await client.response())
        #expect(refused.status == 431)
        #expect(refused.body.contains("limit requestHeadBytes"))
        #expect(await client.readToEnd() == "")
        for endless in [String(repeating: "A", count: 100_000), "GET /" + String(repeating: "a", count: 100_000)] {
          let client = try await RawClient(port: port)
          client.send(endless)
          let status = await client.response()?.status
          #expect(status == 431 || status == 400)
        }
      }
    }

    @Test("requestBodyBytes")
    func requestBodyBytes() async throws {
      try await withRelay({ $0.requestBodyBytes = 100 }) { port in
        let client = try await RawClient(port: port)
        func post(_ length: Int) -> String {
          "POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n"
            + String(repeating: "b", count: length)
        }
        client.send(post(100))
        #expect(await client.response()?.status == 200)
        client.send(post(101))
        let refused = try #require(await client.response())
        #expect(refused.status == 413)
        #expect(refused.body.contains("limit requestBodyBytes"))
      }
    }

    @Test(
      "requestBodyBytes and requestHeadBytes bound what is around a body too",
      arguments: [
        "1;\(String(repeating: "x", count: 100_000))", "0\r\nA: \(String(repeating: "x", count: 100_000))",
        "0\r\n\(String(repeating: "A: \(String(repeating: "x", count: 500))\r\n", count: 200))",
      ])
    func aroundTheBody(endless: String) async throws {
      try await withRelay { port in
        let client = try await RawClient(port: port)
        client.send("POST /session HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n")
        #expect(await client.response()?.status == 200)
        client.send("POST /session HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n" + endless)
        let refused = try #require(await client.response())
        #expect(refused.status == 413)
        #expect(refused.body.contains("requestBodyBytes"))
      }
    }

    @Test(
      "requestTime: half a request is answered 408, silence is closed in silence",
      arguments: [
        ("", ""), ("G", "408"), ("GET / HTTP/1.1\r\nHost: x\r\n", "408"),
        ("POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "408"),
      ])
    func requestTime(sent: String, expected: String) async throws {
      try await withRelay({ $0.requestTime = .seconds(2) }) { port in
        let client = try await RawClient(port: port)
        if !sent.isEmpty { client.send(sent) }
        let answer = await client.readToEnd()
        if expected.isEmpty {
          #expect(answer.isEmpty)
        } else {
          #expect(answer.hasPrefix("HTTP/1.1 \(expected) "))
          #expect(answer.contains("limit requestTime"))
        }
      }
    }

    @Test(
      "what is no request is answered 400 and closed",
      arguments: [
        "GARBAGE\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost x\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "POST /session HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /session HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /session HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}",
      ])
    func garbage(text: String) async throws {
      try await withRelay { port in
        let client = try await RawClient(port: port)
        client.send(text)
        #expect(await client.response()?.status == 400)
        #expect(await client.readToEnd() == "")
      }
    }

  }
}

/// Expects an error that names `limit`, then a close with `code`.
func expectClosed(_ client: RawClient, _ code: Int, _ limit: String) async {
  let (errors, closeCode) = await client.untilClosed()
  #expect(errors.count == 1)
  #expect(errors.first?.contains("limit \(limit)") == true, "\(errors)")
  #expect(closeCode == code)
}
