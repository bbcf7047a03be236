/// A strict reader of JSON text (RFC 8259) that checks everything and builds nothing.
///
/// It never recurses and never allocates, so neither nesting nor size of hostile text costs more than one pass. Beyond
/// the RFC it refuses nesting deeper than ``maximumDepth``, and escapes of half a surrogate pair (RFC 7493 section 2.1):
/// the text is handed on as it is, and readers differ in what they make of those.
struct JSONCursor {
  /// Levels of arrays and objects in one text.
  static let maximumDepth = 64

  enum Fault: Error {
    case malformed
    case tooDeep
  }

  /// Where a value or the characters of a string lie in the text.
  struct Span {
    var range: Range<Int>
    /// For a string: whether it contains escapes.
    var escaped = false
    var isString = false
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var index: Int
  private let end: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>) {
    self.bytes = bytes
    index = range.lowerBound
    end = range.upperBound
  }

  /// The byte at the cursor; 0, which is nowhere valid in JSON, at the end.
  var current: UInt8 { index < end ? bytes[index] : 0 }

  var isAtEnd: Bool { index >= end }

  mutating func skipSpace() {
    while index < end {
      switch bytes[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return
      }
    }
  }

  /// Takes `byte` or throws.
  mutating func take(_ byte: UInt8) throws(Fault) {
    guard index < end, bytes[index] == byte else { throw .malformed }
    index += 1
  }

  /// Takes `byte` if it is next.
  mutating func takeIf(_ byte: UInt8) -> Bool {
    guard index < end, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  /// Reads one value that lies `depth` levels deep.
  /// - Returns: where it lies; for a string, its characters without the quotes.
  mutating func value(atDepth depth: Int) throws(Fault) -> Span {
    if current == UInt8(ascii: "\"") { return try string() }
    let start = index
    try skipValue(atDepth: depth)
    return Span(range: start..<index)
  }

  /// Reads a string.
  mutating func string() throws(Fault) -> Span {
    try take(UInt8(ascii: "\""))
    let start = index
    var escaped = false
    while index < end {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        index += 1
        return Span(range: start..<index - 1, escaped: escaped, isString: true)
      } else if byte == UInt8(ascii: "\\") {
        escaped = true
        _ = try escape()
      } else if byte >= 0x80 {
        let length = UTF8Check.sequenceLength(bytes, at: index, end: end)
        guard length > 0 else { throw .malformed }
        index += length
      } else if byte < 0x20 {
        throw .malformed
      } else {
        index += 1
      }
    }
    throw .malformed
  }

  /// Reads one escape and returns the character it stands for.
  private mutating func escape() throws(Fault) -> Unicode.Scalar {
    index += 1
    let letter = current
    index += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw .malformed
    }
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xDC00 else { throw .malformed }
    try take(UInt8(ascii: "\\"))
    try take(UInt8(ascii: "u"))
    let low = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw .malformed }
    return scalar
  }

  private mutating func hexadecimal() throws(Fault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      let digit = current
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
      default: throw .malformed
      }
      index += 1
    }
    return value
  }

  /// The characters of a string that was read, with its escapes resolved, as UTF-8.
  static func characters(of span: Span, in bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    guard span.escaped else { return Array(bytes[span.range]) }
    var cursor = JSONCursor(bytes, in: span.range)
    var result: [UInt8] = []
    while !cursor.isAtEnd {
      if cursor.current == UInt8(ascii: "\\") {
        // The string was read once already, so its escapes are sound; stop all the same if one is not.
        guard let scalar = try? cursor.escape() else { return [] }
        result.append(contentsOf: Array(String(Character(scalar)).utf8))
      } else {
        result.append(cursor.current)
        cursor.index += 1
      }
    }
    return result
  }

  /// Whether a string that was read says `text`, escapes resolved. It costs no more than `text` is long.
  static func string(_ span: Span, in bytes: UnsafeBufferPointer<UInt8>, equals text: StaticString) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    if !span.escaped {
      guard span.range.count == wanted.count else { return false }
      var offset = 0
      while offset < wanted.count {
        if bytes[span.range.lowerBound + offset] != wanted[offset] { return false }
        offset += 1
      }
      return true
    }
    var cursor = JSONCursor(bytes, in: span.range)
    var offset = 0
    while !cursor.isAtEnd {
      if cursor.current == UInt8(ascii: "\\") {
        // The string was read once already, so its escapes are sound; nothing is equal to one that is not.
        guard let scalar = try? cursor.escape() else { return false }
        for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
          guard offset < wanted.count, unit == wanted[offset] else { return false }
          offset += 1
        }
      } else {
        guard offset < wanted.count, cursor.current == wanted[offset] else { return false }
        offset += 1
        cursor.index += 1
      }
    }
    return offset == wanted.count
  }

  /// Passes over one value of any kind. Which of the open levels are objects is one bit each.
  private mutating func skipValue(atDepth outer: Int) throws(Fault) {
    var levels = 0
    var objects: UInt64 = 0
    repeat {
      switch current {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let isObject = current == UInt8(ascii: "{")
        guard outer + levels < Self.maximumDepth else { throw .tooDeep }
        index += 1
        levels += 1
        objects = objects << 1 | (isObject ? 1 : 0)
        skipSpace()
        if current != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          if isObject { try key() }
          continue
        }
      case UInt8(ascii: "\""): _ = try string()
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
      case UInt8(ascii: "t"): try literal("true")
      case UInt8(ascii: "f"): try literal("false")
      case UInt8(ascii: "n"): try literal("null")
      default: throw .malformed
      }
      // A value has ended; so may the levels around it.
      while levels > 0 {
        skipSpace()
        let isObject = objects & 1 == 1
        if takeIf(UInt8(ascii: ",")) {
          skipSpace()
          if isObject { try key() }
          break
        }
        try take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        levels -= 1
        objects >>= 1
      }
    } while levels > 0
  }

  private mutating func key() throws(Fault) {
    _ = try string()
    skipSpace()
    try take(UInt8(ascii: ":"))
    skipSpace()
  }

  private mutating func number() throws(Fault) {
    _ = takeIf(UInt8(ascii: "-"))
    if !takeIf(UInt8(ascii: "0")) { try digits() }
    if takeIf(UInt8(ascii: ".")) { try digits() }
    if current | 0x20 == UInt8(ascii: "e") {
      index += 1
      if !takeIf(UInt8(ascii: "+")) { _ = takeIf(UInt8(ascii: "-")) }
      try digits()
    }
  }

  private mutating func digits() throws(Fault) {
    let start = index
    while index < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
    guard index > start else { throw .malformed }
  }

  private mutating func literal(_ text: StaticString) throws(Fault) {
    for offset in 0..<text.utf8CodeUnitCount { try take(text.utf8Start[offset]) }
  }
}
