import Foundation
import Logging
import Testing

@testable import Relay

/// Runs `body` against a relay of its own on a free port of the loopback address.
func withRelay(
  threads: Int = 1, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
  _ change: (inout RelayLimits) -> Void = { _ in }, _ body: (Int) async throws -> Void
) async throws {
  try await withServer(logger: logger) { configuration in
    configuration.eventLoopThreads = threads
    change(&configuration.limits)
  } _: { _, addresses in
    try await body(addresses.boundPort)
  }
}

/// A relay for as long as `body` runs, on a free port of this machine and with times that no test runs into.
func withServer(
  logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
  _ change: (inout RelayConfiguration) throws -> Void,
  _ body: (RelayServer, RelayServer.Addresses) async throws -> Void
) async throws {
  var configuration = RelayConfiguration(port: 0)
  configuration.limits.closeTime = .milliseconds(300)
  // Long enough for a busy machine; tests that are about it shorten it.
  configuration.limits.requestTime = .seconds(300)
  configuration.limits.pingInterval = .seconds(300)
  configuration.limits.aloneTime = .seconds(300)
  try change(&configuration)
  let server = RelayServer(configuration: configuration, logger: logger)
  let addresses = try await server.start()
  do {
    try await body(server, addresses)
  } catch {
    await server.shutdown(gracefully: false)
    throw error
  }
  await server.shutdown(gracefully: false)
}

/// What the relay sends for a relayed message.
func relayed(_ text: String, from role: String) -> String {
  #"{"type":"relay","proto":"TACCV2","ver":4,"payload":{"from":"\#(role)","msg":\#(text)}}"#
}

extension OverTheNetwork {
  @Suite("A relay on the loopback address")
  struct RelayServerTests {
    func pair(_ port: Int) async throws -> (code: String, alice: RawClient, bob: RawClient) {
      let code = try await RawClient(port: port).newSession()
      let alice = try await RawClient.join(port: port, code, "alice")
      let bob = try await RawClient.join(port: port, code, "bob")
      _ = await alice.message()
      return (code, alice, bob)
    }

    // MARK: The protocol

    @Test("nothing is read after CONNECT, whose parser expects another protocol, and the client is told so")
    func connect() async throws {
      try await withRelay { port in
        let client = try await RawClient(port: port)
        client.send("CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\nGET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        let refused = try #require(await client.response())
        #expect(refused.status == 404)
        #expect(refused.head.lowercased().contains("connection: close"))
        #expect(await client.response() == nil)
      }
    }

    @Test("answers HTTP as the protocol has it, request after request on one connection")
    func http() async throws {
      try await withRelay { port in
        let client = try await RawClient(port: port)
        let opened = try #require(await client.request("POST", "/session"))
        #expect(opened.status == 200)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(opened.body.utf8)) as? [String: Any])
        #expect(Set(object.keys) == ["session_code", "session_id_b64", "proto", "ver", "expires_in_s"])
        #expect(object["proto"] as? String == "TACCV2")
        #expect(object["ver"] as? Int == 4)
        #expect(object["expires_in_s"] as? Int == 1_800)
        #expect(Data(base64Encoded: object["session_id_b64"] as? String ?? "")?.count == 16)
        let code = try #require(object["session_code"] as? String)
        #expect(SessionCode(code) != nil)

        let shown = try #require(await client.request("GET", "/session/\(code)"))
        let state = try #require(try JSONSerialization.jsonObject(with: Data(shown.body.utf8)) as? [String: Any])
        #expect(Set(state.keys) == ["session_code", "created_at", "expires_at", "present", "commits_present"])
        let created = try #require(state["created_at"] as? Double)
        #expect(abs(created - Date().timeIntervalSince1970) < 60)
        #expect(try #require(state["expires_at"] as? Double) - created == 1_800)
        #expect(state["present"] as? [String: Bool] == ["alice": false, "bob": false])

        let page = try #require(await client.request("GET", "/"))
        #expect(page.status == 200)
        #expect(page.head.contains("text/html"))
        #expect(await client.request("GET", "/healthz")?.body == #"{"status":"ok"}"#)
        #expect(await client.request("GET", "/nothing")?.status == 404)
        #expect(await client.request("GET", "/session")?.status == 405)
        #expect(await client.request("DELETE", "/session/\(code)")?.status == 405)
        // Requests that a client does not wait between are answered in order.
        let next = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        client.send(next + "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + next)
        #expect(await client.response()?.status == 200)
        #expect(await client.response()?.status == 404)
        #expect(await client.response()?.status == 200)
        // The same connection can still become a WebSocket.
        let upgraded = await client.request("GET", "/ws/\(code)/bob", headers: RawClient.upgrade)
        #expect(upgraded?.status == 101)
        #expect(upgraded?.head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == true)
        #expect(await client.message()?.text.contains(#""type":"hello""#) == true)
      }
    }

    @Test("carries a session from hello to bye", arguments: [1, 2])
    func wholeSession(threads: Int) async throws {
      try await withRelay(threads: threads) { port in
        let code = try await RawClient(port: port).newSession()
        let (alice, response) = try await RawClient.socket(port: port, code, "alice")
        #expect(response?.status == 101)
        #expect(response?.head.lowercased().contains("sec-websocket-extensions") == false)
        let hello = try #require(await alice.message()?.text)
        #expect(
          hello.hasPrefix(
            #"{"type":"hello","proto":"TACCV2","ver":4,"payload":{"session_code":"\#(code)","role":"alice","session_id_b64":""#
          ))
        let bob = try await RawClient.join(port: port, code, "bob")
        #expect(
          await alice.message()?.text == #"{"type":"peer_joined","proto":"TACCV2","ver":4,"payload":{"role":"bob"}}"#)

        // Forwarded exactly as sent, spaces and escapes and all.
        let text = #" {"payload" : {"a":[1e3,-0], "é":"\u00e9\/"}, "type":"packet"} "#
        alice.sendText(text)
        #expect(await bob.message()?.text == relayed(text, from: "alice"))
        bob.sendText(#"{"type":"hello"}"#)
        #expect(await alice.message()?.text == relayed(#"{"type":"hello"}"#, from: "bob"))

        bob.sendText(#"{"type":"ping"}"#)
        #expect(
          await bob.message()?.text.hasPrefix(#"{"type":"pong","proto":"TACCV2","ver":4,"payload":{"t":1"#) == true)

        let commit = #"{"type":"commit","payload":{"commit_b64":"\#(EnvelopeTests.commitment)"}}"#
        alice.sendText(commit)
        #expect(await bob.message()?.text == relayed(commit, from: "alice"))
        let state = try await RawClient(port: port).request("GET", "/session/\(code)")?.body ?? ""
        #expect(state.contains(#""present":{"alice":true,"bob":true},"commits_present":{"alice":true,"bob":false}"#))

        bob.sendFrame([0x03, 0xE8], opcode: 8)
        #expect(await bob.untilClosed().code == 1000)
        #expect(
          await alice.message()?.text == #"{"type":"peer_left","proto":"TACCV2","ver":4,"payload":{"role":"bob"}}"#)
        let again = try await RawClient.join(port: port, code, "bob")
        #expect(await alice.message()?.text.contains("peer_joined") == true)

        again.sendText(#"{"type":"bye"}"#)
        #expect(await alice.message()?.text == relayed(#"{"type":"bye"}"#, from: "bob"))
        #expect(await alice.untilClosed().code == 1000)
        #expect(await again.untilClosed().code == 1000)
        #expect(try await RawClient.socket(port: port, code, "alice").response?.status == 404)
      }
    }

    @Test("says peer_left also when a client vanishes without a close frame, whoever joined first")
    func vanishing() async throws {
      try await withRelay { port in
        let (_, alice, bob) = try await pair(port)
        await alice.close()
        #expect(
          await bob.message()?.text.contains(#""peer_left","proto":"TACCV2","ver":4,"payload":{"role":"alice"}"#)
            == true)
      }
    }

    @Test("answers an unknown, a malformed and an ended code with the same 404")
    func unknownCode() async throws {
      try await withRelay { port in
        let (code, alice, _) = try await pair(port)
        alice.sendText(#"{"type":"bye"}"#)
        _ = await alice.untilClosed()
        var answers: Set<String> = []
        for code in [code, "ZZZZZZZZ", "x", code.lowercased(), "%00"] {
          let refused = try #require(try await RawClient.socket(port: port, code, "alice").response)
          #expect(refused.status == 404)
          answers.insert(refused.head + refused.body)
          let shown = try #require(try await RawClient(port: port).request("GET", "/session/\(code)"))
          #expect(shown.status == 404)
          #expect(shown.body == #"{"detail":"unknown or expired session_code"}"#)
        }
        #expect(answers.count == 1)
      }
    }

    @Test("refuses unknown and taken roles with an error and 1008, and disturbs nobody")
    func roles() async throws {
      try await withRelay { port in
        let (code, alice, bob) = try await pair(port)
        for (role, error) in [("mallory", "unknown role"), ("alice", "role alice is taken"), ("", "unknown role")] {
          let (client, response) = try await RawClient.socket(port: port, code, role)
          #expect(response?.status == 101)
          let (errors, closeCode) = await client.untilClosed()
          #expect(errors.count == 1)
          #expect(errors.first?.contains(error) == true)
          #expect(closeCode == 1008)
        }
        alice.sendText(#"{"type":"packet"}"#)
        #expect(await bob.message()?.text == relayed(#"{"type":"packet"}"#, from: "alice"))
        #expect(await alice.settle() == [])
      }
    }

    @Test("delivers in order what was sent before the other side joined")
    func keptMessages() async throws {
      try await withRelay { port in
        let code = try await RawClient(port: port).newSession()
        let alice = try await RawClient.join(port: port, code, "alice")
        for index in 0..<100 { alice.sendText(#"{"type":"packet","i":\#(index)}"#) }
        #expect(await alice.settle() == [])
        let (bob, _) = try await RawClient.socket(port: port, code, "bob")
        #expect(await bob.message()?.text.contains("hello") == true)
        for index in 0..<100 {
          #expect(await bob.message()?.text == relayed(#"{"type":"packet","i":\#(index)}"#, from: "alice"))
        }
      }
    }

    @Test("refuses to open a WebSocket that is not one")
    func badHandshake() async throws {
      try await withRelay { port in
        let code = try await RawClient(port: port).newSession()
        let variants = [
          "", RawClient.upgrade.replacingOccurrences(of: "Version: 13", with: "Version: 8"),
          RawClient.upgrade.replacingOccurrences(of: "dGhlIHNhbXBsZSBub25jZQ==", with: "c2hvcnQ="),
          RawClient.upgrade.replacingOccurrences(of: "websocket", with: "h2c"),
          RawClient.upgrade + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
          RawClient.upgrade + "Content-Length: 3\r\n",
        ]
        for headers in variants {
          let client = try await RawClient(port: port)
          client.send("GET /ws/\(code)/alice HTTP/1.1\r\nHost: x\r\n\(headers)\r\nabc")
          #expect(await client.response()?.status == 426, "\(headers)")
        }
        // Frames before the answer to the handshake: no honest client can know that it will be accepted.
        let early = try await RawClient(port: port)
        early.send("GET /ws/\(code)/alice HTTP/1.1\r\nHost: x\r\n\(RawClient.upgrade)\r\n\u{1}\u{2}")
        #expect(await early.readToEnd() == "")
        // An upgrade to something else is ignored where a plain answer exists.
        let other = try await RawClient(port: port)
        let answer = await other.request("POST", "/session", headers: "Upgrade: h2c\r\nConnection: Upgrade\r\n")
        #expect(answer?.status == 200)
      }
    }

    // MARK: Messages that are wrong

    @Test("answers what is no message with an error, and the connection goes on")
    func wrongMessages() async throws {
      try await withRelay { port in
        let (_, alice, bob) = try await pair(port)
        let wrong: [(text: String, error: String)] = [
          ("", "not JSON"), ("{", "not JSON"), ("[1]", "not a JSON object"), ("{}", "no \\\"type\\\""),
          (#"{"type":"evil"}"#, "unknown message type"), (#"{"type":["x"]}"#, "not a string"),
          (#"{"type":"commit","payload":null}"#, "commit refused"), (#"{"type":"commit"}"#, "commit refused"),
          (#"{"type":"commit","payload":{"commit_b64":"AAAA"}}"#, "commit refused"),
          (#"{"type":"packet","type":"ping"}"#, "repeats"), (#"{"type":"packet","a":NaN}"#, "not JSON"),
          (String(repeating: "[", count: 30_000), "nests deeper than 64"),
        ]
        for (text, error) in wrong {
          alice.sendText(text)
          let answer = try #require(await alice.message()?.text)
          #expect(answer.hasPrefix(#"{"type":"error","proto":"TACCV2","ver":4,"payload":{"error":""#))
          #expect(answer.contains(error), "\(answer)")
        }
        alice.sendFrame([0, 1], opcode: 2)
        #expect(await alice.message()?.text.contains("binary frame refused") == true)
        alice.sendText(#"{"type":"packet"}"#)
        #expect(await bob.message()?.text == relayed(#"{"type":"packet"}"#, from: "alice"))
      }
    }

    @Test("closes with 1007 what claims to be text and is not UTF-8")
    func invalidUTF8() async throws {
      try await withRelay { port in
        let (_, alice, bob) = try await pair(port)
        alice.sendFrame(Array(#"{"type":"packet","a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8))
        let (errors, code) = await alice.untilClosed()
        #expect(errors.first?.contains("not UTF-8") == true)
        #expect(code == 1007)
        #expect(await bob.message()?.text.contains("peer_left") == true)
      }
    }

    @Test("puts fragments together, with control frames between them")
    func fragments() async throws {
      try await withRelay { port in
        let (_, alice, bob) = try await pair(port)
        let text = Array(#"{"type":"packet","payload":"é😀"}"#.utf8)
        for (index, byte) in text.enumerated() {
          alice.sendFrame(
            [byte], opcode: index == 0 ? 1 : 0, fin: index == text.count - 1, mask: [9, UInt8(index), 7, 5])
          if index == 5 {
            alice.sendFrame([42], opcode: 9)
            #expect(await alice.message() == RawClient.Frame(opcode: 10, payload: [42]))
          }
        }
        #expect(await bob.message()?.text == relayed(String(decoding: text, as: UTF8.self), from: "alice"))
      }
    }

    @Test("unmasks every length with every key")
    func unmasking() async throws {
      try await withRelay { port in
        let (_, alice, bob) = try await pair(port)
        for length in Array(0...40) + [4_000, 65_000] {
          let text = #"{"type":"packet","a":"\#(String(repeating: "b", count: length))"}"#
          let mask = (0..<4).map { _ in UInt8.random(in: 0...255) }
          alice.sendFrame(Array(text.utf8), mask: mask)
          #expect(await bob.message()?.text == relayed(text, from: "alice"), "length \(length), mask \(mask)")
        }
      }
    }

    /// One frame that breaks RFC 6455.
    struct Violation: Sendable, CustomTestStringConvertible {
      var name: String
      var say: @Sendable (RawClient) -> Void
      var testDescription: String { name }
    }

    @Test(
      "closes with 1002 what breaks RFC 6455",
      arguments: [
        Violation(name: "unmasked") { $0.sendFrame(Array(#"{"type":"ping"}"#.utf8), mask: nil) },
        Violation(name: "unmasked close") { $0.sendFrame([0x03, 0xE8], opcode: 8, mask: nil) },
        Violation(name: "reserved bit 1") { $0.sendFrame([65], reserved: 4) },
        Violation(name: "reserved bits") { $0.sendFrame([65], reserved: 3) },
        Violation(name: "opcode 3") { $0.sendFrame([65], opcode: 3) },
        Violation(name: "opcode 11") { $0.sendFrame([65], opcode: 11) },
        Violation(name: "continuation of nothing") { $0.sendFrame([65], opcode: 0) },
        Violation(name: "two beginnings") {
          $0.sendFrame([123], fin: false)
          $0.sendFrame([123])
        },
        Violation(name: "fragmented ping") { $0.sendFrame([65], opcode: 9, fin: false) },
        Violation(name: "long ping") { $0.sendFrame(Array(repeating: 65, count: 126), opcode: 9) },
        Violation(name: "close of one byte") { $0.sendFrame([3], opcode: 8) },
        Violation(name: "close 1005") { $0.sendFrame([0x03, 0xED], opcode: 8) },
        Violation(name: "close 999") { $0.sendFrame([0x03, 0xE7], opcode: 8) },
      ])
    func violations(violation: Violation) async throws {
      try await withRelay { port in
        let (_, alice, bob) = try await pair(port)
        violation.say(alice)
        let (errors, code) = await alice.untilClosed()
        #expect(errors.count == 1)
        #expect(code == 1002)
        #expect(await bob.message()?.text.contains("peer_left") == true)
      }
    }

    @Test("survives any bytes after the handshake and after the connection", arguments: 0..<8 as Range<UInt64>)
    func noise(seed: UInt64) async throws {
      var random = SeededGenerator(seed: seed)
      try await withRelay { port in
        let (code, alice, _) = try await pair(port)
        alice.send((0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        await alice.close()
        let raw = try await RawClient(port: port)
        raw.send((0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        _ = await raw.readToEnd()
        #expect(try await RawClient(port: port).request("GET", "/session/\(code)")?.status == 200, "seed \(seed)")
      }
    }

    // MARK: Order

    @Test("keeps the order of thousands of messages both ways, on one event loop and across two", arguments: [1, 2])
    func order(threads: Int) async throws {
      try await withRelay(threads: threads) { port in
        for _ in 0..<threads {
          let (_, alice, bob) = try await pair(port)
          for index in 0..<1_500 {
            alice.sendText(#"{"type":"packet","i":\#(index)}"#)
            bob.sendText(#"{"type":"packet","i":\#(index)}"#)
          }
          for index in 0..<1_500 {
            #expect(await bob.message()?.text == relayed(#"{"type":"packet","i":\#(index)}"#, from: "alice"))
            #expect(await alice.message()?.text == relayed(#"{"type":"packet","i":\#(index)}"#, from: "bob"))
          }
        }
      }
    }
  }
}
