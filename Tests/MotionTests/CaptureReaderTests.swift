import Testing

@testable import Motion

@Suite("Reading a capture")
struct CaptureReaderTests {
  let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  /// Writes a capture of `scans` scans and reads it.
  func read(
    _ channels: [TestChannel], attributes: String = "", json: String? = nil, bytes: [UInt8] = mpuScans(5)
  ) throws -> Capture {
    try scratch.write(contextXML(channels, attributes: attributes), "context.xml")
    try scratch.write(bytes, "mpu6050.bin")
    if let json { try scratch.write(json, "capture.json") }
    return try Capture.read(directory: scratch.path)
  }

  @Test("gives scans in SI units with the scale of the scan element")
  func plain() throws {
    let capture = try read(mpuChannels())
    #expect(capture.deviceName == "mpu6050" && capture.contextName == "local" && capture.contextDescription == "test")
    #expect(scratch.path.hasSuffix(capture.label))
    let recording = capture.recording
    #expect(recording.timestamps == (0..<5).map { 1_000_000_000 + Int64($0) * 5_000_000 })
    #expect(recording.acceleration[3] == SIMD3(1.5, -1.5, 501.5))
    #expect(recording.angularVelocity[3] == SIMD3(1.5, 1.75, -1.75))
    #expect(recording.clippedAcceleration.allSatisfy { $0 == [] } && recording.isConsistent)
    #expect(recording.nominalRate == nil)
    #expect(capture.accelerationScale == 0.5 && capture.angularVelocityScale == 0.25)
  }

  @Test("takes notes, rate, scales and mount matrix from capture.json")
  func manifest() throws {
    let capture = try read(
      mpuChannels(accelScale: nil, gyroScale: "0.001065"),
      json: """
        {"format": 1, "label": "kitchen", "id": "board-7", "start": "2024-05-01T10:00:00Z", "notes": "left hand",
         "device": "mpu6050", "scans": 5, "scan_bytes": 24, "later": [1, {"x": null}],
         "attributes": {"sampling_frequency": 200, "in_accel_scale": "0.5", "in_anglvel_scale": "0.001065264",
                        "in_accel_mount_matrix": "0, 1, 0; 1, 0, 0; 0, 0, -1", "current_timestamp_clock": "monotonic"}}
        """)
    #expect(capture.label == "kitchen" && capture.id == "board-7" && capture.notes == "left hand")
    #expect(capture.start == "2024-05-01T10:00:00Z")
    #expect(capture.recording.nominalRate == 200)
    #expect(capture.recording.acceleration[3] == SIMD3(-1.5, 1.5, -501.5))
    // libiio 0.x printed six decimals; the exact figure is the other one.
    #expect(capture.recording.angularVelocity[3].x == 6 * 0.001065264)
    #expect(capture.attributes["current_timestamp_clock"] == "monotonic")
  }

  @Test("takes attribute values that the context itself has, before all others")
  func contextValues() throws {
    var channels = mpuChannels(accelScale: "0.125", gyroScale: "0.000000")
    for index in 0..<3 {
      channels[index].inner =
        "<attribute name=\"scale\" filename=\"in_accel_scale\" value=\"0.125\" />"
        + "<attribute name=\"offset\" value=\"8\" /><attribute name=\"mount_matrix\" value=\"1,0,0;0,-1,0;0,0,-1\" />"
      channels[index + 3].inner =
        "<attribute name=\"scale\" filename=\"in_anglvel_scale\" value=\"2e-7\" />"
        + "<attribute name=\"offset\" value=\"ERROR\" />"
    }
    let capture = try read(
      channels, attributes: "<attribute name=\"sampling_frequency\" value=\"100.5\" />",
      json: #"{"attributes": {"in_accel_scale": "7", "in_anglvel_offset": "0", "sampling_frequency": "200"}}"#)
    #expect(capture.recording.acceleration[4] == SIMD3(1.5, -0.5, -126.5))
    #expect(capture.recording.angularVelocity[1].x == 2 * 2e-7)
    #expect(capture.recording.nominalRate == 100.5)
    #expect(capture.accelerationScale == nil, "codes have an offset, so no scale alone describes them")
  }

  @Test("takes a scale per axis where the device has one")
  func scalePerAxis() throws {
    let capture = try read(
      mpuChannels(accelScale: nil),
      json: #"{"attributes": {"in_accel_x_scale": "1", "in_accel_y_scale": "2", "in_accel_scale": "3"}}"#)
    #expect(capture.recording.acceleration[2] == SIMD3(2, -4, 3006))
    #expect(capture.accelerationScale == nil)
  }

  @Test("skips channels of other kinds, with their own sizes")
  func otherChannels() throws {
    var channels = mpuChannels()
    channels[6].index = "9"
    channels.append(TestChannel(id: "temp", index: "6", format: "be:s16/16>>0"))
    channels.append(TestChannel(id: "anglvel_x", index: "1", format: "be:s16/16>>0", type: "output"))
    channels.append(
      TestChannel(id: "rot_quaternion", index: "7", format: "le:s32/32X4>>0"))
    // 12 bytes of axes, 2 of temperature, 2 of padding, 16 of quaternion, 8 of time stamp, 8 of padding.
    let scan =
      Array(mpuScan(accel: [2, 4, 6], gyro: [8, 10, 12], timestamp: 0).prefix(12))
      + [UInt8](repeating: 0x77, count: 20) + [9, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0x77, count: 8)
    let capture = try read(channels, bytes: scan + scan)
    #expect(capture.recording.timestamps == [9, 9])
    #expect(capture.recording.acceleration == [SIMD3(1, 2, 3), SIMD3(1, 2, 3)])
    #expect(capture.recording.angularVelocity[1] == SIMD3(2, 2.5, 3))
  }

  @Test("takes only the channels that capture.json lists as enabled")
  func enabled() throws {
    let capture = try read(
      mpuChannels(), json: #"{"enabled": ["timestamp", "anglvel_z", "anglvel_x", "anglvel_y"], "scan_bytes": 16}"#,
      bytes: mpuScan(accel: [4, 8, 12], gyro: [], timestamp: 77))
    #expect(!capture.recording.hasAccelerometer)
    #expect(capture.recording.angularVelocity == [SIMD3(1, 2, 3)])
    #expect(capture.recording.timestamps == [77])
  }

  @Test("reads a device without name, and one among several devices")
  func devices() throws {
    let xml = contextXML(mpuChannels(), device: "").replacing(
      "<device id", with: "<device id=\"iio:device3\" name=\"other\" /><device id")
    try scratch.write(xml, "context.xml")
    try scratch.write(mpuScans(1), "iio:device0.bin")
    #expect(try Capture.read(directory: scratch.path + "/").deviceName == "iio:device0")
  }

  @Test("keeps time stamps that repeat or run backwards, and a few wild ones")
  func timestamps() throws {
    var stamps = (0..<300).map { Int64($0) * 5_000_000 }
    stamps[100] = stamps[99]
    stamps[150] = stamps[140]
    stamps[200] = 1 << 61
    let bytes = stamps.flatMap { mpuScan(accel: [1, 2, 3], gyro: [4, 5, 6], timestamp: $0) }
    #expect(try read(mpuChannels(), bytes: bytes).recording.timestamps == stamps)
  }

  @Test("takes a whole path to a file or a directory", arguments: CaptureFormat.allCases)
  func load(format: CaptureFormat) throws {
    _ = try read(mpuChannels())
    let capture = try CaptureFormat.load(path: scratch.path)
    let path = scratch.file(format == .samples ? "out.json" : "out")
    try format.write(capture, to: path)
    #expect(CaptureFormat.detect(path: path) == format)
    let again = try CaptureFormat.load(path: path)
    #expect(again.recording.timestamps == capture.recording.timestamps)
    #expect(again.recording.acceleration == capture.recording.acceleration)
    #expect(again.recording.angularVelocity == capture.recording.angularVelocity)
  }
}
