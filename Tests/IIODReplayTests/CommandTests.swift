import Testing

@testable import IIODReplay

@Suite("Commands")
struct CommandTests {
  static let known: [(String, Command)] = [
    ("HELP", .help), ("EXIT", .exit), ("VERSION", .version), ("PRINT", .print), ("version", .version),
    ("TIMEOUT 2500", .timeout(milliseconds: 2500)), ("TIMEOUT 4294967295", .timeout(milliseconds: 4_294_967_295)),
    ("READ iio:device0 sampling_frequency", .read(device: "iio:device0", .device, name: "sampling_frequency")),
    ("READ iio:device0", .read(device: "iio:device0", .device, name: nil)),
    ("READ d DEBUG direct_reg_access", .read(device: "d", .debug, name: "direct_reg_access")),
    ("READ d BUFFER watermark", .read(device: "d", .buffer, name: "watermark")),
    ("READ d INPUT accel_x scale", .read(device: "d", .channel("accel_x", isOutput: false), name: "scale")),
    ("READ d OUTPUT voltage0 raw", .read(device: "d", .channel("voltage0", isOutput: true), name: "raw")),
    ("READ d INPUT accel_x", .read(device: "d", .channel("accel_x", isOutput: false), name: nil)),
    ("WRITE d sampling_frequency 4", .write(device: "d", .device, name: "sampling_frequency", count: 4)),
    ("WRITE d INPUT a scale 9", .write(device: "d", .channel("a", isOutput: false), name: "scale", count: 9)),
    ("WRITE d 12", .write(device: "d", .device, name: nil, count: 12)),
    ("GETTRIG d", .triggerOf(device: "d")), ("SETTRIG d", .setTrigger(device: "d", trigger: nil)),
    ("SETTRIG d trigger0", .setTrigger(device: "d", trigger: "trigger0")),
    ("SET d BUFFERS_COUNT 8", .setBuffersCount(device: "d", count: 8)),
    ("OPEN d 256 0000007f", .open(device: "d", scans: 256, mask: [0x7F], isCyclic: false)),
    ("OPEN d 256 0000000100000080 CYCLIC", .open(device: "d", scans: 256, mask: [1, 0x80], isCyclic: true)),
    ("CLOSE d", .close(device: "d")), ("READBUF d 6144", .readBuffer(device: "d", bytes: 6144)),
    ("  READBUF \t d   1 ", .readBuffer(device: "d", bytes: 1)),
  ]

  @Test("are told from their lines", arguments: known.indices)
  func parses(_ index: Int) {
    #expect(Command(line: Array(Self.known[index].0.utf8)) == Self.known[index].1)
  }

  @Test(
    "are nothing else",
    arguments: [
      "", " ", "NOTHING", "ZPRINT", "BINARY", "TIMEOUT", "TIMEOUT -1", "TIMEOUT 4294967296", "TIMEOUT 1 2",
      "TIMEOUT +1",
      "READ", "READ d INPUT", "READ d a b", "READ d INPUT c a b", "WRITE d", "WRITE d a", "WRITE d a -1",
      "WRITE d a 99999999999999999999", "WRITE d a b 3", "GETTRIG", "SETTRIG", "SETTRIG a b c", "SET d BUFFERS_COUNT",
      "SET d OTHER 4", "SET d BUFFERS_COUNT x", "OPEN d 256", "OPEN d 256 7f", "OPEN d 256 0000007g",
      "OPEN d 256 -000007f", "OPEN d x 0000007f", "OPEN d 256 0000007f cycle", "OPEN d 1 0000007f CYCLIC 1", "CLOSE",
      "CLOSE a b", "READBUF d", "READBUF d -5", "READBUF d 1e3", "WRITEBUF d 24", "VERSION 1", "PRINT\u{7}",
      "VERSI\u{F6}N",
    ])
  func refuses(_ line: String) {
    #expect(Command(line: Array(line.utf8)) == nil)
  }
}

@Suite("Cutting what a client sends into commands")
struct CommandReaderTests {
  func items(_ parts: [[UInt8]]) -> [CommandReader.Item] {
    var reader = CommandReader()
    var items: [CommandReader.Item] = []
    for part in parts {
      reader.append(part)
      while let item = reader.next() { items.append(item) }
    }
    return items
  }

  static let talk =
    "VERSION\r\nNONSENSE\r\n\r\nWRITE d INPUT a scale 6\r\n0.5\r\n\0OPEN d 256 0000007f\nREADBUF d 24\r\n"
    + String(repeating: "x", count: 3000) + "\nWRITE d a 5000\r\n" + String(repeating: "y", count: 5000)
    + "WRITE d a 0\r\nCLOSE d\r\n"
  static let expected: [CommandReader.Item] = [
    .command(.version, payload: []), .malformed,
    .command(
      .write(device: "d", .channel("a", isOutput: false), name: "scale", count: 6), payload: Array("0.5\r\n\0".utf8)),
    .command(.open(device: "d", scans: 256, mask: [0x7F], isCyclic: false), payload: []),
    .command(.readBuffer(device: "d", bytes: 24), payload: []), .malformed, .malformed,
    .command(.write(device: "d", .device, name: "a", count: 0), payload: []),
    .command(.close(device: "d"), payload: []),
  ]

  @Test("does not depend on how it is cut into packets")
  func everySplit() {
    let bytes = Array(Self.talk.utf8)
    #expect(items([bytes]) == Self.expected)
    #expect(items(bytes.map { [$0] }) == Self.expected)
    for cut in bytes.indices { #expect(items([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.expected) }
  }

  @Test("gives nothing of a command whose end has not come")
  func truncated() {
    for text in ["VERSION", "VERSION\r", "WRITE d a 4\r\n123", "WRITE d a 4\r\n"] {
      var reader = CommandReader()
      reader.append(Array(text.utf8))
      #expect(reader.next() == nil)
      #expect(reader.isInsideCommand)
    }
    var reader = CommandReader()
    reader.append(Array("VERSION\r\n".utf8))
    #expect(reader.next() != nil)
    #expect(!reader.isInsideCommand)
  }

  @Test("keeps nothing of lines and values that are too long")
  func bounded() {
    var reader = CommandReader()
    for _ in 0..<1000 {
      reader.append([UInt8](repeating: 0x41, count: 1000))
      #expect(reader.next() == nil)
      #expect(reader.buffered <= CommandReader.lineLimit + 1)
    }
    reader.append([0x0A])
    #expect(reader.next() == .malformed)
    reader.append(Array("WRITE d a \(Int.max)\r\n".utf8))
    for _ in 0..<1000 {
      reader.append([UInt8](repeating: 0x0A, count: 1000))
      #expect(reader.next() == nil)
      #expect(reader.buffered == 0)
    }
  }

  @Test("takes the longest line, and not one longer")
  func longest() {
    let longest = "READ d " + String(repeating: "a", count: CommandReader.lineLimit - 7)
    for end in ["\n", "\r\n"] {
      #expect(items([Array((longest + end).utf8)]).first != .malformed)
      #expect(items([Array((longest + "a" + end).utf8)]) == [.malformed])
    }
  }

  @Test("survives garbage, and understands what follows it")
  func garbage() {
    var random = TestRandom(seed: 3)
    for _ in 0..<300 {
      var bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      bytes.append(0x0A)
      // Never the beginning of a value, which would swallow the line.
      #expect(items([bytes, Array("VERSION\r\n".utf8)]).last == .command(.version, payload: []))
    }
  }
}
