import Testing

@testable import RelayLink

@Suite("WebSocket frames") struct FrameTests {
  @Test("The masked 'Hello' of RFC 6455, section 5.7")
  func vector() {
    var bytes: [UInt8] = []
    ClientFrame.append(.text, Array("Hello".utf8), mask: 0x37FA_213D, to: &bytes)
    #expect(bytes == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
  }

  @Test("The shortest of the three lengths is used", arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 70_001])
  func lengths(count: Int) {
    var bytes: [UInt8] = [0xEE]
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    ClientFrame.append(.text, payload, mask: 0x0102_0304, to: &bytes)
    let head: [UInt8] =
      switch count {
      case ...125: [0x80 | UInt8(count)]
      case ...65_535: [0xFE, UInt8(count >> 8), UInt8(count & 0xFF)]
      default: [0xFF, 0, 0, 0, 0, 0, UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
      }
    let expected: [UInt8] = [0xEE, 0x81] + head + [1, 2, 3, 4]
    #expect(Array(bytes.prefix(expected.count)) == expected)
    let unmasked = bytes.dropFirst(expected.count).enumerated().map { $1 ^ UInt8($0 % 4 + 1) }
    #expect(unmasked == payload)
  }

  @Test("Control frames stay within 125 bytes")
  func controls() {
    var bytes: [UInt8] = []
    ClientFrame.append(.pong, [UInt8](repeating: 7, count: 300), mask: 0, to: &bytes)
    #expect(bytes.count == 6 + 125)
    #expect(bytes[1] == 0x80 | 125)
    let payload = ClientFrame.closePayload(code: 1001, reason: String(repeating: "é", count: 100))
    #expect(payload.prefix(2) == [0x03, 0xE9])
    #expect(payload.count == 124)
    #expect(String(validating: payload.dropFirst(2), as: UTF8.self) != nil)
  }
}

@Suite("Joining pieces into messages") struct MessageAssemblerTests {
  typealias Piece = MessageAssembler.Piece

  @Test("Messages survive any division into frames and pieces, with control frames in between")
  func division() throws {
    let seed = UInt64.random(in: .min ... .max)
    var generator = SeededGenerator(seed: seed)
    var assembler = MessageAssembler()
    for _ in 0..<100 {
      let message = generator.bytes(Int.random(in: 0...3000, using: &generator))
      var rest = message[...]
      var result: MessageAssembler.Message?
      repeat {
        var frame = rest.prefix(Int.random(in: 0...rest.count, using: &generator))
        rest = rest.dropFirst(frame.count)
        let isFinal = rest.isEmpty
        repeat {
          #expect(result == nil, "seed \(seed)")
          if Bool.random(using: &generator) {
            let ping = generator.bytes(Int.random(in: 0...125, using: &generator))
            let cut = Int.random(in: 0...ping.count, using: &generator)
            if cut < ping.count {
              let early = try assembler.append(
                ping[..<cut], of: Piece(kind: .ping, isFinal: true, bytesLeft: Int64(ping.count - cut)))
              #expect(early == nil, "seed \(seed)")
              let late = try assembler.append(ping[cut...], of: Piece(kind: .ping, isFinal: true, bytesLeft: 0))
              #expect(late == .ping(ping), "seed \(seed)")
            }
          }
          let piece = frame.prefix(Int.random(in: min(1, frame.count)...frame.count, using: &generator))
          frame = frame.dropFirst(piece.count)
          result = try assembler.append(
            piece, of: Piece(kind: .text, isFinal: isFinal, bytesLeft: Int64(frame.count)))
        } while !frame.isEmpty
      } while !rest.isEmpty
      #expect(result == .text(message), "seed \(seed)")
    }
  }

  @Test("A message's size is judged by its frame heads", arguments: [Int64(98_304), 1 << 40, .max, -1])
  func oversize(bytesLeft: Int64) {
    var assembler = MessageAssembler()
    #expect(throws: MessageAssembler.Failure.tooLarge) {
      try assembler.append([1], of: Piece(kind: .text, isFinal: true, bytesLeft: bytesLeft))
    }
  }

  @Test("Many small fragments count together")
  func fragments() throws {
    var assembler = MessageAssembler()
    let fragment = [UInt8](repeating: 0x20, count: 1024)
    for _ in 0..<96 {
      #expect(try assembler.append(fragment, of: Piece(kind: .text, isFinal: false, bytesLeft: 0)) == nil)
    }
    #expect(throws: MessageAssembler.Failure.tooLarge) {
      try assembler.append([1], of: Piece(kind: .text, isFinal: true, bytesLeft: 0))
    }
  }

  @Test("The largest message is accepted")
  func largest() throws {
    var assembler = MessageAssembler()
    let message = [UInt8](repeating: 0x20, count: MessageAssembler.maximumMessageSize)
    #expect(try assembler.append(message, of: Piece(kind: .text, isFinal: true, bytesLeft: 0)) == .text(message))
  }

  @Test("Close frames: none, code, code and reason; a single byte is malformed")
  func close() throws {
    func close(_ payload: [UInt8]) throws -> MessageAssembler.Message? {
      var assembler = MessageAssembler()
      return try assembler.append(payload, of: Piece(kind: .close, isFinal: true, bytesLeft: 0))
    }
    #expect(try close([]) == .close(code: nil, reason: ""))
    #expect(try close([0x03, 0xF0]) == .close(code: 1008, reason: ""))
    #expect(try close([0x03, 0xF0] + Array("no\u{1B}[31m".utf8)) == .close(code: 1008, reason: "no?[31m"))
    #expect(throws: MessageAssembler.Failure.malformedControl) { try close([3]) }
    #expect(throws: MessageAssembler.Failure.malformedControl) { try close([UInt8](repeating: 3, count: 126)) }
  }
}
