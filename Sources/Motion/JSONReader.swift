/// A reader for JSON (RFC 8259) that walks a document value by value, without ever holding it as a tree.
///
/// Every failure names the key and the place. Foundation's decoder reports neither for text that is not JSON, nor for
/// numbers that do not fit, and needs many times the memory of the document.
struct JSONReader {
  /// Where and why reading stopped.
  struct Failure: Error, Hashable {
    /// The key, such as `samples[3].ax`; empty at the top.
    var path: String
    /// The line, from 1.
    var line: Int
    /// The byte, from 0.
    var offset: Int
    /// Whether a required value is absent, rather than a present one wrong.
    var isMissing = false
    /// What was found and what was expected.
    var problem: String

    /// Key and place in words.
    var place: String {
      let position = "line \(line), byte \(offset)"
      return path.isEmpty ? position : "key \(path.quotedForError), \(position)"
    }
  }

  private enum Step {
    case key(String)
    case index(Int)
  }

  private static let depthLimit = 64

  private let bytes: [UInt8]
  private var position = 0
  private var path: [Step] = []

  /// Starts reading a document in UTF-8; a byte order mark is skipped.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// Whether an array comes next.
  mutating func isAtArray() -> Bool { peek() == UInt8(ascii: "[") }

  /// Reads an object; `member` is called for each key and must read or skip its value.
  mutating func object(
    _ member: (_ key: String, _ reader: inout JSONReader) throws(Failure) -> Void
  ) throws(Failure) {
    try open("{", "an object")
    if take("}") { return }
    repeat {
      guard peek() == UInt8(ascii: "\"") else { throw fail("has no key where one was expected") }
      let key = try string()
      guard take(":") else { throw fail("has no \":\" after the key \(key.quotedForError), expected one") }
      path.append(.key(key))
      try member(key, &self)
      path.removeLast()
    } while take(",")
    guard take("}") else { throw fail("has neither \",\" nor \"}\" after a value, expected one of them") }
  }

  /// Reads an array; `element` is called for each index and must read or skip its value.
  mutating func array(
    _ element: (_ index: Int, _ reader: inout JSONReader) throws(Failure) -> Void
  ) throws(Failure) {
    try open("[", "an array")
    if take("]") { return }
    var index = 0
    repeat {
      path.append(.index(index))
      try element(index, &self)
      path.removeLast()
      index += 1
    } while take(",")
    guard take("]") else { throw fail("has neither \",\" nor \"]\" after a value, expected one of them") }
  }

  /// Reads a number, which must be finite as a `Double`.
  mutating func number() throws(Failure) -> Double {
    let text = try numberText("a number")
    guard let value = Double(text), value.isFinite else {
      throw fail("is \(text.quotedForError), expected a finite number")
    }
    return value
  }

  /// Reads a whole number.
  mutating func wholeNumber<Value: FixedWidthInteger>(_ type: Value.Type) throws(Failure) -> Value {
    let text = try numberText("a whole number")
    guard let value = Value(text) ?? Double(text).flatMap({ Value(exactly: $0) }) else {
      throw fail("is \(text.quotedForError), expected a whole number of at most \(Value.bitWidth) bits")
    }
    return value
  }

  /// Reads true or false.
  mutating func boolean() throws(Failure) -> Bool {
    skipBlanks()
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    throw fail("has the wrong type, expected true or false")
  }

  /// Takes null, if it comes next.
  mutating func takeNull() -> Bool {
    skipBlanks()
    return takeWord("null")
  }

  /// Reads a string.
  mutating func string() throws(Failure) -> String {
    guard take("\"") else { throw fail("has the wrong type, expected a string") }
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw fail("has a control character in a string, expected it escaped")
      default: text.append(byte)
      }
    }
    throw fail("ends inside a string, expected a quote")
  }

  /// Reads a string, or a number or word as its text.
  mutating func text() throws(Failure) -> String {
    switch peek() {
    case UInt8(ascii: "\""): return try string()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return try boolean() ? "true" : "false"
    default: return try numberText("a string or a number")
    }
  }

  /// Skips a value of any kind.
  mutating func skip() throws(Failure) {
    switch peek() {
    case UInt8(ascii: "{"): try object { (_, reader) throws(Failure) in try reader.skip() }
    case UInt8(ascii: "["): try array { (_, reader) throws(Failure) in try reader.skip() }
    case UInt8(ascii: "n"):
      guard takeNull() else { throw fail("is no value, expected one") }
    default: _ = try text()
    }
  }

  /// Makes sure that nothing but blanks follows.
  mutating func end() throws(Failure) {
    guard peek() == nil else { throw fail("has more text after its end, expected nothing") }
  }

  /// A failure at the present place.
  func fail(_ problem: String, key: String? = nil, isMissing: Bool = false) -> Failure {
    var name = ""
    for step in path + (key.map { [.key($0)] } ?? []) {
      switch step {
      case .key(let key): name += name.isEmpty ? key : ".\(key)"
      case .index(let index): name += "[\(index)]"
      }
    }
    let before = bytes[..<min(position, bytes.count)]
    let line = before.count(where: { $0 == UInt8(ascii: "\n") }) + 1
    return Failure(path: name, line: line, offset: before.count, isMissing: isMissing, problem: problem)
  }

  private mutating func open(_ bracket: Unicode.Scalar, _ what: String) throws(Failure) {
    guard take(bracket) else { throw fail("has the wrong type, expected \(what)") }
    guard path.count < Self.depthLimit else {
      throw fail("is more than \(Self.depthLimit) levels deep, expected fewer")
    }
  }

  private mutating func numberText(_ what: String) throws(Failure) -> String {
    skipBlanks()
    let start = position
    func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
    func at(_ index: Int, _ characters: String) -> Bool {
      index < bytes.count && characters.utf8.contains(bytes[index])
    }

    var end = start
    if at(end, "-") { end += 1 }
    guard isDigit(end) else { throw fail("has the wrong type, expected \(what)") }
    let leadingZero = at(end, "0")
    let whole = end
    while isDigit(end) { end += 1 }
    guard !leadingZero || end == whole + 1 else { throw fail("is a number with a leading zero, expected none") }
    if at(end, ".") {
      guard isDigit(end + 1) else { throw fail("is a number without digits after the point, expected some") }
      end += 1
      while isDigit(end) { end += 1 }
    }
    if at(end, "eE") {
      let digits = at(end + 1, "+-") ? end + 2 : end + 1
      guard isDigit(digits) else { throw fail("is a number without digits in its exponent, expected some") }
      end = digits
      while isDigit(end) { end += 1 }
    }
    position = end
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func escape() throws(Failure) -> [UInt8] {
    guard position < bytes.count else { throw fail("ends inside a string, expected a quote") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = UInt32(try fourHexDigits())
      if (0xD800..<0xDC00).contains(code), takeWord("\\u") {
        let low = UInt32(try fourHexDigits())
        // Anything but a low surrogate leaves a code that is no scalar, and is refused below.
        code = (0xDC00..<0xE000).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : code
      }
      guard let scalar = Unicode.Scalar(code) else { throw fail("has half a surrogate pair, expected both halves") }
      return Array(String(scalar).utf8)
    default:
      throw fail("has an unknown escape in a string, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
    }
  }

  private mutating func fourHexDigits() throws(Failure) -> UInt16 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }),
      let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fail("has an incomplete \\u escape, expected four hexadecimal digits") }
    position += 4
    return value
  }

  private mutating func peek() -> UInt8? {
    skipBlanks()
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  private mutating func takeWord(_ word: String) -> Bool {
    var end = position
    for byte in word.utf8 {
      guard end < bytes.count, bytes[end] == byte else { return false }
      end += 1
    }
    position = end
    return true
  }

  private mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }
}
