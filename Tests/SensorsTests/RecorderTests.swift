import Foundation
import Testing

@testable import Motion
@testable import Sensors

@Suite("Recording a sensor")
struct RecorderTests {
  private final class Place {
    let path = NSTemporaryDirectory() + "tacc-recorder-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
    func bytes(_ name: String) -> [UInt8] {
      FileManager.default.contents(atPath: "\(path)/\(name)").map(Array.init) ?? []
    }
  }

  private func source(_ fake: FakeIIO) -> IIOSource { IIOSource(IIOSettings(), backend: fake) }

  @Test("the capture holds the kernel's bytes, and reads back as what the sensor delivered", .timeLimit(.minutes(1)))
  func roundTrip() async throws {
    let place = try Place()
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", (0..<30).map { Scan.run($0 * 8..<$0 * 8 + 8) })
    let summary = try await Recorder(source(fake)).record(to: "\(place.path)/shake/", seconds: 1)
    #expect(fake.isAtRest)
    #expect(place.names == ["shake"], "nothing but the capture is left")
    #expect(summary.scans == 208)
    #expect(summary.seconds >= 1 && summary.seconds < 1.05)
    #expect(place.bytes("shake/mpu6050.bin") == Scan.run(0..<208))

    let capture = try Capture.read(directory: "\(place.path)/shake")
    #expect(capture.label == "shake")
    #expect(capture.recording.count == 208)
    #expect(capture.recording.nominalRate == 200)
    #expect(abs((capture.accelerationScale ?? 0) - 0.002392) < 1e-12)
    #expect(abs((capture.angularVelocityScale ?? 0) - 0.000532362) < 1e-12)
    #expect(capture.recording.acceleration[5] == SIMD3(0, -5 * 0.002392, 4096 * 0.002392), "mount matrix applied")
    #expect(capture.attributes["current_timestamp_clock"] == "monotonic")
    #expect(capture.start?.hasSuffix("Z") == true)
  }

  @Test("two devices get a file each", .timeLimit(.minutes(1)))
  func twoDevices() async throws {
    let place = try Place()
    let fake = FakeIIO.hid()
    func scans(_ first: Int) -> [UInt8] {
      (first..<first + 4).flatMap { [UInt8](repeating: 1, count: 16) + littleEndian(UInt64($0) * 10_000_000) }
    }
    for batch in 0..<10 {
      fake.scans("iio:device1", [scans(batch * 4)])
      fake.scans("iio:device2", [scans(batch * 4)])
    }
    let summary = try await Recorder(source(fake)).record(to: "\(place.path)/hub", seconds: 0.2)
    #expect(summary.name == "accel_3d and gyro_3d")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/hub").sorted() == [
        "accel_3d.bin", "capture.json", "context.xml", "gyro_3d.bin",
      ])
    let manifest = try CaptureManifest.parse(place.bytes("hub/capture.json"), file: "capture.json")
    #expect(manifest.enabled == ["accel_x", "accel_y", "accel_z", "timestamp", "anglvel_x", "anglvel_y", "anglvel_z"])
    #expect(manifest.scans == nil)
    #expect(manifest.attributes["in_accel_scale"] == "0.0098" && manifest.attributes["in_anglvel_scale"] == "0.001")

    let raw = try RawCapture.load(path: "\(place.path)/hub")
    #expect(raw.devices.compactMap(\.scans).map(\.recording.count) == [24, 24])
    let capture = try Capture.read(directory: "\(place.path)/hub")
    #expect(capture.recording.timestamps == (0..<24).map { Int64($0) * 10_000_000 })
    #expect(capture.recording.hasAccelerometer && capture.recording.hasGyroscope)
    #expect(capture.recording.acceleration[3] == SIMD3(repeating: 0x0101_0101 * 0.0098))
  }

  @Test("a sensor that fails leaves nothing behind", .timeLimit(.minutes(1)))
  func failure() async throws {
    let place = try Place()
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8)])
    fake.failRead("iio:device0", 19)
    let error = await #expect(throws: SensorError.self) {
      try await Recorder(source(fake)).record(to: "\(place.path)/shake", seconds: 1)
    }
    #expect(error?.kind == .unplugged)
    #expect(place.names.isEmpty)
    #expect(fake.isAtRest)
  }

  @Test("a recording that is cut short is kept", .timeLimit(.minutes(1)))
  func cutShort() async throws {
    let place = try Place()
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8), []])
    let summary = try await Recorder(source(fake)).record(to: "\(place.path)/short", seconds: 60)
    #expect(summary.scans == 8)
    #expect(try Capture.read(directory: "\(place.path)/short").recording.count == 8)
  }

  @Test("nothing is overwritten, and the sensor is not even touched", .timeLimit(.minutes(1)))
  func existing() async throws {
    let place = try Place()
    let fake = FakeIIO.mpu6050()
    for target in [place.path, "\(place.path)/no/such/parent", "", "/", "\(place.path)/.."] {
      let error = await #expect(throws: SensorError.self) {
        try await Recorder(source(fake)).record(to: target, seconds: 1)
      }
      #expect(error?.kind == .unwritable, "\(target)")
    }
    for seconds in [0, -1, .nan, .infinity, 601] {
      let error = await #expect(throws: SensorError.self) {
        try await Recorder(source(fake)).record(to: "\(place.path)/x", seconds: seconds)
      }
      #expect(error?.kind == .invalidSettings)
    }
    #expect(fake.calls.isEmpty)
  }

  @Test("a device whose name cannot name a file is refused", .timeLimit(.minutes(1)))
  func hostileName() async throws {
    let place = try Place()
    let fake = FakeIIO(FakeXML.context(FakeXML.mpu6050(name: "../../imu")), attributes: FakeXML.mpu6050Values)
    fake.scans("iio:device0", [Scan.run(0..<8), []])
    let error = await #expect(throws: SensorError.self) {
      try await Recorder(source(fake)).record(to: "\(place.path)/x", seconds: 1)
    }
    #expect(error?.kind == .unsuitable)
    #expect(place.names.isEmpty)
  }

  @Test("scales in the XML are brought up to date as libiio would print them, and only those")
  func scales() {
    let xml = FakeXML.context(FakeXML.mpu6050(), FakeXML.mpu6050("iio:device1"))
    let changed = String(
      decoding: ContextScales.put(
        ["accel_y": 0.0023924, "anglvel_z": 0.00053, "nothing": 1], ofDevice: "iio:device1", into: Array(xml.utf8)),
      as: UTF8.self)
    let halves = changed.split(separator: "<device id=\"iio:device1\"", maxSplits: 1)
    #expect(xml.hasPrefix(halves[0]))
    #expect(halves[1].contains("index=\"1\" format=\"be:S16/16&gt;&gt;0\" scale=\"0.002392\""))
    #expect(halves[1].contains("index=\"6\" format=\"be:S16/16&gt;&gt;0\" scale=\"0.000530\""))
    #expect(halves[1].contains("index=\"0\" format=\"be:S16/16&gt;&gt;0\" scale=\"0.000598\""))
    for text in [
      "", "<device id=\"iio:device1\"", "<device id=\"iio:device1\"><channel id=\"accel_y\" type=\"input\"", "garbage",
    ] {
      #expect(ContextScales.put(["accel_y": 1], ofDevice: "iio:device1", into: Array(text.utf8)) == Array(text.utf8))
    }
    #expect(ContextScales.sixDecimals(-0.25) == "-0.250000")
    #expect(ContextScales.sixDecimals(0.0000004) == "0.000000")
    #expect(ContextScales.sixDecimals(12.3456789) == "12.345679")
  }
}
