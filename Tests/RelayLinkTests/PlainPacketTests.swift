import Testing

@testable import RelayLink

@Suite("Packets that are recognised without a parser")
struct PlainPacketTests {
  private static func forwarded(_ message: [UInt8], from role: String = "bob") -> [UInt8] {
    Array(#"{"type":"relay","proto":"TACCV2","ver":4,"payload":{"from":"\#(role)","msg":"#.utf8) + message
      + Array("}}".utf8)
  }

  @Test(
    "what this client sends and a relay forwards is recognised, whatever the bytes", arguments: [1, 2, 3, 64, 16_384])
  func recognised(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
    let text = Self.forwarded(RelayMessage.packet(bytes))
    #expect(PlainPacket(from: .bob).bytes(in: text) == bytes)
    // The parser says the same.
    var interpreter = SessionInterpreter(sessionCode: "ABCDEFGH", role: .alice)
    _ = interpreter.interpret(
      Array(
        #"{"type":"hello","payload":{"session_code":"ABCDEFGH","role":"alice","session_id_b64":"AAAAAAAAAAAAAAAAAAAAAA==","expires_at":1}}"#
          .utf8))
    let spaced =
      Array(#"{ "type":"relay","proto":"TACCV2","ver":4,"payload":{"from":"bob","msg":"#.utf8)
      + RelayMessage.packet(bytes) + Array("}}".utf8)
    for form in [text, spaced] {
      guard case .event(.packet(let got)) = interpreter.interpret(form) else {
        Issue.record("not a packet")
        continue
      }
      #expect(got == bytes)
    }
  }

  @Test("anything else is left to the parser")
  func others() {
    let plain = PlainPacket(from: .bob)
    let good = Self.forwarded(RelayMessage.packet([1, 2, 3]))
    #expect(plain.bytes(in: Self.forwarded(RelayMessage.packet([1]), from: "alice")) == nil)
    #expect(plain.bytes(in: Array(good.dropLast())) == nil)
    #expect(plain.bytes(in: good + [0x20]) == nil)
    #expect(plain.bytes(in: Self.forwarded(RelayMessage.packet([UInt8](repeating: 1, count: 16_385)))) == nil)
    #expect(plain.bytes(in: Self.forwarded(RelayMessage.packet([]))) == nil)
    for (index, byte) in good.enumerated() where !"AQID".utf8.contains(byte) {
      var bad = good
      bad[index] = UInt8(ascii: "\\")
      #expect(plain.bytes(in: bad) == nil, "byte \(index)")
    }
    #expect(plain.bytes(in: []) == nil)
  }

  @Test("masking eight bytes at a time is masking each", arguments: 0..<40)
  func masks(count: Int) {
    let payload = (0..<count).map { UInt8($0 &* 5) }
    let mask: UInt32 = 0x1234_ABCD
    var frame: [UInt8] = [9]
    ClientFrame.append(.text, payload, mask: mask, to: &frame)
    let key: [UInt8] = [0x12, 0x34, 0xAB, 0xCD]
    #expect(Array(frame.dropFirst(7)) == payload.enumerated().map { $1 ^ key[$0 % 4] })
    #expect(Array(frame[3..<7]) == key)
  }
}
