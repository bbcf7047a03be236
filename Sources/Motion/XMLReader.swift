/// A reader for the part of XML 1.0 that libiio's contexts use: elements with attributes.
///
/// Comments, processing instructions, CDATA sections, text and the document type are skipped. There are the five
/// predefined entities and character references, and no others: a document that declares entities is refused, so
/// nothing can expand, and nothing outside the document is ever looked at.
///
/// Foundation's `XMLParser` is no choice here: on Linux it dereferences a null pointer at the first attribute that a
/// document type declares without default, and every document that `iio_genxml` prints has such a document type.
struct XMLReader {
  /// A start tag or an end tag. An empty element gives both.
  enum Token: Hashable {
    case start(name: String, attributes: [String: String], line: Int)
    case end(name: String, line: Int)
  }

  /// Where and why a document is not well-formed.
  struct Failure: Error, Hashable {
    /// The line, from 1.
    var line: Int
    /// What was found and what was expected.
    var problem: String
  }

  private static let depthLimit = 16
  private static let elementLimit = 100_000
  private static let attributeLimit = 64

  private let bytes: [UInt8]
  private var position: Int
  private var line = 1
  private var open: [String] = []
  private var elements = 0
  private var pendingEnd = false

  /// Starts reading a document, which must be UTF-8; a byte order mark is skipped.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next tag; nil at the end of a complete document.
  mutating func next() throws(Failure) -> Token? {
    if pendingEnd {
      pendingEnd = false
      return .end(name: open.removeLast(), line: line)
    }
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        guard !open.isEmpty || Self.isBlank(bytes[position]) else {
          throw fail("text outside the root element, expected a tag")
        }
        advance()
        continue
      }
      if skip("<!--") {
        try skipPast("-->", inside: "comment")
      } else if skip("<?") {
        try skipPast("?>", inside: "processing instruction")
      } else if skip("<![CDATA[") {
        guard !open.isEmpty else { throw fail("text outside the root element, expected a tag") }
        try skipPast("]]>", inside: "CDATA section")
      } else if skip("<!DOCTYPE") {
        guard elements == 0 else { throw fail("document type after the root element, expected it before") }
        try skipDocumentType()
      } else if skip("</") {
        return try endTag()
      } else {
        advance()
        return try startTag()
      }
    }
    guard open.isEmpty, elements > 0 else {
      throw fail(
        open.last.map { "the document ends inside \($0.quotedForError), expected its end tag" }
          ?? "the document has no element, expected one")
    }
    return nil
  }

  private mutating func startTag() throws(Failure) -> Token {
    let start = line
    let name = try self.name("element")
    guard !open.isEmpty || elements == 0 else {
      throw fail("second root element \(name.quotedForError), expected the end of the document")
    }
    elements += 1
    guard open.count < Self.depthLimit, elements <= Self.elementLimit else {
      throw fail("more than \(Self.depthLimit) levels or \(Self.elementLimit) elements, expected fewer")
    }
    open.append(name)
    var attributes: [String: String] = [:]
    while true {
      let separated = skipBlanks()
      if skip(">") { return .start(name: name, attributes: attributes, line: start) }
      if skip("/>") {
        pendingEnd = true
        return .start(name: name, attributes: attributes, line: start)
      }
      guard separated else {
        throw fail("unexpected character in tag \(name.quotedForError), expected a blank or \">\"")
      }
      let key = try self.name("attribute")
      skipBlanks()
      guard skip("=") else { throw fail("attribute \(key.quotedForError) without \"=\", expected a value") }
      skipBlanks()
      let value = try attributeValue(of: key)
      guard attributes.updateValue(value, forKey: key) == nil else {
        throw fail("attribute \(key.quotedForError) twice in one tag, expected it once")
      }
      guard attributes.count <= Self.attributeLimit else {
        throw fail("more than \(Self.attributeLimit) attributes in one tag, expected fewer")
      }
    }
  }

  private mutating func endTag() throws(Failure) -> Token {
    let name = try self.name("element")
    skipBlanks()
    guard skip(">") else { throw fail("end tag of \(name.quotedForError) without \">\", expected one") }
    guard let expected = open.last else {
      throw fail("end tag of \(name.quotedForError) outside any element, expected none")
    }
    guard expected == name else {
      throw fail("end tag of \(name.quotedForError), expected that of \(expected.quotedForError)")
    }
    open.removeLast()
    return .end(name: name, line: line)
  }

  private mutating func name(_ what: String) throws(Failure) -> String {
    let start = position
    while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
    guard position > start, !"-.0123456789".utf8.contains(bytes[start]) else {
      throw fail("no name of an \(what) where one was expected")
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func attributeValue(of key: String) throws(Failure) -> String {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'") else {
      throw fail("value of \(key.quotedForError) without quotes, expected quotes")
    }
    let quote = bytes[position]
    advance()
    var value: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        advance()
        return String(decoding: value, as: UTF8.self)
      }
      switch byte {
      case UInt8(ascii: "<"):
        throw fail("\"<\" in the value of \(key.quotedForError), expected \"&lt;\"")
      case UInt8(ascii: "&"):
        value += try reference()
      case 0..<0x20 where !Self.isBlank(byte):
        throw fail("a control character in the value of \(key.quotedForError), expected none")
      default:
        // Tabs and line ends become blanks, as XML says of attributes.
        value.append(Self.isBlank(byte) ? UInt8(ascii: " ") : byte)
        advance()
      }
    }
    throw fail("the document ends inside the value of \(key.quotedForError), expected a quote")
  }

  private mutating func reference() throws(Failure) -> [UInt8] {
    let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";"))
    let body = end.map { String(decoding: bytes[(position + 1)..<$0], as: UTF8.self) } ?? ""
    let predefined: [String: UInt8] = [
      "lt": UInt8(ascii: "<"), "gt": UInt8(ascii: ">"), "amp": UInt8(ascii: "&"), "quot": UInt8(ascii: "\""),
      "apos": UInt8(ascii: "'"),
    ]
    var result = predefined[body].map { [$0] }
    if body.hasPrefix("#") {
      let digits = body.dropFirst(body.hasPrefix("#x") ? 2 : 1)
      // No sign: `UInt32` would accept a leading plus.
      let code = digits.first == "+" ? nil : UInt32(digits, radix: body.hasPrefix("#x") ? 16 : 10)
      let isControl = code.map { $0 < 0x20 && ![9, 10, 13].contains($0) } ?? true
      if !isControl, let scalar = code.flatMap(Unicode.Scalar.init) { result = Array(String(scalar).utf8) }
    }
    guard let result, let end else {
      throw fail(
        "reference \("&\(body)".quotedForError), expected &lt; &gt; &amp; &quot; &apos; or a character's number")
    }
    position = end + 1
    return result
  }

  private mutating func skipDocumentType() throws(Failure) {
    var brackets = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "<"):
        guard !matches("<!ENTITY") else { throw fail("the document type declares an entity, expected none") }
        if skip("<!--") { try skipPast("-->", inside: "comment") } else { advance() }
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let quote = String(UnicodeScalar(bytes[position]))
        advance()
        try skipPast(quote, inside: "document type")
      case UInt8(ascii: ">") where brackets <= 0:
        advance()
        return
      case let byte:
        brackets += byte == UInt8(ascii: "[") ? 1 : byte == UInt8(ascii: "]") ? -1 : 0
        advance()
      }
    }
    throw fail("the document ends inside the document type, expected \">\"")
  }

  private mutating func skipPast(_ mark: String, inside what: String) throws(Failure) {
    let first = mark.utf8.first
    while position < bytes.count {
      if bytes[position] == first, skip(mark) { return }
      advance()
    }
    throw fail("the document ends inside a \(what), expected \(mark.quotedForError)")
  }

  private mutating func advance() {
    if bytes[position] == UInt8(ascii: "\n") { line += 1 }
    position += 1
  }

  private func matches(_ text: String) -> Bool {
    var index = position
    for byte in text.utf8 {
      guard index < bytes.count, bytes[index] == byte else { return false }
      index += 1
    }
    return true
  }

  private mutating func skip(_ text: String) -> Bool {
    guard matches(text) else { return false }
    position += text.utf8.count
    return true
  }

  @discardableResult
  private mutating func skipBlanks() -> Bool {
    let start = position
    while position < bytes.count, Self.isBlank(bytes[position]) { advance() }
    return position > start
  }

  private func fail(_ problem: String) -> Failure { Failure(line: line, problem: problem) }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...:
      return true
    default:
      return false
    }
  }
}
