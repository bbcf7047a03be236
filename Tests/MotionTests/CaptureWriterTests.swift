import Foundation
import Testing

@testable import Motion

@Suite("Writing a capture")
struct CaptureWriterTests {
  let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  static let g = 9.80665
  static func accelScale(_ range: Double) -> Double { range * g / 32_768 }

  static func recording(_ acceleration: [Double], gyro: Bool = true) -> Recording {
    var recording = Recording(nominalRate: 200)
    for (index, value) in acceleration.enumerated() {
      recording.append(
        timestamp: Int64(index) * 5_000_000, acceleration: SIMD3(value, -value / 2, 0),
        angularVelocity: gyro ? SIMD3(0, value / 10, 0) : nil)
    }
    return recording
  }

  func written(_ capture: Capture) throws -> Capture {
    try capture.write(to: scratch.file("out"))
    return try Capture.read(directory: scratch.file("out"))
  }

  @Test("has the layout of an MPU-6050: 24 bytes with both sensors, 16 with one")
  func layout() throws {
    var capture = Capture(
      label: "x", recording: Self.recording([1]), accelerationScale: 0.5, angularVelocityScale: 0.01)
    try capture.write(to: scratch.file("both"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.file("both/mpu6050.bin")))
    #expect(Array(bytes) == [0, 2, 0xFF, 0xFF, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8))
    capture.recording = Self.recording([1], gyro: false)
    try capture.write(to: scratch.file("accel"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file("accel/mpu6050.bin"))).count == 16)
    capture.recording = Recording(timestamps: [-2], angularVelocity: [SIMD3(1, 1, 1)])
    try capture.write(to: scratch.file("gyro"))
    let gyro = try Data(contentsOf: URL(fileURLWithPath: scratch.file("gyro/mpu6050.bin")))
    #expect(Array(gyro) == [0, 100, 0, 100, 0, 100, 0, 0, 0xFE] + [UInt8](repeating: 0xFF, count: 7))
    #expect(try !Capture.read(directory: scratch.file("gyro")).recording.hasAccelerometer)
  }

  @Test(
    "chooses the smallest range that does not clip", arguments: [(10.0, 2.0), (19.7, 4.0), (60.0, 8.0), (80.0, 16.0)])
  func range(peak: Double, expected: Double) throws {
    let back = try written(Capture(label: "x", recording: Self.recording([0, peak, -1])))
    #expect(back.accelerationScale == Self.accelScale(expected))
    #expect(back.recording.clippedAcceleration.allSatisfy { $0 == [] })
    #expect(abs(back.recording.acceleration[1].x - peak) <= Self.accelScale(expected) / 2)
  }

  @Test("clips, and says so, what exceeds the largest range")
  func clips() throws {
    let back = try written(Capture(label: "x", recording: Self.recording([1, 400, -400, 1e300])))
    #expect(back.recording.clippedAcceleration == [[], [.x, .y], [.x, .y], [.x, .y]])
    #expect(back.recording.acceleration[1].x == 32_767 * Self.accelScale(16))
    #expect(back.recording.acceleration[2].x == -32_768 * Self.accelScale(16))
  }

  @Test("keeps flags: with codes of the sensor's own range, at any other full scale, and mixed by a mount matrix")
  func keepsFlags() throws {
    let cases: [(Double, Double?)] = [(32_767 * Self.accelScale(4), nil), (32_767 * 0.001, 0.001), (12.5, nil), (5, 7)]
    for (fullScale, scale) in cases {
      var recording = Self.recording([0, fullScale, 1])
      recording.clippedAcceleration[1] = .x
      try? scratch.remove("out")
      let back = try written(Capture(label: "x", recording: recording, accelerationScale: scale))
      #expect(back.recording.clippedAcceleration == [[], .x, []], "\(fullScale)")
      // A scale of 7 has its own full scale far away: the flag is kept, the value is not.
      if scale != 7 { #expect(abs(back.recording.acceleration[1].x - fullScale) < 1e-9 * fullScale) }
    }
  }

  @Test("is exact when codes are read and written again")
  func exact() throws {
    let parameters = SimulatorParameters(seed: 5, seconds: 3)
    let pair = try Simulator.simulate(parameters)
    let back = try written(pair.bob)
    #expect(back.recording == pair.bob.recording)
    #expect(back.accelerationScale == pair.bob.accelerationScale)
    try back.write(to: scratch.file("again"))
    for name in ["mpu6050.bin", "context.xml", "capture.json"] {
      #expect(
        FileManager.default.contentsEqual(atPath: scratch.file("out/" + name), andPath: scratch.file("again/" + name)))
    }
  }

  @Test("goes to samples.json and back within half a code, flags included")
  func throughSamples() throws {
    var parameters = SimulatorParameters(seed: 6, seconds: 6)
    parameters.accelerationRange = 2
    parameters.angularVelocityRange = 250
    let capture = try Simulator.simulate(parameters).alice
    try CaptureFormat.samples.write(capture, to: scratch.file("s.json"))
    let samples = try CaptureFormat.load(path: scratch.file("s.json"))
    #expect(samples.recording.timestamps == capture.recording.timestamps)
    #expect(samples.recording.acceleration == capture.recording.acceleration)
    #expect(samples.recording.clippedAcceleration == capture.recording.clippedAcceleration)
    #expect(samples.label == "s")
    let back = try written(samples)
    #expect(back.recording.timestamps == capture.recording.timestamps)
    #expect(back.recording.clippedAcceleration == capture.recording.clippedAcceleration)
    #expect(back.recording.clippedAngularVelocity == capture.recording.clippedAngularVelocity)
    #expect(capture.recording.clippedAcceleration.contains { $0 != [] })
    for (a, b) in zip(back.recording.acceleration, capture.recording.acceleration) {
      #expect(abs(a.x - b.x) <= Self.accelScale(2) / 2 && abs(a.z - b.z) <= Self.accelScale(2) / 2)
    }
  }

  @Test("keeps notes and attributes, escaped where need be, but none that described other codes")
  func notes() throws {
    var capture = Capture(label: "a <b> & \"c\" ü\u{1}", recording: Self.recording([1]))
    capture.id = "board/1"
    capture.start = "2024-05-01T10:00:00Z"
    capture.notes = "line 1\nline 2"
    capture.contextName = "x<y"
    capture.contextDescription = "\"é\" & \u{2}"
    capture.contextAttributes = ["local,kernel": "6.12 <&>"]
    capture.attributes = [
      "in_accel_offset": "5", "in_anglvel_mount_matrix": "0,1,0;1,0,0;0,0,1", "mount_matrix": "0,1,0;1,0,0;0,0,1",
      "sampling_frequency": "7", "current_timestamp_clock": "monotonic",
    ]
    let back = try written(capture)
    #expect(back.label == capture.label && back.id == capture.id && back.start == capture.start)
    #expect(back.notes == capture.notes)
    #expect(back.contextName == "x<y" && back.contextDescription == "\"é\" & ?")
    #expect(back.contextAttributes == capture.contextAttributes)
    #expect(back.attributes["current_timestamp_clock"] == "monotonic" && back.recording.nominalRate == 200)
    #expect(abs(back.recording.acceleration[0].x - 1) < 1e-3)
  }

  @Test(
    "refuses what no capture can hold",
    arguments: [
      Recording(), Recording(timestamps: [1]), Recording(timestamps: [1, 2], acceleration: [SIMD3()]),
      Recording(timestamps: [1], acceleration: [SIMD3(.nan, 0, 0)]),
      Recording(timestamps: [.min], acceleration: [SIMD3()]), Recording(timestamps: [1 << 62], acceleration: [SIMD3()]),
      Recording(timestamps: [1], angularVelocity: [SIMD3(0, .infinity, 0)]),
    ])
  func refuses(recording: Recording) throws {
    let capture = Capture(label: "x", recording: recording)
    for format in CaptureFormat.allCases {
      let error = captureError { try format.write(capture, to: scratch.file("refused")) }
      #expect(error?.kind == .unwritable)
      #expect(!FileManager.default.fileExists(atPath: scratch.file("refused")))
    }
  }

  @Test("refuses device names that are no file names", arguments: ["", "a/b", "../x", ".x", "a b", "é", "a\nb"])
  func deviceNames(name: String) {
    let capture = Capture(label: "x", deviceName: name, recording: Self.recording([1]))
    #expect(captureError { try capture.write(to: scratch.file("refused")) }?.kind == .unwritable)
  }

  @Test("refuses places where it cannot write, or where another device's scans lie")
  func places() throws {
    let capture = Capture(label: "x", recording: Self.recording([1]))
    try scratch.write("x", "file")
    for path in ["file", "file/below", "no\u{0}path"] {
      #expect(
        captureError { try capture.write(to: scratch.file(path)) }?.kind == .unwritable, "\(path.debugDescription)")
      if path != "file" {
        #expect(captureError { try CaptureFormat.samples.write(capture, to: scratch.file(path)) }?.kind == .unwritable)
      }
    }
    #expect(captureError { try capture.write(to: "") }?.kind == .unwritable)
    try capture.write(to: scratch.file("out"))
    try capture.write(to: scratch.file("out"))
    try scratch.write("x", "out/bmi160.bin")
    let error = captureError { try capture.write(to: scratch.file("out")) }
    #expect(error?.description.contains("bmi160.bin") == true)
  }

  static let tools = ["/usr/bin/iio_info", "/usr/local/bin/iio_info"].first(where: FileManager.default.isExecutableFile)

  @Test("makes contexts that libiio accepts without complaint", .enabled(if: tools != nil), arguments: [true, false])
  func libiio(gyro: Bool) throws {
    try Capture(label: "x", recording: Self.recording([1, 2, 3], gyro: gyro)).write(to: scratch.file("out"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.tools))
    process.arguments = ["-u", "xml:" + scratch.file("out/context.xml")]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(output.contains("mpu6050 (buffer capable)"), "\(output)")
    #expect(output.contains("accel_z:  (input, index: 2, format: be:S16/16>>0)"))
    #expect(output.contains("timestamp:  (input, index: \(gyro ? 6 : 3), format: le:S64/64>>0)"))
    #expect(!output.contains("validity error") && !output.contains("parser error"))
  }
}

@Suite("A pair of captures")
struct CapturePairTests {
  @Test("is written as a tree and read again")
  func roundTrip() throws {
    let scratch = try ScratchDirectory()
    let pair = try Simulator.simulate(SimulatorParameters(seed: 9, seconds: 2, restBefore: 1)).pair
    try pair.write(to: scratch.file("pair"))
    let back = try CapturePair.read(directory: scratch.file("pair"))
    #expect(back.manifest == pair.manifest && back.manifest.together == true && back.manifest.kind == "sim")
    #expect(back.manifest.seed == 9 && back.manifest.leverArm == 0.05)
    #expect(back.alice.recording == pair.alice.recording && back.bob.recording == pair.bob.recording)
  }

  @Test("needs no pair.json, takes one with more in it, and takes samples.json for a side")
  func variants() throws {
    let scratch = try ScratchDirectory()
    let pair = try Simulator.simulate(SimulatorParameters(seed: 9, seconds: 2, restBefore: 1)).pair
    try pair.alice.write(to: scratch.file("alice"))
    try CaptureFormat.samples.write(pair.bob, to: scratch.file("bob.json"))
    #expect(try CapturePair.read(directory: scratch.path).manifest.together == nil)
    try scratch.write(#"{"together": false, "kind": "real", "source": "x", "seed": null, "imus": [0, 7]}"#, "pair.json")
    let back = try CapturePair.read(directory: scratch.path)
    #expect(back.manifest.together == false && back.manifest.source == "x" && back.manifest.seed == nil)
    #expect(back.bob.recording.timestamps == pair.bob.recording.timestamps)
  }

  @Test("refuses what is no pair")
  func malformed() throws {
    let scratch = try ScratchDirectory()
    #expect(captureError { _ = try CapturePair.read(directory: scratch.file("absent")) }?.kind == .notFound)
    #expect(captureError { _ = try CapturePair.read(directory: scratch.path) }?.kind == .notFound)
    try scratch.write(#"{"together": "yes"}"#, "pair.json")
    let error = captureError { _ = try CapturePair.read(directory: scratch.path) }
    #expect(error?.description.contains("key \"together\"") == true)
    #expect(error?.description.contains("true or false") == true)
    #expect(captureError { _ = try CapturePair.read(directory: scratch.file("pair.json")) }?.kind == .unreadable)
  }
}
