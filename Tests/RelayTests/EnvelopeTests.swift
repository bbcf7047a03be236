import Foundation
import Testing

@testable import Relay

@Suite("The envelope of a client's message")
struct EnvelopeTests {
  func scan(_ bytes: [UInt8]) throws(EnvelopeFault) -> Envelope {
    let result: Result<Envelope, EnvelopeFault> = bytes.withUnsafeBytes { raw in
      do throws(EnvelopeFault) { return .success(try Envelope(scanning: raw)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  func scan(_ text: String) throws(EnvelopeFault) -> Envelope { try scan(Array(text.utf8)) }

  static let commitment = Base64.encode(Array(repeating: 0xFF, count: 32))

  @Test(
    "is read from messages of every known type",
    arguments: [
      (#"{"type":"packet"}"#, Envelope.forward),
      (#" { "payload" : {"type":"ping"} , "type" : "packet" } "#, .forward),
      (#"{"type":"ping","payload":null}"#, .ping),
      (#"{"type":"bye"}"#, .bye),
      (#"{"type":"hello"}"#, .forward), (#"{"type":"peer_joined"}"#, .forward),
      (#"{"type":"peer_left"}"#, .forward), (#"{"type":"relay"}"#, .forward),
      (#"{"type":"error"}"#, .forward), (#"{"type":"pong"}"#, .forward),
      (#"{"\u0074ype":"p\u0061cket"}"#, .forward),
      (#"{"type":"packet","a":[],"b":{},"c":[{}],"d":[[1,2],[3]],"e":""}"#, .forward),
      (#"{"type":"packet","n":[0,-0,1,-1.5,1e9,1E-9,12.5e+3,true,false,null]}"#, .forward),
      (#"{"type":"packet","s":"\"\\\/\b\f\n\r\t\u0000\ud83d\ude00é😀"}"#, .forward),
      (#"{"type":"packet","payload":{"a":1,"a":2},"x":1,"x":2}"#, .forward),
      (#"{"\u0074\u0079\u0070\u0065":"\u0062\u0079\u0065"}"#, .bye),
      (#"{"type":"packet","typ":1,"typ\u00e9":1,"type\u0000":1,"t\u0079pes":1,"\ud83d\ude00":1,"\"":1}"#, .forward),
      ("{\"type\":\"packet\",\"n\":" + String(repeating: "9", count: 5_000) + "}", .forward),
      (#"{"type":"commit","payload":{"commit_b64":"\#(commitment)","seq":9}}"#, .commit),
      (
        #"{"payload":{"commit_b64":"\#(commitment.replacingOccurrences(of: "/", with: "\\/"))"},"type":"commit"}"#,
        .commit
      ),
    ])
  func known(text: String, envelope: Envelope) throws {
    #expect(try scan(text) == envelope)
  }

  @Test(
    "is refused, each for its own reason",
    arguments: [
      ("", EnvelopeFault.notJSON), ("   ", .notJSON), ("{", .notJSON), ("}", .notJSON), ("{}x", .notJSON),
      ("{not json", .notJSON), ("{\"type\":\"packet\"} {}", .notJSON), ("{\"type\":\"packet\",}", .notJSON),
      ("{\"type\" \"packet\"}", .notJSON), ("{type:\"packet\"}", .notJSON), ("{'type':'packet'}", .notJSON),
      ("\u{FEFF}{\"type\":\"packet\"}", .notJSON), ("{\"type\":\"packet\"}\0", .notJSON),
      ("{\"type\":\"packet\",\"a\":NaN}", .notJSON), ("{\"type\":\"packet\",\"a\":Infinity}", .notJSON),
      ("{\"type\":\"packet\",\"a\":01}", .notJSON), ("{\"type\":\"packet\",\"a\":1.}", .notJSON),
      ("{\"type\":\"packet\",\"a\":.5}", .notJSON), ("{\"type\":\"packet\",\"a\":1e}", .notJSON),
      ("{\"type\":\"packet\",\"a\":+1}", .notJSON), ("{\"type\":\"packet\",\"a\":-}", .notJSON),
      ("{\"type\":\"packet\",\"a\":0x1}", .notJSON), ("{\"type\":\"packet\",\"a\":tru}", .notJSON),
      ("{\"type\":\"packet\",\"a\":[1,]}", .notJSON), ("{\"type\":\"packet\",\"a\":[1}", .notJSON),
      ("{\"type\":\"packet\",\"a\":[}]}", .notJSON), ("{\"type\":\"packet\",\"a\":\"\n\"}", .notJSON),
      ("{\"type\":\"packet\",\"a\":\"\\x\"}", .notJSON), ("{\"type\":\"packet\",\"a\":\"\\u12\"}", .notJSON),
      ("{\"type\":\"packet\",\"a\":\"\\ud800\"}", .notJSON), ("{\"type\":\"packet\",\"a\":\"\\udc00\"}", .notJSON),
      ("{\"type\":\"packet\",\"a\":\"\\ud800\\u0041\"}", .notJSON), ("{\"type\":\"packet\",\"a\":\"\\", .notJSON),
      ("{\"type\":\"packet\"/*c*/}", .notJSON), ("{\"type\":\"packet\",\"a\":é}", .notJSON),
      ("[1,2]", .notAnObject), ("\"packet\"", .notAnObject), ("1", .notAnObject), ("null", .notAnObject),
      ("{}", .noType), ("{\"Type\":\"packet\"}", .noType), ("{\"a\":{\"type\":\"packet\"}}", .noType),
      ("{\"type\":[\"x\"]}", .typeNotText), ("{\"type\":null}", .typeNotText), ("{\"type\":1}", .typeNotText),
      ("{\"type\":{\"type\":\"packet\"}}", .typeNotText),
      ("{\"type\":\"evil\"}", .unknownType), ("{\"type\":\"\"}", .unknownType), ("{\"type\":\"Packet\"}", .unknownType),
      ("{\"type\":\"packet \"}", .unknownType), ("{\"type\":\"packet\\u0000\"}", .unknownType),
      ("{\"type\":\"\\u0070acke\"}", .unknownType), ("{\"type\":\"\\ud83d\\ude00\"}", .unknownType),
      ("{\"type\":\"ping\",\"type\":\"packet\"}", .repeatedMember),
      ("{\"type\":\"packet\",\"t\\u0079pe\":\"ping\"}", .repeatedMember),
      ("{\"type\":\"commit\",\"payload\":{},\"payload\":{}}", .repeatedMember),
      ("{\"type\":\"commit\"}", .badCommit), ("{\"type\":\"commit\",\"payload\":null}", .badCommit),
      ("{\"type\":\"commit\",\"payload\":\"x\"}", .badCommit), ("{\"type\":\"commit\",\"payload\":\"{}\"}", .badCommit),
      ("{\"type\":\"commit\",\"payload\":[]}", .badCommit), ("{\"type\":\"commit\",\"payload\":{}}", .badCommit),
      ("{\"type\":\"commit\",\"payload\":{\"commit_b64\":null}}", .badCommit),
      ("{\"type\":\"commit\",\"payload\":{\"commit_b64\":\"AAAA\"}}", .badCommit),
      (
        "{\"type\":\"commit\",\"payload\":{\"commit_b64\":\"\(commitment)\",\"commit_b64\":\"\(commitment)\"}}",
        .repeatedMember
      ),
      ("{\"type\":\"commit\",\"payload\":{\"commit_b64\":\"\(commitment.dropLast())\"}}", .badCommit),
      ("{\"type\":\"commit\",\"payload\":{\"commit_b64\":\"\(String(repeating: "A", count: 50_000))\"}}", .badCommit),
    ])
  func refused(text: String, fault: EnvelopeFault) {
    #expect(throws: fault) { try scan(text) }
  }

  @Test("a commitment is 32 bytes, not 31 and not 33", arguments: [31, 32, 33])
  func commitLength(length: Int) throws {
    let text = Base64.encode(Array(repeating: 7, count: length))
    let message = "{\"type\":\"commit\",\"payload\":{\"commit_b64\":\"\(text)\"}}"
    if length == 32 {
      #expect(try scan(message) == .commit)
    } else {
      #expect(throws: EnvelopeFault.badCommit) { try scan(message) }
    }
  }

  @Test("may nest to 64 levels and no deeper, in arrays, objects and both")
  func depth() throws {
    func nested(_ levels: Int, _ open: String, _ close: String) -> String {
      "{\"type\":\"packet\",\"a\":" + String(repeating: open, count: levels) + "1"
        + String(repeating: close, count: levels)
        + "}"
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      #expect(try scan(nested(63, open, close)) == .forward)
      #expect(throws: EnvelopeFault.tooDeep) { try scan(nested(64, open, close)) }
    }
    #expect(throws: EnvelopeFault.tooDeep) { try scan(String(repeating: "[", count: 60_000)) }
    #expect(throws: EnvelopeFault.tooDeep) { try scan(String(repeating: "{\"a\":", count: 10_000)) }
    #expect(throws: EnvelopeFault.notAnObject) {
      try scan(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))
    }
  }

  @Test(
    "that is not UTF-8 is told apart from one that is not JSON",
    arguments: [
      [0xFF, 0xFE, 0x7B], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC3, 0x28],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    #expect(throws: EnvelopeFault.notUTF8) { try scan(bytes) }
    #expect(throws: EnvelopeFault.notUTF8) {
      try scan(Array("{\"type\":\"packet\",\"a\":\"".utf8) + bytes + Array("\"}".utf8))
    }
    #expect(throws: EnvelopeFault.notUTF8) { try scan(Array("{\"type\":\"evil\"".utf8) + bytes) }
  }

  /// The reason for strictness: what is accepted is embedded as it stands, and must not break out of its place.
  @Test("once accepted can be embedded, and an independent reader agrees about it", arguments: 0..<20 as Range<UInt64>)
  func acceptedMeansEmbeddable(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\"type\"", ":\"packet\"", "\"a\":1", "1", "-0.5e3", "null", "true",
      "\\u0041", "\\ud83d\\ude00", "é", "\u{0}", " ", "\n", "{\"type\":\"packet\"", "\"payload\":{", "}}", "e9", ".",
    ]
    let whole = #"{"type":"packet","payload":{"a":[1,2.5e3,{"b":"x\u00e9é\n"}],"c":null},"z":[true,false,"",{}]}"#
    var accepted = 0
    for round in 0..<400 {
      var bytes = Array(whole.utf8)
      if round % 2 == 0 {
        bytes = (0..<Int.random(in: 1...8, using: &random)).flatMap { _ in
          Array((pieces.randomElement(using: &random) ?? "").utf8)
        }
      }
      for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: place)
        }
      }
      guard (try? scan(bytes)) != nil else { continue }
      accepted += 1
      let embedded = Array("{\"payload\":{\"msg\":".utf8) + bytes + Array("},\"end\":1}".utf8)
      let object = try JSONSerialization.jsonObject(with: Data(embedded)) as? [String: Any]
      let message = (object?["payload"] as? [String: Any])?["msg"] as? [String: Any]
      #expect(object?["end"] as? Int == 1, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      #expect((object?["payload"] as? [String: Any])?.count == 1, "seed \(seed)")
      #expect(message?["type"] is String, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(accepted > 20, "seed \(seed): the mutations leave something to accept")
  }

  @Test(
    "never reads outside its bytes, whatever is cut off",
    arguments: [#"{"type":"commit","payload":{"commit_b64":"AA\u0041=\ud83d\ude00","é":[1.5e-7,true]}}"#])
  func truncations(text: String) async {
    let bytes = Array(text.utf8)
    for end in 0..<bytes.count {
      let fault = await caught(as: EnvelopeFault.self) { _ = try scan(Array(bytes[..<end])) }
      #expect(fault == .notJSON || fault == .notUTF8, "cut at \(end)")
    }
  }
}
