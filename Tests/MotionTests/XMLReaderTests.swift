import Testing

@testable import Motion

@Suite("The XML reader")
struct XMLReaderTests {
  static func tokens(_ text: String) throws -> [XMLReader.Token] {
    var reader = XMLReader(Array(text.utf8))
    var tokens: [XMLReader.Token] = []
    while let token = try reader.next() { tokens.append(token) }
    return tokens
  }

  @Test("gives tags with attributes, references resolved, and lines")
  func tags() throws {
    let text = """
      \u{FEFF}<?xml version="1.0"?>
      <!-- a < comment > -->
      <!DOCTYPE a [<!ELEMENT a (b)> <!ATTLIST b c CDATA "]>"> <!-- ]> -->]>
      <a one='1' two = "&lt;&#62;&#x26;&quot;&apos;é">text &unknown; <![CDATA[<x>]]>
      <b/><?pi?></a >

      """
    #expect(
      try Self.tokens(text) == [
        .start(name: "a", attributes: ["one": "1", "two": "<>&\"'é"], line: 4),
        .start(name: "b", attributes: [:], line: 5), .end(name: "b", line: 5), .end(name: "a", line: 5),
      ])
  }

  @Test("turns line ends inside values into blanks, and counts them")
  func lineEnds() throws {
    #expect(
      try Self.tokens("<a x='1\n\t2'\n><b/></a>") == [
        .start(name: "a", attributes: ["x": "1  2"], line: 1), .start(name: "b", attributes: [:], line: 3),
        .end(name: "b", line: 3), .end(name: "a", line: 3),
      ])
  }

  @Test(
    "refuses what is not well-formed, and says on which line",
    arguments: [
      ("", 1, "no element"), ("\n\n", 3, "no element"), ("text", 1, "outside"), ("<a>", 1, "ends inside"),
      ("<a>\n</b>", 2, "expected that of"), ("<a/>\n<b/>", 2, "second root"), ("<a/></a>", 1, "outside any element"),
      ("<a x/>", 1, "without \"=\""), ("<a x=1/>", 1, "quotes"), ("<a x='1' x='2'/>", 1, "twice"),
      ("<a x='<'/>", 1, "&lt;"),
      ("<a x='\u{1}'/>", 1, "control"),
      ("<a x='&e;'/>", 1, "reference"), ("<a x='&#0;'/>", 1, "reference"), ("<a x='&#xD800;'/>", 1, "reference"),
      ("<a x='&#+65;'/>", 1, "reference"), ("<a x='&#99999999999;'/>", 1, "reference"), ("<a x='&", 1, "reference"),
      ("<a x='1'y='2'/>", 1, "expected a blank"), ("<a x='1", 1, "ends inside the value"), ("<", 1, "no name"),
      ("< a/>", 1, "no name"),
      ("<1/>", 1, "no name"), ("</a>", 1, "outside any element"), ("<a/>x", 1, "outside"), ("<!-- ", 1, "comment"),
      ("<?xml", 1, "processing instruction"), ("<a><![CDATA[", 1, "CDATA"), ("<![CDATA[]]><a/>", 1, "outside"),
      ("<!DOCTYPE a [", 1, "document type"), ("<a/><!DOCTYPE a>", 1, "after the root"),
      ("<!DOCTYPE a [\n<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a/>", 2, "entity"), ("<a x", 1, "without"),
      ("<a", 1, "unexpected"),
    ])
  func malformed(text: String, line: Int, expected: String) {
    let failure = thrown(XMLReader.Failure.self) { _ = try Self.tokens(text) }
    #expect(failure?.line == line)
    #expect(failure?.problem.contains(expected) == true, "\(failure?.problem ?? "")")
  }

  @Test("limits depth, elements and attributes")
  func limits() throws {
    #expect(try Self.tokens(String(repeating: "<a>", count: 16) + String(repeating: "</a>", count: 16)).count == 32)
    #expect(throws: XMLReader.Failure.self) { _ = try Self.tokens(String(repeating: "<a>", count: 1_000_000)) }
    let many = (0..<65).map { " a\($0)=''" }.joined()
    #expect(throws: XMLReader.Failure.self) { _ = try Self.tokens("<a\(many)/>") }
    #expect(throws: XMLReader.Failure.self) {
      _ = try Self.tokens("<a>" + String(repeating: "<b/>", count: 100_001) + "</a>")
    }
  }
}
