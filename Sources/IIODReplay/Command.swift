/// A command of the IIOD text protocol, as libiio 0.x clients send it (`iiod-client.c`, `iiod/lexer.l`).
enum Command: Hashable, Sendable {
  /// Which attributes of a device are meant.
  enum Scope: Hashable, Sendable {
    case device
    case debug
    case buffer
    case channel(String, isOutput: Bool)
  }

  case help
  case exit
  case version
  /// The context as XML.
  case print
  /// How long reading a buffer may wait, in milliseconds; 0 for ever.
  case timeout(milliseconds: Int)
  /// `name` nil: all attributes of the scope.
  case read(device: String, Scope, name: String?)
  /// The value follows the line: `count` bytes.
  case write(device: String, Scope, name: String?, count: Int)
  case triggerOf(device: String)
  /// `trigger` nil: none.
  case setTrigger(device: String, trigger: String?)
  /// How many blocks of scans the kernel keeps.
  case setBuffersCount(device: String, count: Int)
  /// `mask`: 32-bit words, the most significant first.
  case open(device: String, scans: Int, mask: [UInt32], isCyclic: Bool)
  case close(device: String)
  case readBuffer(device: String, bytes: Int)

  /// What a line without its line end says; nil if it says nothing this server knows.
  init?(line: some Collection<UInt8>) {
    guard line.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x09 }) else { return nil }
    let words = String(decoding: line, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" }).map(
      String.init)
    guard let verb = words.first?.uppercased(), let command = Self.parse(verb, Array(words.dropFirst())) else {
      return nil
    }
    self = command
  }

  private static func parse(_ verb: String, _ words: [String]) -> Command? {
    switch (verb, words.count) {
    case ("HELP", 0): return .help
    case ("EXIT", 0): return .exit
    case ("VERSION", 0): return .version
    case ("PRINT", 0): return .print
    case ("TIMEOUT", 1): return number(words[0], upTo: Int(UInt32.max)).map { .timeout(milliseconds: $0) }
    case ("READ", 1...):
      guard let (scope, rest) = scope(words.dropFirst()), rest.count <= 1 else { return nil }
      return .read(device: words[0], scope, name: rest.first)
    case ("WRITE", 2...):
      guard let count = number(words[words.count - 1], upTo: Int.max),
        let (scope, rest) = scope(words.dropFirst().dropLast()), rest.count <= 1
      else { return nil }
      return .write(device: words[0], scope, name: rest.first, count: count)
    case ("GETTRIG", 1): return .triggerOf(device: words[0])
    case ("SETTRIG", 1...2): return .setTrigger(device: words[0], trigger: words.count == 2 ? words[1] : nil)
    case ("SET", 3) where words[1].uppercased() == "BUFFERS_COUNT":
      return number(words[2], upTo: Int.max).map { .setBuffersCount(device: words[0], count: $0) }
    case ("OPEN", 3...4):
      guard let scans = number(words[1], upTo: Int.max), let mask = mask(words[2]) else { return nil }
      guard words.count == 3 || words[3].uppercased() == "CYCLIC" else { return nil }
      return .open(device: words[0], scans: scans, mask: mask, isCyclic: words.count == 4)
    case ("CLOSE", 1): return .close(device: words[0])
    case ("READBUF", 2): return number(words[1], upTo: Int.max).map { .readBuffer(device: words[0], bytes: $0) }
    default: return nil
    }
  }

  /// Takes the words that name a scope off the front.
  private static func scope(_ words: ArraySlice<String>) -> (Scope, ArraySlice<String>)? {
    switch words.first {
    case "DEBUG": return (.debug, words.dropFirst())
    case "BUFFER": return (.buffer, words.dropFirst())
    case "INPUT", "OUTPUT":
      guard let channel = words.dropFirst().first else { return nil }
      return (.channel(channel, isOutput: words.first == "OUTPUT"), words.dropFirst(2))
    default: return (.device, words)
    }
  }

  private static func number(_ text: String, upTo limit: Int) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text), value <= limit else {
      return nil
    }
    return value
  }

  private static func mask(_ text: String) -> [UInt32]? {
    let digits = Array(text.utf8)
    let isHexadecimal = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    guard isHexadecimal, !digits.isEmpty, digits.count % 8 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 8).map { start in
      UInt32(String(decoding: digits[start..<start + 8], as: UTF8.self), radix: 16) ?? 0
    }
  }
}
