import Foundation
import Testing

@testable import Motion

@Suite("samples.json")
struct SamplesFileTests {
  static func parse(_ text: String) throws(CaptureError) -> Capture {
    try SamplesFile.parse(Array(text.utf8), file: "dir/samples.json")
  }
  static let one = #"{"t":0,"ax":1,"ay":2,"az":3,"gx":4,"gy":5,"gz":6}"#

  private static let accepted = [
    "{\"samples\":[\(one)]}", "[\(one)]", " \n\t[\(one)]", "\u{FEFF}[\(one)]",
    "{\"label\":\"x\",\"samples\":[\(one)],\"rate\":[200,{}]}",
    "[{\"t\":0,\"ax\":1,\"ay\":2,\"az\":3,\"gx\":4,\"gy\":5,\"gz\":6,\"mx\":null,\"note\":\"x\"}]",
  ]

  @Test(
    "is an object or a bare array; other keys do not matter",
    arguments: SamplesFileTests.accepted)
  func forms(text: String) throws {
    let recording = try Self.parse(text).recording
    #expect(recording.timestamps == [0])
    #expect(recording.acceleration == [SIMD3(1, 2, 3)] && recording.angularVelocity == [SIMD3(4, 5, 6)])
    #expect(recording.isConsistent && recording.nominalRate == nil)
  }

  @Test("may lack the gyroscope, or the accelerometer")
  func oneSensor() throws {
    let accel = try Self.parse(#"[{"t":1.5,"ax":1,"ay":2,"az":3,"gx":null}]"#)
    #expect(accel.recording.hasAccelerometer && !accel.recording.hasGyroscope && accel.deviceName == "adxl345")
    #expect(accel.recording.timestamps == [1_500_000_000])
    let gyro = try Self.parse(#"[{"t":-0.005,"gx":1,"gy":2,"gz":3}]"#)
    #expect(!gyro.recording.hasAccelerometer && gyro.recording.hasGyroscope)
    #expect(gyro.recording.timestamps == [-5_000_000])
  }

  @Test("keeps samples in their order, whatever their times")
  func order() throws {
    let text = [3, 1, 1, 2].map { "{\"t\":\($0),\"ax\":1,\"ay\":2,\"az\":3}" }.joined(separator: ",")
    #expect(try Self.parse("[\(text)]").recording.timestamps == [3, 1, 1, 2].map { $0 * 1_000_000_000 })
  }

  private static let refused: [(String, CaptureError.Kind, [String])] = [
    ("", .malformed, ["is empty"]),
    ("x", .malformed, ["byte 0", "an object"]),
    ("{}", .missing, ["key \"samples\"", "missing"]),
    ("[]", .missing, ["no scans"]),
    ("{\"samples\":{}}", .malformed, ["key \"samples\"", "an array"]),
    ("{\"samples\":[\(one),7]}", .malformed, ["samples[1]"]),
    ("[\(one),{\"ax\":1,\"ay\":2,\"az\":3}]", .missing, ["[1].t", "missing"]),
    ("[\(one),{\"t\":\"1\",\"ax\":1,\"ay\":2,\"az\":3}]", .malformed, ["[1].t", "a number"]),
    ("[\(one),{\"t\":null,\"ax\":1,\"ay\":2,\"az\":3}]", .missing, ["[1].t"]),
    ("[\(one),{\"t\":1,\"ax\":true,\"ay\":2,\"az\":3}]", .malformed, ["[1].ax"]),
    ("[\(one),{\"t\":1,\"ax\":1,\"ay\":[],\"az\":3}]", .malformed, ["[1].ay"]),
    ("[\(one),{\"t\":1,\"ax\":1,\"ay\":2,\"gx\":1,\"gy\":1,\"gz\":1}]", .missing, ["[1].az", "missing"]),
    ("[\(one),{\"t\":1,\"ax\":1,\"ay\":2,\"az\":3}]", .missing, ["[1].gx", "missing"]),
    (
      "{\"samples\":[{\"t\":1,\"ax\":1,\"ay\":2,\"az\":3},\(one)]}", .malformed,
      ["samples[1].gx", "first sample lacks", "in all samples or in none"]
    ),
    ("[{\"t\":1,\"x\":1}]", .missing, ["[0]", "neither"]),
    ("[{\"t\":1e10,\"ax\":1,\"ay\":2,\"az\":3}]", .malformed, ["[0].t", "146 years"]),
    ("[{\"t\":-1e300,\"ax\":1,\"ay\":2,\"az\":3}]", .malformed, ["[0].t"]),
    ("[{\"t\":0,\"ax\":1e999,\"ay\":2,\"az\":3}]", .malformed, ["[0].ax", "finite"]),
    ("[{\"t\":0,\"ax\":NaN,\"ay\":2,\"az\":3}]", .malformed, ["[0].ax", "a number"]),
    ("[{\"t\":0,\"ax\":-Infinity,\"ay\":2,\"az\":3}]", .malformed, ["[0].ax"]),
    ("[{\"t\":0,\"ax\":1,\"ay\":2,\"az\":3},{\"t\":601,\"ax\":1,\"ay\":2,\"az\":3}]", .tooLarge, ["601 s", "600 s"]),
    ("[\(one)", .malformed, ["byte 50", "\"]\""]),
    (String(repeating: "[", count: 200_000), .malformed, ["an object"]),
    ("{\"samples\":" + String(repeating: "{\"a\":", count: 200_000), .malformed, ["an array"]),
    ("{\"x\":" + String(repeating: "[", count: 200_000), .malformed, ["64 levels"]),
  ]

  @Test(
    "is refused with the index and key of what is wrong",
    arguments: SamplesFileTests.refused)
  func malformed(text: String, kind: CaptureError.Kind, mentions: [String]) throws {
    let error = try #require(captureError { _ = try Self.parse(text) })
    #expect(error.kind == kind, "\(error)")
    #expect(error.file == "dir/samples.json")
    for mention in mentions { #expect(error.description.contains(mention), "\(error)") }
  }

  @Test("must be UTF-8")
  func encoding() {
    let bytes = Array("[{\"t\":0,\"n\":\"".utf8) + [0xC3, 0x28] + Array("\"}]".utf8)
    let error = captureError { _ = try SamplesFile.parse(bytes, file: "s.json") }
    #expect(error?.place == "byte 13")
  }

  @Test("is limited in size")
  func size() throws {
    let scratch = try ScratchDirectory()
    try scratch.write("[", "big.json")
    #expect(truncate(scratch.file("big.json"), Int(SamplesFile.sizeLimit) + 1) == 0)
    let error = captureError { _ = try CaptureFormat.load(path: scratch.file("big.json")) }
    #expect(error?.kind == .tooLarge && error?.description.contains("67108864") == true)
  }

  @Test("has clipping inferred from extremes that at least three samples share exactly")
  func clipping() {
    let x = [19.6, 1, 19.6, -3, 19.6, 2]
    let y = [5.0, 5, 1, -7, -7, -7]
    let z = [0.0, 0, 0, 0, 0, 0]
    let values = x.indices.map { SIMD3(x[$0], y[$0], z[$0]) }
    let flags = SamplesFile.inferClipping(values)
    #expect(flags.map { $0.contains(.x) } == [true, false, true, false, true, false])
    #expect(flags.map { $0.contains(.y) } == [false, false, false, true, true, true])
    #expect(flags.allSatisfy { $0.contains(.z) }, "a constant axis tells nothing")
    #expect(SamplesFile.inferClipping([]).isEmpty)
    #expect(SamplesFile.inferClipping([SIMD3(1, 1, 1), SIMD3(1, 2, 3)]) == [[], []])
  }

  @Test("prints numbers that read back as the same")
  func exactNumbers() throws {
    let seed: UInt64 = 77
    var random = TestRandom(seed: seed)
    var recording = Recording()
    for index in 0..<500 {
      func number() -> Double {
        let value = Double(bitPattern: random.next())
        return value.isFinite ? value : 0
      }
      recording.append(
        timestamp: 100_000_000_000_000 + Int64(index) * 4_999_999, acceleration: SIMD3(number(), number(), number()))
    }
    let back = try SamplesFile.parse(SamplesFile.json(of: recording), file: "x").recording
    #expect(back.timestamps == recording.timestamps)
    #expect(back.acceleration == recording.acceleration, "seed \(seed)")
  }
}
