import Testing

@testable import Motion

@Suite("Raw captures")
struct RawCaptureTests {
  func directory(_ scans: [UInt8] = mpuScans(10), manifest: String? = nil) throws -> ScratchDirectory {
    let directory = try ScratchDirectory()
    let attributes = "<attribute name=\"sampling_frequency\" /><attribute name=\"unknown\" />"
    try directory.write(contextXML(mpuChannels(), attributes: attributes), "context.xml")
    try directory.write(scans, "mpu6050.bin")
    if let manifest { try directory.write(manifest, "capture.json") }
    return directory
  }

  @Test("keep scans, layout and attributes as they were recorded")
  func asRecorded() throws {
    let manifest = #"{"label":"mine","attributes":{"sampling_frequency":"200","in_accel_x_calibbias":"7"}}"#
    let directory = try directory(manifest: manifest)
    let raw = try RawCapture.load(path: directory.path)
    #expect(raw.label == "mine")
    #expect(raw.contextName == "local")
    let device = try #require(raw.devices.first)
    #expect(raw.devices.count == 1)
    #expect(device.id == "iio:device0")
    #expect(device.name == "mpu6050")
    #expect(
      device.attributes == [
        .init(name: "sampling_frequency", filename: nil, value: "200"),
        .init(name: "unknown", filename: nil, value: nil),
      ])
    #expect(device.channels.map(\.id).last == "timestamp")
    #expect(device.scans?.bytes == mpuScans(10))
    #expect(device.scans?.layout.scanSize == 24)
    #expect(try device.scans?.recording == Capture.read(directory: directory.path).recording)
  }

  @Test("are made of samples.json as writing a capture makes them")
  func samples() throws {
    let directory = try ScratchDirectory()
    try directory.write(
      #"{"samples":[{"t":1,"ax":1,"ay":2,"az":9.8,"gx":0,"gy":1,"gz":2},{"t":1.005,"ax":2,"ay":2,"az":9,"gx":1,"gy":1,"gz":0}]}"#,
      "shake.json")
    let raw = try RawCapture.load(path: directory.file("shake.json"))
    let capture = try SamplesFile.read(path: directory.file("shake.json"))
    try capture.write(to: directory.file("written"))
    let written = try RawCapture.load(path: directory.file("written"))
    #expect(raw.label == "shake")
    #expect(raw.devices == written.devices)
  }

  @Test("may be of several devices, each with its own file")
  func twoDevices() throws {
    let directory = try ScratchDirectory()
    func device(_ id: Int, _ name: String, _ kind: String) -> String {
      let channels = ["x", "y", "z"].enumerated().map { index, axis in
        TestChannel(id: "\(kind)_\(axis)", index: "\(index)", format: "le:S32/32>>0", scale: "0.5").xml
      }
      let stamp = TestChannel(id: "timestamp", index: "3", format: "le:S64/64>>0").xml
      return "<device id=\"iio:device\(id)\" name=\"\(name)\" >\(channels.joined())\(stamp)</device>"
    }
    let scan = [UInt8](repeating: 0, count: 23) + [1]
    func write(second: String) throws {
      try directory.write(
        "<context name=\"local\" >\(device(0, "accel_3d", "accel"))\(device(1, second, "anglvel"))</context>",
        "context.xml")
    }
    try write(second: "gyro_3d")
    try directory.write(scan + scan, "accel_3d.bin")
    try directory.write(scan, "gyro_3d.bin")
    let raw = try RawCapture.load(path: directory.path)
    #expect(raw.devices.map { $0.scans?.recording.count } == [2, 1])
    #expect(raw.devices[1].scans?.recording.hasAccelerometer == false)

    try directory.write(scan.dropLast(), "gyro_3d.bin")
    #expect(captureError { _ = try RawCapture.load(path: directory.path) }?.kind == .malformed)
    try write(second: "accel_3d")
    #expect(captureError { _ = try RawCapture.load(path: directory.path) }?.kind == .unsupported)
  }

  @Test("are refused for the same reasons as captures")
  func refused() throws {
    func kind(_ change: (ScratchDirectory) throws -> Void) throws -> CaptureError.Kind? {
      let directory = try directory()
      try change(directory)
      return captureError { _ = try RawCapture.load(path: directory.path) }?.kind
    }
    #expect(try kind { try $0.remove("context.xml") } == .missing)
    #expect(try kind { try $0.remove("mpu6050.bin") } == .missing)
    #expect(try kind { try $0.write([1, 2, 3], "mpu6050.bin") } == .malformed)
    #expect(try kind { try $0.write("{", "capture.json") } == .malformed)
    #expect(captureError { _ = try RawCapture.load(path: "/nonexistent") }?.kind == .notFound)
  }
}
