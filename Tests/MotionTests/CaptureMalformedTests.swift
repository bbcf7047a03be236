import Foundation
import Testing

@testable import Motion

/// A way to spoil a capture, and what the error must say.
struct MalformedCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var kind: CaptureError.Kind
  var mentions: [String]
  var spoil: @Sendable (ScratchDirectory) throws -> Void

  init(
    _ name: String, _ kind: CaptureError.Kind, _ mentions: [String],
    _ spoil: @escaping @Sendable (ScratchDirectory) throws -> Void
  ) {
    testDescription = name
    self.kind = kind
    self.mentions = mentions
    self.spoil = spoil
  }

  /// A capture whose context differs from a valid one.
  static func context(
    _ name: String, _ kind: CaptureError.Kind, _ mentions: [String], _ change: @escaping @Sendable (String) -> String
  ) -> MalformedCase {
    MalformedCase(name, kind, ["context.xml"] + mentions) {
      try $0.write(change(contextXML(mpuChannels())), "context.xml")
    }
  }

  /// A capture with this capture.json.
  static func json(_ text: String, _ kind: CaptureError.Kind, _ mentions: [String]) -> MalformedCase {
    MalformedCase("capture.json " + text.prefix(60), kind, mentions) { try $0.write(text, "capture.json") }
  }
}

@Suite("Refusing a malformed capture")
struct CaptureMalformedTests {
  static let cases: [MalformedCase] = [
    MalformedCase("no context", .missing, ["context.xml", "iio_genxml"]) { try $0.remove("context.xml") },
    MalformedCase("pair instead of capture", .missing, ["context.xml", "alice or bob"]) {
      try $0.remove("context.xml")
      try $0.write("", "alice")
      try $0.write("", "bob")
    },
    MalformedCase("samples beside", .missing, ["samples.json"]) {
      try $0.remove("context.xml")
      try $0.write("[]", "samples.json")
    },
    MalformedCase("context is a directory", .unreadable, ["context.xml", "regular file"]) {
      try $0.remove("context.xml")
      try FileManager.default.createDirectory(atPath: $0.file("context.xml"), withIntermediateDirectories: false)
    },
    MalformedCase("no buffer", .missing, ["holds no .bin file", "mpu6050.bin"]) { try $0.remove("mpu6050.bin") },
    MalformedCase("buffer of another device", .missing, ["bmi160.bin", "mpu6050.bin"]) {
      try $0.remove("mpu6050.bin")
      try $0.write(mpuScans(1), "bmi160.bin")
    },
    MalformedCase("buffer is a directory", .unreadable, ["mpu6050.bin"]) {
      try $0.remove("mpu6050.bin")
      try FileManager.default.createDirectory(atPath: $0.file("mpu6050.bin"), withIntermediateDirectories: false)
    },
    MalformedCase("buffer is a pipe", .unreadable, ["mpu6050.bin", "regular file"]) {
      try $0.remove("mpu6050.bin")
      #expect(mkfifo($0.file("mpu6050.bin"), 0o600) == 0)
    },
    MalformedCase("buffer is a device", .unreadable, ["mpu6050.bin"]) {
      try $0.remove("mpu6050.bin")
      #expect(symlink("/dev/zero", $0.file("mpu6050.bin")) == 0)
    },
    MalformedCase("empty buffer", .missing, ["mpu6050.bin", "is empty", "record again"]) {
      try $0.write("", "mpu6050.bin")
    },
    MalformedCase("truncated buffer", .malformed, ["mpu6050.bin", "byte 48", "23 bytes into a scan", "24"]) {
      try $0.write(Array(mpuScans(3).dropLast()), "mpu6050.bin")
    },
    MalformedCase("huge buffer", .tooLarge, ["mpu6050.bin", "48000000 bytes"]) {
      #expect(truncate($0.file("mpu6050.bin"), 300 << 20) == 0)
    },
    MalformedCase("too many scans", .tooLarge, ["mpu6050.bin", "2000000 raw scans of 24 bytes"]) {
      #expect(truncate($0.file("mpu6050.bin"), 24 * 2_000_001) == 0)
    },
    MalformedCase("ten minutes and a little", .tooLarge, ["mpu6050.bin", "601 s", "600 s"]) {
      try $0.write(
        [0, 1, 601].flatMap { mpuScan(accel: [0, 0, 0], gyro: [0, 0, 0], timestamp: $0 * 1_000_000_000) }, "mpu6050.bin"
      )
    },
    MalformedCase("impossible time stamp", .malformed, ["mpu6050.bin", "byte 40", "byte order"]) {
      try $0.write(
        mpuScans(1) + mpuScan(accel: [0, 0, 0], gyro: [0, 0, 0], timestamp: .max), "mpu6050.bin")
    },
    MalformedCase("empty context", .malformed, ["context.xml", "is empty"]) { try $0.write("", "context.xml") },
    MalformedCase("huge context", .tooLarge, ["context.xml", "4194304"]) {
      #expect(truncate($0.file("context.xml"), 5 << 20) == 0)
    },
    MalformedCase("context not UTF-8", .malformed, ["context.xml", "byte 8", "UTF-8"]) {
      try $0.write(Array("<context".utf8) + [0xFF, 0xFE] + Array("/>".utf8), "context.xml")
    },
    MalformedCase("context in UTF-16", .malformed, ["context.xml", "UTF-8"]) {
      try $0.write(Array("<context/>".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, "context.xml")
    },
    MalformedCase("context is something else", .malformed, ["context.xml", "line 1", "root element"]) {
      try $0.write("<html><body/></html>", "context.xml")
    },
    MalformedCase("context without devices", .missing, ["context.xml", "no device"]) {
      try $0.write("<context name=\"local\"/>", "context.xml")
    },
    .context("truncated context", .malformed, ["line", "ends inside"]) {
      $0.replacing("</device>", with: "").replacing("</context>", with: "")
    },
    .context("entities", .malformed, ["line 2", "entity"]) {
      $0.replacing("<!ELEMENT", with: "<!ENTITY x \"y\"><!ELEMENT", maxReplacements: 1)
    },
    .context("device name with a slash", .malformed, ["line 4", "../mpu"]) {
      $0.replacing("name=\"mpu6050\"", with: "name=\"../mpu6050\"")
    },
    .context("device name with a tab", .malformed, ["line 4", "mpu 6050"]) {
      $0.replacing("name=\"mpu6050\"", with: "name=\"mpu 6050&#9;\"")
    },
    .context("wrong format", .malformed, ["line 5", "be:X16/16>>0", "[be|le]"]) {
      $0.replacing("be:S16/16", with: "be:X16/16", maxReplacements: 1)
    },
    .context("no format", .malformed, ["line 5", "format"]) {
      $0.replacing(" format=\"be:S16/16&gt;&gt;0\"", with: "", maxReplacements: 1)
    },
    .context("no index", .malformed, ["line 5", "index"]) { $0.replacing(" index=\"0\"", with: "") },
    .context("index is no number", .malformed, ["line 5", "first"]) {
      $0.replacing("index=\"0\"", with: "index=\"first\"")
    },
    .context("negative index", .malformed, ["line 5", "-1"]) { $0.replacing("index=\"0\"", with: "index=\"-1\"") },
    .context("huge index", .malformed, ["line 5"]) {
      $0.replacing("index=\"0\"", with: "index=\"99999999999999999999\"")
    },
    .context("channel without id", .malformed, ["line 5", "\"id\""]) { $0.replacing(" id=\"accel_x\"", with: "") },
    .context("duplicate scan index", .malformed, ["accel_y", "scan index 0", "accel_x"]) {
      $0.replacing("index=\"1\"", with: "index=\"0\"")
    },
    .context("duplicate channel", .malformed, ["accel_x", "twice"]) {
      $0.replacing("id=\"accel_y\"", with: "id=\"accel_x\"")
    },
    .context("no time stamp", .missing, ["timestamp", "enable"]) {
      $0.replacing("id=\"timestamp\"", with: "id=\"temp\"")
    },
    .context("two axes", .missing, ["anglvel_z", "all three"]) {
      $0.replacing("id=\"anglvel_z\"", with: "id=\"temp\"")
    },
    .context("no inertial channel", .missing, ["accel_* or anglvel_*"]) {
      $0.replacing("accel_", with: "magn_").replacing("anglvel_", with: "gravity_")
    },
    .context("no scale", .missing, ["accel_x", "scale", "capture.json"]) { $0.replacing(" scale=\"0.5\"", with: "") },
    .context("scale is NaN", .malformed, ["line 5", "nan", "accel_x"]) {
      $0.replacing("scale=\"0.5\"", with: "scale=\"nan\"")
    },
    .context("scale is infinite", .malformed, ["line 5", "1e999"]) {
      $0.replacing("scale=\"0.5\"", with: "scale=\"1e999\"")
    },
    .context("scale is zero", .malformed, ["line 5", "0.000000"]) {
      $0.replacing("scale=\"0.5\"", with: "scale=\"0.000000\"")
    },
    .context("scale is text", .malformed, ["line 5", "half"]) { $0.replacing("scale=\"0.5\"", with: "scale=\"half\"") },
    .context("scale is empty", .malformed, ["line 5"]) { $0.replacing("scale=\"0.5\"", with: "scale=\"\"") },
    .context("rate is zero", .malformed, ["sampling_frequency", "Hz"]) {
      $0.replacing("</device>", with: "<attribute name=\"sampling_frequency\" value=\"0\"/></device>")
    },
    MalformedCase("two inertial devices that have both sensors", .unsupported, ["mpu6050", "gyro_3d", "keep only"]) {
      let second = "<device id=\"iio:device1\" name=\"gyro_3d\">" + mpuChannels().map(\.xml).joined() + "</device>"
      try $0.write(contextXML(mpuChannels()).replacing("</context>", with: second + "</context>"), "context.xml")
      try $0.write(mpuScans(5), "gyro_3d.bin")
    },
    .json("", .malformed, ["capture.json", "is empty"]),
    .json("{", .malformed, ["capture.json", "no key"]),
    .json("[]", .malformed, ["capture.json", "an object"]),
    .json("null", .malformed, ["capture.json", "an object"]),
    .json("{}\n}", .malformed, ["capture.json", "line 2, byte 3", "after its end"]),
    .json("{\"label\" 1}", .malformed, ["line 1, byte 9", "\":\""]),
    .json("{\"label\": 5}", .malformed, ["capture.json", "key \"label\"", "a string"]),
    .json("{\"scans\": \"many\"}", .malformed, ["key \"scans\"", "a whole number"]),
    .json("{\"scans\": 1.5}", .malformed, ["key \"scans\""]),
    .json("{\"scans\": 1e300}", .malformed, ["key \"scans\""]),
    .json("{\"scans\": 6}", .malformed, ["mpu6050.bin", "5 scans", "says 6"]),
    .json("{\"scan_bytes\": 16}", .malformed, ["mpu6050.bin", "16 bytes per scan", "24", "enabled"]),
    .json("{\"format\": 2}", .unsupported, ["key \"format\"", "is 2"]),
    .json("{\"enabled\": \"all\"}", .malformed, ["key \"enabled\"", "an array"]),
    .json("{\"enabled\": [1]}", .malformed, ["enabled[0]", "a string"]),
    .json("{\"enabled\": [\"magn_x\"]}", .malformed, ["capture.json", "key \"enabled\"", "magn_x"]),
    .json("{\"enabled\": []}", .missing, ["timestamp"]),
    .json("{\"enabled\": [\"timestamp\"]}", .missing, ["neither"]),
    .json("{\"attributes\": []}", .malformed, ["key \"attributes\"", "an object"]),
    .json("{\"attributes\": {\"in_accel_scale\": []}}", .malformed, ["attributes.in_accel_scale"]),
    .json("{\"attributes\": {\"in_accel_scale\": null}}", .malformed, ["attributes.in_accel_scale"]),
    .json("{\"attributes\": {\"in_accel_scale\": \"NaN\"}}", .malformed, ["attributes.in_accel_scale", "NaN"]),
    .json("{\"attributes\": {\"in_accel_scale\": \"0.6\"}}", .malformed, ["attributes.in_accel_scale", "0.6", "0.5"]),
    .json("{\"attributes\": {\"in_accel_offset\": \"x\"}}", .malformed, ["attributes.in_accel_offset"]),
    .json(
      "{\"attributes\": {\"in_anglvel_mount_matrix\": \"1, 0\"}}", .malformed, ["in_anglvel_mount_matrix", "rotation"]),
    .json("{\"attributes\": {\"mount_matrix\": \"0,0,0;0,0,0;0,0,0\"}}", .malformed, ["mount_matrix"]),
    .json("{\"attributes\": {\"sampling_frequency\": \"-5\"}}", .malformed, ["attributes.sampling_frequency", "-5"]),
    .json("{\"label\": \"\u{1B}[2J\", \"scans\": 9}", .malformed, ["key \"label\"", "control character"]),
    MalformedCase("capture.json not UTF-8", .malformed, ["capture.json", "byte 11", "UTF-8"]) {
      try $0.write(Array("{\"label\": \"".utf8) + [0xFF] + Array("\"}".utf8), "capture.json")
    },
    MalformedCase("capture.json nested without end", .malformed, ["capture.json"]) {
      try $0.write(String(repeating: "[", count: 100_000), "capture.json")
    },
    MalformedCase("huge capture.json", .tooLarge, ["capture.json", "1048576"]) {
      try $0.write(String(repeating: " ", count: (1 << 20) + 1), "capture.json")
    },
  ]

  @Test("says file, place, expectation and remedy", arguments: cases)
  func refuses(_ malformed: MalformedCase) throws {
    let scratch = try ScratchDirectory()
    try scratch.write(contextXML(mpuChannels()), "context.xml")
    try scratch.write(mpuScans(5), "mpu6050.bin")
    #expect(try Capture.read(directory: scratch.path).recording.count == 5, "valid before it is spoilt")
    try malformed.spoil(scratch)

    let error = try #require(captureError { _ = try Capture.read(directory: scratch.path) })
    #expect(error.kind == malformed.kind, "\(error)")
    #expect(error.file.hasPrefix(scratch.path))
    for text in malformed.mentions { #expect(error.description.contains(text), "\(error)") }
    #expect(!error.advice.isEmpty && error.description.contains("; "))
    #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 }, "control characters reach the log")
  }

  @Test("says so when there is no such directory, or a file in its place")
  func noDirectory() throws {
    let scratch = try ScratchDirectory()
    try scratch.write("x", "file")
    let absent = captureError { _ = try Capture.read(directory: scratch.file("absent")) }
    #expect(absent?.kind == .notFound && absent?.description.contains("absent") == true)
    #expect(captureError { _ = try Capture.read(directory: scratch.file("file")) }?.kind == .unreadable)
    #expect(captureError { _ = try Capture.read(directory: "") }?.kind == .notFound)
    #expect(captureError { _ = try Capture.read(directory: scratch.path + "\0/etc") }?.kind == .notFound)
    #expect(captureError { _ = try CaptureFormat.load(path: scratch.file("absent")) }?.kind == .notFound)
    #expect(captureError { _ = try CaptureFormat.load(path: "") }?.kind == .notFound)
  }

  @Test("shows foreign text without control characters and cut to length")
  func quoting() {
    #expect("a\u{1B}[2J\n\u{202E}b\u{7F}".quotedForError == "\"a?[2J??b?\"")
    #expect(String(repeating: "x", count: 100).quotedForError == "\"" + String(repeating: "x", count: 60) + "…\"")
  }
}
