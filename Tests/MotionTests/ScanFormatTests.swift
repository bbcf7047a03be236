import Testing

@testable import Motion

@Suite("A scan format")
struct ScanFormatTests {
  @Test(
    "reads and prints libiio's text",
    arguments: ["be:S16/16>>0", "le:S64/64>>0", "le:s12/16>>4", "be:u10/16>>6", "le:S16/32X4>>0", "le:U24/32>>8"])
  func roundTrip(text: String) throws {
    #expect(try #require(ScanFormat(text)).description == text)
  }

  @Test("treats a code that fills its storage as fully defined, as libiio does")
  func fullyDefined() throws {
    #expect(try #require(ScanFormat("be:s16/16>>0")).isFullyDefined)
    #expect(try !#require(ScanFormat("le:s12/16>>4")).isFullyDefined)
    #expect(try #require(ScanFormat("le:S12/16>>4")).isFullyDefined)
  }

  @Test(
    "refuses any other text",
    arguments: [
      "", "be", "be:", "be:S", "be:S16", "be:S16/", "be:S16/16", "be:S16/16>>", "be:S16/16>>x", "be:S16/16>>0 ",
      " be:S16/16>>0", "xe:S16/16>>0", "BE:S16/16>>0", "be:f32/32>>0", "be:S0/16>>0", "be:S17/16>>0", "be:S12/16>>5",
      "be:S16/12>>0", "be:S16/15>>0", "be:S16/0>>0", "be:S-1/16>>0", "be:S+1/16>>0", "be:S16/16X0>>0",
      "be:S16/16X>>0", "be:S16/16X65>>0", "be:S16/16x2>>0", "be:S16/16>>-1", "be:S99999999999999999999/16>>0",
      "be:S65/128>>0", "be:S16/2048>>0", "be:S١٦/١٦>>0", "le:S16/16>0", "\u{0}",
    ])
  func refused(text: String) { #expect(ScanFormat(text) == nil) }

  @Test(
    "decodes byte order, shift and sign",
    arguments: [
      ("be:S16/16>>0", [0x12, 0x34], 0x1234), ("le:S16/16>>0", [0x12, 0x34], 0x3412),
      ("be:S16/16>>0", [0xFF, 0xFE], -2), ("be:U16/16>>0", [0xFF, 0xFE], 0xFFFE),
      // 12 bits, left-aligned: the low nibble is not part of the code.
      ("be:s12/16>>4", [0x80, 0x0F], -2048), ("be:u12/16>>4", [0x80, 0x0F], 2048),
      ("be:s12/16>>4", [0x7F, 0xFF], 2047),
      // 12 bits, right-aligned, garbage above them: masked unless the format says the upper bits are valid.
      ("le:s12/16>>0", [0xFF, 0x37], 0x7FF), ("le:s12/16>>0", [0x00, 0x38], -2048),
      ("le:u12/16>>0", [0xFF, 0xFF], 0xFFF),
      ("le:S12/16>>0", [0x00, 0xF8], -2048), ("le:U12/16>>0", [0xFF, 0x37], 0x37FF),
      ("le:s24/32>>8", [0xAA, 0x00, 0x00, 0x80], -8_388_608), ("le:S8/8>>0", [0x80], -128),
      ("be:S24/24>>0", [0xFF, 0xFF, 0xFF], -1),
      ("le:S64/64>>0", [0, 0, 0, 0, 0, 0, 0, 0x80], Int.min),
      ("le:u64/64>>0", [0, 0, 0, 0, 0, 0, 0, 0x80], Int.max),
      ("le:s1/8>>7", [0x80], -1), ("le:u1/64>>63", [0, 0, 0, 0, 0, 0, 0, 0x80], 1),
    ] as [(String, [UInt8], Int)])
  func decodes(text: String, bytes: [UInt8], expected: Int) throws {
    let format = try #require(ScanFormat(text))
    #expect(format.decode(bytes, at: 0) == Int64(expected))
    #expect(format.decode([0x55] + bytes + [0xAA], at: 1) == Int64(expected))
  }

  @Test("gives nil where the bytes end or the storage is too wide")
  func tooShort() throws {
    let format = try #require(ScanFormat("be:S32/32>>0"))
    #expect(format.decode([1, 2, 3], at: 0) == nil)
    #expect(format.decode([1, 2, 3, 4], at: 1) == nil)
    #expect(format.decode([1, 2, 3, 4], at: -1) == nil)
    #expect(format.decode([], at: .max) == nil)
    #expect(try #require(ScanFormat("be:S64/128>>0")).decode([UInt8](repeating: 0, count: 16), at: 0) == nil)
  }

  @Test(
    "knows full scale",
    arguments: [
      ("be:S16/16>>0", -32_768, 32_767), ("le:s12/16>>4", -2048, 2047), ("le:u10/16>>6", 0, 1023),
      ("le:S64/64>>0", Int.min, Int.max), ("le:u64/64>>0", 0, Int.max), ("le:u63/64>>0", 0, Int.max),
      ("le:s1/8>>0", -1, 0),
    ])
  func fullScale(text: String, low: Int, high: Int) throws {
    let format = try #require(ScanFormat(text))
    #expect(format.minimumCode == Int64(low) && format.maximumCode == Int64(high))
    #expect(format.isFullScale(Int64(low)) && format.isFullScale(Int64(high)))
    if high - 1 > low + 1 || low < 0 && high > 1 {
      #expect(!format.isFullScale(Int64(high) - 1) && !format.isFullScale(Int64(low) + 1))
    }
  }

  @Test("neither traps nor leaves its range, whatever the format and the bytes")
  func randomFormats() {
    let seed: UInt64 = 20_240_611
    var random = TestRandom(seed: seed)
    for _ in 0..<20_000 {
      let text =
        "\(["be", "le"].randomElement(using: &random) ?? "be"):"
        + "\(["s", "S", "u", "U"].randomElement(using: &random) ?? "s")"
        + "\(Int.random(in: 0...66, using: &random))/\(8 * Int.random(in: 0...9, using: &random))"
        + ">>\(Int.random(in: 0...66, using: &random))"
      guard let format = ScanFormat(text) else { continue }
      let bytes = (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
      guard let code = format.decode(bytes, at: 0) else { continue }
      if !format.isFullyDefined {
        #expect(
          (format.minimumCode...format.maximumCode).contains(code), "seed \(seed): \(text) gave \(code) for \(bytes)")
      }
    }
  }
}
