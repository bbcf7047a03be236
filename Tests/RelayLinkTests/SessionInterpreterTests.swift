import Foundation
import Testing

@testable import RelayLink

@Suite("What the relay's messages mean") struct SessionInterpreterTests {
  /// The interpretation after the relay said hello, as a text that is easy to compare.
  private func interpret(_ text: String) -> String { interpret(Array(text.utf8)) }

  private func interpret(_ bytes: [UInt8]) -> String {
    var interpreter = SessionInterpreter(sessionCode: Wire.code, role: .alice)
    guard case .opened = interpreter.interpret(Array(Wire.hello().utf8)) else { return "not opened" }
    return describe(interpreter.interpret(bytes))
  }

  private func describe(_ interpretation: Interpretation<RelaySession>) -> String {
    switch interpretation {
    case .opened: "opened"
    case .patience: "patience"
    case .event(.packet(let bytes)): "packet \(bytes)"
    case .event(.protocolViolation(let text)): "violation: \(text)"
    case .event(let event): "\(event)"
    case .refused(let error): "refused: \(error)"
    case .ignored: "ignored"
    }
  }

  @Test("hello opens the session")
  func hello() {
    var interpreter = SessionInterpreter(sessionCode: Wire.code, role: .alice)
    guard case .opened(let session) = interpreter.interpret(Array(Wire.hello().utf8)) else {
      Issue.record("not opened")
      return
    }
    #expect(
      session == RelaySession(sessionCode: Wire.code, sessionID: Wire.id, role: .alice, expiresAt: 1_700_000_000.25))
  }

  @Test(
    "A first message that is not our hello refuses the relay",
    arguments: [
      (Wire.hello(code: "WXYZ6789"), "another session"),
      (Wire.hello(role: "bob"), "another session or role"),
      (Wire.hello(role: "eve"), "neither alice nor bob"),
      (Wire.hello(code: "short"), "session_code"),
      (Wire.hello(id: [1, 2, 3]), "16 bytes"),
      (Wire.message("peer_joined", #"{"role":"bob"}"#), "not hello"),
      (#"{"type":"hello","proto":"TACCV3","ver":4,"payload":{}}"#, "TACCV3"),
      (#"{"type":"hello","proto":"TACCV2","ver":5,"payload":{}}"#, "version is 5"),
      (#"{"type":"hello"}"#, "payload is missing"),
      (#"{"type":"hello","payload":null}"#, "payload"),
      ("[]", "wrong JSON type"), ("null", "the message"), ("", "not JSON"), ("{", "not JSON"), ("\u{0}", "not JSON"),
    ])
  func notHello(text: String, reason: String) {
    var interpreter = SessionInterpreter(sessionCode: Wire.code, role: .alice)
    let result = describe(interpreter.interpret(Array(text.utf8)))
    #expect(result.hasPrefix("refused:") && result.contains(reason), "\(result)")
  }

  @Test("A refused role keeps the relay's explanation for the close that follows")
  func refusal() {
    var interpreter = SessionInterpreter(sessionCode: Wire.code, role: .bob)
    #expect(
      describe(interpreter.interpret(Array(Wire.message("error", #"{"error":"role\u0007 taken"}"#).utf8))) == "ignored")
    #expect(interpreter.refusal(code: 1008, reason: "policy") == .roleRefused(.bob, reason: "role? taken"))
    #expect(interpreter.refusal(code: 1013, reason: "") == .closedWhileJoining(code: 1013, reason: "role? taken"))
  }

  @Test("Each message becomes its event")
  func events() {
    #expect(interpret(Wire.message("peer_joined", #"{"role":"bob"}"#)) == "peerJoined")
    #expect(interpret(Wire.message("peer_left", #"{"role":"bob"}"#)) == "peerLeft")
    #expect(interpret(Wire.packet([1, 2, 255])) == "packet [1, 2, 255]")
    #expect(
      interpret(Wire.message("error", #"{"error":"slow\u001b[2J\u202e down"}"#)) == #"relayError("slow?[2J? down")"#)
    #expect(interpret(Wire.relayed(Wire.message("bye", #"{"code":"failed"}"#))) == #"peerBye(code: "failed")"#)
    #expect(interpret(Wire.message("bye", #"{"code":"failed"}"#)) == #"peerBye(code: "failed")"#)
    #expect(interpret(Wire.relayed(#"{"type":"bye"}"#)) == #"peerBye(code: "")"#)
    #expect(interpret(Wire.message("pong", #"{"t":1.5}"#)) == "ignored")
    #expect(interpret(Wire.message("ping", "{}")) == "ignored")
  }

  @Test("'from' is not believed, except that our own role is an echo")
  func from() {
    let packet = Wire.message("packet", #"{"data_b64":"AQ=="}"#)
    #expect(interpret(Wire.relayed(from: "mallory", packet)) == "packet [1]")
    #expect(interpret(Wire.message("relay", #"{"msg":\#(packet)}"#)) == "packet [1]")
    #expect(interpret(Wire.relayed(from: "alice", packet)).hasPrefix("violation: a message that claims"))
  }

  @Test(
    "Everything else is a violation, in words that are safe to show",
    arguments: [
      ("", "not JSON"), ("{}", "type is missing"), ("[1]", "wrong JSON type"), ("7", "wrong JSON type"),
      (#"{"type":7}"#, "type has the wrong JSON type"),
      (#"{"type":"relay"}"#, "payload is missing"),
      (#"{"type":"relay","payload":[]}"#, "payload has the wrong JSON type"),
      (Wire.relayed("[]"), "payload.msg has the wrong JSON type"),
      (Wire.relayed("{}"), "payload.msg.type is missing"),
      (Wire.relayed(#"{"type":"packet"}"#), "payload.msg.payload is missing"),
      (Wire.relayed(#"{"type":"packet","payload":{"data_b64":7}}"#), "data_b64 has the wrong JSON type"),
      (Wire.relayed(#"{"type":"packet","payload":{"data_b64":""}}"#), "not base64"),
      (Wire.relayed(#"{"type":"packet","payload":{"data_b64":"A"}}"#), "not base64"),
      (Wire.relayed(#"{"type":"packet","payload":{"data_b64":"AQ==\n"}}"#), "not base64"),
      (Wire.relayed(#"{"type":"packet","payload":{"data_b64":"A-_="}}"#), "not base64"),
      (Wire.packet([UInt8](repeating: 1, count: 16_385)), "not base64 of 1 to 16384"),
      (Wire.relayed(Wire.message("commit", "{}")), "unknown type 'commit'"),
      (Wire.relayed(Wire.message("hello", "{}")), "unknown type 'hello'"),
      (Wire.message("packet", #"{"data_b64":"AQ=="}"#), "unknown type 'packet'"),
      (Wire.message("\\u001b[31m" + String(repeating: "x", count: 99), "{}"), "unknown type '?[31mxxx"),
      (Wire.hello(), "hello twice"),
      (Wire.message("waiting", "{}"), "room's message"),
      (Wire.message("peer_joined", #"{"role":"alice"}"#), "we joined again"),
      (Wire.message("peer_left", #"{"role":"alice"}"#), "we left"),
      (Wire.message("error", #"{"error":{}}"#), "wrong JSON type"),
      (String(repeating: "[", count: 90_000), "deeper than 16"),
      (#"{"type":"x","payload":"# + String(repeating: #"{"a":"#, count: 17), "deeper than 16"),
      (#"{"type":"relay","ver":1e999,"payload":{}}"#, "a message from the relay was dropped"),
      (#"{"type":"relay","ver":4.5,"payload":{}}"#, "a message from the relay was dropped"),
    ])
  func violations(text: String, reason: String) {
    let result = interpret(text)
    #expect(result.hasPrefix("violation:") && result.contains(reason), "\(result)")
    #expect(result.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } && result.count < 300)
  }

  @Test("Malformed UTF-8 is a violation")
  func malformedUTF8() {
    let bytes = Array(#"{"type":"pong","x":""#.utf8) + [0xFF, 0xC0, 0x80] + Array(#""}"#.utf8)
    #expect(interpret(bytes) == "violation: a message from the relay was dropped: it is not UTF-8")
  }

  @Test("The largest packet arrives")
  func largest() {
    let packet = [UInt8](repeating: 0xA5, count: RelayConnection.maximumPacketSize)
    #expect(interpret(Wire.packet(packet)) == "packet \(packet)")
  }

  @Test("Random damage to real messages never gets past the rules")
  func fuzz() {
    let seed = UInt64.random(in: .min ... .max)
    var generator = SeededGenerator(seed: seed)
    let corpus = [
      Wire.hello(), Wire.packet([1, 2, 3]), Wire.message("error", #"{"error":"x"}"#),
      Wire.message("peer_left", #"{"role":"bob"}"#), Wire.relayed(Wire.message("bye", #"{"code":"c"}"#)),
    ].map { Array($0.utf8) }
    for _ in 0..<3000 {
      var bytes = corpus.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(Array("{}[]\",:\\".utf8).randomElement(using: &generator) ?? 0, at: index)
        default: bytes.removeSubrange(index...)
        }
      }
      let result = interpret(bytes)
      #expect(!result.hasPrefix("refused") && result != "opened" && result != "patience", "seed \(seed)")
      #expect(result.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "seed \(seed)")
    }
  }
}

@Suite("What a room's messages mean") struct RoomInterpreterTests {
  private func matched(_ extra: String = "") -> String {
    Wire.message(
      "matched",
      #"{"session_code":"\#(Wire.code)","role":"bob","session_id_b64":"\#(Wire.base64(Wire.id))","expires_at":5\#(extra)}"#
    )
  }

  private func interpret(_ text: String) -> Interpretation<RelayMatch> {
    var interpreter = RoomInterpreter()
    return interpreter.interpret(Array(text.utf8))
  }

  @Test("waiting asks for patience, matched brings the session")
  func known() {
    if case .patience = interpret(#"{"type":"waiting"}"#) {} else { Issue.record("waiting is not patience") }
    let session = RelaySession(sessionCode: Wire.code, sessionID: Wire.id, role: .bob, expiresAt: 5)
    guard case .opened(let plain) = interpret(matched()),
      case .opened(let ticketed) = interpret(matched(#","ticket":"t-1""#))
    else {
      Issue.record("not matched")
      return
    }
    #expect(plain == RelayMatch(session: session, role: .bob, ticket: nil))
    #expect(ticketed.ticket == "t-1")
  }

  @Test("Anything else refuses the relay")
  func refused() {
    for text in [
      "", "{}", Wire.packet([1]), Wire.hello(), matched(#","ticket":"a&b""#), matched(#","ticket":"""#),
      #"{"type":"matched","payload":{}}"#,
    ] {
      guard case .refused(.unexpectedAnswer) = interpret(text) else {
        Issue.record("\(text) was not refused")
        continue
      }
    }
  }

  @Test("Room names cannot escape their path segment")
  func names() {
    for name in ["lab", "a", "Lab-1_b.c", "...a", String(repeating: "x", count: 64)] {
      #expect(RoomName.isValid(name), "\(name)")
    }
    for name in ["", ".", "..", "...", "a/b", "a?b", "a b", "é", "a~", String(repeating: "x", count: 65)] {
      #expect(!RoomName.isValid(name), "\(name)")
    }
  }
}
