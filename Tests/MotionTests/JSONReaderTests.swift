import Testing

@testable import Motion

@Suite("The JSON reader")
struct JSONReaderTests {
  static func reader(_ text: String) -> JSONReader { JSONReader(Array(text.utf8)) }

  @Test(
    "reads numbers as JSON writes them",
    arguments: [
      ("0", 0), ("-0.0", -0.0), ("1.5", 1.5), ("-12e2", -1200), ("1E+2", 100), ("5e-324", .leastNonzeroMagnitude),
      (" 7 ", 7),
      ("1e-999", 0), ("0.1", 0.1), ("1000000000000000000000000000000", 1e30),
    ] as [(String, Double)])
  func numbers(text: String, expected: Double) throws {
    var reader = Self.reader(text)
    #expect(try reader.number() == expected)
    try reader.end()
  }

  @Test(
    "refuses numbers that JSON does not know",
    arguments: [
      "", "+1", ".5", "1.", "01", "-", "1e", "1e+", "0x10", "NaN", "Infinity", "1e999", "-1e999", "true", "\"1\"",
      "1,2", "1 2",
    ])
  func badNumbers(text: String) {
    #expect(throws: JSONReader.Failure.self) {
      var reader = Self.reader(text)
      _ = try reader.number()
      try reader.end()
    }
  }

  @Test("reads whole numbers exactly, up to the size asked for")
  func wholeNumbers() throws {
    var reader = Self.reader("[18446744073709551615, 1e3, -5, 1.5, 300]")
    var failures = 0
    try reader.array { (index, reader) throws(JSONReader.Failure) in
      switch index {
      case 0: #expect(try reader.wholeNumber(UInt64.self) == .max)
      case 1: #expect(try reader.wholeNumber(Int.self) == 1000)
      case 2: #expect(try reader.wholeNumber(Int8.self) == -5)
      default:
        do throws(JSONReader.Failure) { _ = try reader.wholeNumber(UInt8.self) } catch { failures += 1 }
      }
    }
    #expect(failures == 2)
  }

  @Test("reads strings with escapes")
  func strings() throws {
    var reader = Self.reader(#""a\"\\\/\b\f\n\r\té\u00e9\uD83D\uDE00""#)
    #expect(try reader.string() == "a\"\\/\u{8}\u{C}\n\r\t\u{E9}\u{E9}\u{1F600}")
  }

  @Test(
    "refuses malformed strings",
    arguments: [
      #"""#, #""a"#, #""\"#, #""\x""#, #""\u12""#, #""\u12G4""#, #""\uD83D""#, #""\uDE00""#, #""\uD83D\u0041""#,
      "\"\n\"", "\"\u{0}\"",
      #""\u+123""#,
    ])
  func badStrings(text: String) {
    #expect(throws: JSONReader.Failure.self) {
      var reader = Self.reader(text)
      _ = try reader.string()
    }
  }

  @Test("names key, line and byte of a failure")
  func place() throws {
    var reader = Self.reader("{\"a\": {},\n \"samples\": [{}, {\"ax\": tru}]}")
    let failure = thrown(JSONReader.Failure.self) { try reader.skip() }
    #expect(failure?.path == "samples[1].ax")
    #expect(failure?.line == 2 && failure?.offset == 34)
    #expect(failure?.place == "key \"samples[1].ax\", line 2, byte 34")
  }

  @Test("skips whatever is well-formed, and nothing else")
  func skipping() throws {
    for text in ["{}", "[]", "[[],{\"a\":[null,true,false,1,\"x\"]}]", "null", "\u{FEFF}1"] {
      var reader = Self.reader(text)
      try reader.skip()
      try reader.end()
    }
    for text in [
      "", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{a:1}", "nul", "truE", "]",
      "[1}", "[] []",
    ] {
      #expect(throws: JSONReader.Failure.self, "\(text)") {
        var reader = Self.reader(text)
        try reader.skip()
        try reader.end()
      }
    }
  }
}
