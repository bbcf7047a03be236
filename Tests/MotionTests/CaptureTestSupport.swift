import Foundation

@testable import Motion

/// A directory for one test, removed when the test lets go of it.
final class ScratchDirectory {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("tacc-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }
}

/// A channel of a context under test.
struct TestChannel {
  var id: String
  var index: String
  var format: String
  var scale: String?
  var inner = ""
  var type = "input"

  var xml: String {
    let scale = scale.map { " scale=\"\($0)\"" } ?? ""
    let format = format.replacingOccurrences(of: ">", with: "&gt;")
    return "<channel id=\"\(id)\" type=\"\(type)\" >"
      + "<scan-element index=\"\(index)\" format=\"\(format)\"\(scale) />\(inner)</channel>\n"
  }
}

/// The channels of an MPU-6050 at ±2 g and ±250 °/s, with scales as simple as they can be.
func mpuChannels(accelScale: String? = "0.5", gyroScale: String? = "0.25") -> [TestChannel] {
  var channels: [TestChannel] = []
  for (kind, scale) in [("accel", accelScale), ("anglvel", gyroScale)] {
    for axis in ["x", "y", "z"] {
      channels.append(
        TestChannel(id: "\(kind)_\(axis)", index: "\(channels.count)", format: "be:S16/16>>0", scale: scale))
    }
  }
  return channels + [TestChannel(id: "timestamp", index: "6", format: "le:S64/64>>0")]
}

/// A context with one device.
func contextXML(_ channels: [TestChannel], device: String = "mpu6050", attributes: String = "") -> String {
  "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
    + "<!DOCTYPE context [<!ELEMENT context (device | context-attribute)*>"
    + "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>]>\n"
    + "<context name=\"local\" description=\"test\" >\n"
    + "<device id=\"iio:device0\" name=\"\(device)\" >\n"
    + channels.map(\.xml).joined() + attributes + "</device>\n</context>\n"
}

/// One scan in the layout of an MPU-6050.
func mpuScan(accel: [Int16], gyro: [Int16], timestamp: Int64) -> [UInt8] {
  var bytes: [UInt8] = []
  for code in accel + gyro {
    bytes.append(UInt8(truncatingIfNeeded: code >> 8))
    bytes.append(UInt8(truncatingIfNeeded: code))
  }
  while bytes.count % 8 != 0 { bytes.append(0xEE) }
  for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: timestamp >> Int64(8 * byte))) }
  return bytes
}

/// A few scans at 200 Hz whose codes count upwards.
func mpuScans(_ count: Int) -> [UInt8] {
  (0..<count).flatMap { scan in
    let code = Int16(truncatingIfNeeded: scan)
    return mpuScan(
      accel: [code, -code, 1000 + code], gyro: [2 * code, 7, -7], timestamp: 1_000_000_000 + Int64(scan) * 5_000_000)
  }
}

/// Reproducible choices for tests.
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    var x = state
    x ^= x >> 33
    x = x &* 0xFF51_AFD7_ED55_8CCD
    return x ^ (x >> 33)
  }
}

/// The `CaptureError` that an operation throws; nil if it succeeds.
func captureError(_ operation: () throws -> Void) -> CaptureError? { thrown(CaptureError.self, operation) }

/// The error of a type that an operation throws; nil if it succeeds or throws another.
func thrown<Failure: Error, Result>(_ type: Failure.Type, _ operation: () throws -> Result) -> Failure? {
  do {
    _ = try operation()
    return nil
  } catch {
    return error as? Failure
  }
}
