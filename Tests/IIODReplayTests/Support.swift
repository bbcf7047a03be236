import Foundation
import Motion
import Testing

@testable import IIODReplay

/// A directory for one test, removed when the test lets go of it.
final class ScratchDirectory: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("tacc-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }
}

/// Captures that tests play.
enum TestCapture {
  /// A capture of an MPU-6050 as `Capture.write(to:)` makes it: codes count upwards, stamps are given.
  static func counting(_ stamps: [Int64], label: String = "counting", rate: Double? = nil) throws -> RawCapture {
    var recording = Recording(nominalRate: rate)
    for (index, stamp) in stamps.enumerated() {
      let code = Double(index % 100)
      recording.append(
        timestamp: stamp, acceleration: SIMD3(code, code + 1, 9), angularVelocity: SIMD3(0.25 * (code / 100), 0, 0))
    }
    var capture = Capture(label: label, recording: recording, accelerationScale: 0.01, angularVelocityScale: 0.001)
    capture.attributes = ["current_timestamp_clock": "monotonic"]
    let directory = try ScratchDirectory()
    try capture.write(to: directory.path)
    return try RawCapture.load(path: directory.path)
  }

  /// Stamps at regular intervals, ns.
  static func regular(_ count: Int, from start: Int64 = 7_000_000_000, period: Int64 = 5_000_000) -> [Int64] {
    (0..<count).map { start + Int64($0) * period }
  }

  /// Two boards shaken together: 1.6 s of rest, then 1.4 s of motion.
  static let pair: Result<(alice: RawCapture, bob: RawCapture), any Error> = Result {
    var parameters = SimulatorParameters(seed: 5, seconds: 3, restBefore: 1.6)
    parameters.rateBob = 100
    let directory = try ScratchDirectory()
    try Simulator.simulate(parameters).pair.write(to: directory.path)
    return (
      try RawCapture.load(path: directory.path + "/alice"), try RawCapture.load(path: directory.path + "/bob")
    )
  }

  /// A context with two devices and two triggers, as a sensor hub has; the gyroscope begins 4 ms after the other.
  static func hub() throws -> RawCapture {
    let directory = try ScratchDirectory()
    func device(_ id: String, _ name: String, _ kind: String) -> String {
      let axes = ["x", "y", "z"].enumerated().map { index, axis in
        "<channel id=\"\(kind)_\(axis)\" type=\"input\" ><scan-element index=\"\(index)\" "
          + "format=\"le:S32/32&gt;&gt;0\" scale=\"0.001\" />"
          + "<attribute name=\"raw\" filename=\"in_\(kind)_\(axis)_raw\" />"
          + "<attribute name=\"scale\" filename=\"in_\(kind)_scale\" />"
          + "<attribute name=\"sampling_frequency\" filename=\"in_\(kind)_sampling_frequency\" /></channel>"
      }
      return "<device id=\"\(id)\" name=\"\(name)\" >" + axes.joined()
        + "<channel id=\"timestamp\" type=\"input\" ><scan-element index=\"3\" format=\"le:S64/64&gt;&gt;0\" />"
        + "</channel></device>"
    }
    try directory.write(
      "<?xml version=\"1.0\"?><context name=\"local\" description=\"hub\" >"
        + device("iio:device0", "accel_3d", "accel") + device("iio:device1", "gyro_3d", "anglvel")
        + "<device id=\"trigger0\" name=\"accel_3d-dev0\" ></device>"
        + "<device id=\"trigger1\" name=\"other\" ></device></context>",
      "context.xml")
    try directory.write(
      #"{"attributes":{"in_accel_sampling_frequency":"100","in_anglvel_sampling_frequency":"100"}}"#, "capture.json")
    for (name, start) in [("accel_3d", Int64(0)), ("gyro_3d", 4_000_000)] {
      var bytes: [UInt8] = []
      for scan in 0..<50 {
        for axis in 0..<3 { bytes += little(UInt64(scan * 10 + axis), 4) }
        bytes += [0, 0, 0, 0] + little(UInt64(3_000_000_000 + start + Int64(scan) * 10_000_000), 8)
      }
      try directory.write(bytes, name + ".bin")
    }
    return try RawCapture.load(path: directory.path)
  }

  static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }
}

/// A server without sockets: sessions, their shared state and a clock that tests turn.
struct Bench {
  var state: ReplayState
  var now: Int64 = 1_000_000_000_000
  private var sessions: [Session] = []

  init(
    _ captures: [RawCapture], limits: ReplayLimits = ReplayLimits(), _ change: (inout ReplayOptions) -> Void = { _ in }
  ) {
    var options = ReplayOptions()
    change(&options)
    state = ReplayState(
      models: captures.map { ReplayModel($0, rate: options.rate) }, options: options, limits: limits,
      clockAhead: { $0 == .realtime ? 500_000_000_000_000 : 0 })
  }

  /// A new connection.
  mutating func connect(_ context: Int = 0) -> Int {
    sessions.append(Session(context: context))
    return sessions.count - 1
  }

  /// Sends bytes and collects what comes back at once.
  mutating func send(_ bytes: [UInt8], _ client: Int) -> [UInt8] {
    sessions[client].receive(bytes)
    return collect(client).bytes
  }

  /// Sends text and collects the answer as text.
  mutating func say(_ text: String, _ client: Int) -> String {
    String(decoding: send(Array(text.utf8), client), as: UTF8.self)
  }

  /// What a session has to send now, and when it wants to be asked again.
  mutating func collect(_ client: Int) -> (bytes: [UInt8], until: Int64?, isFinished: Bool) {
    var bytes: [UInt8] = []
    while true {
      switch sessions[client].step(at: now, &state) {
      case .send(let more): bytes += more
      case .idle(let until): return (bytes, until, false)
      case .finished: return (bytes, nil, true)
      }
    }
  }

  /// Turns the clock to where a session wants to be asked again, until it has answered with `count` bytes or the clock
  /// reached `limit`.
  mutating func wait(_ client: Int, for count: Int, until limit: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let (more, until, isFinished) = collect(client)
      bytes += more
      guard !isFinished, bytes.count < count, let until, until <= limit else { break }
      now = max(now, until)
    }
    return bytes
  }

  /// The connection is lost.
  mutating func disconnect(_ client: Int) { sessions[client].end(&state) }

  /// Reads scans with stamps: what `READBUF` gives, taken apart.
  mutating func scans(_ count: Int, size: Int, device: String = "iio:device0", _ client: Int) throws -> [[UInt8]] {
    var bytes = send(Array("READBUF \(device) \(count * size)\r\n".utf8), client)
    var scans: [UInt8] = []
    var isFirst = true
    while scans.count < count * size {
      if bytes.isEmpty { bytes = wait(client, for: 1, until: now + 60_000_000_000) }
      guard let end = bytes.firstIndex(of: 0x0A),
        let length = Int(String(decoding: bytes[..<end], as: UTF8.self)), length > 0
      else { throw OtherAnswer(text: String(decoding: bytes.prefix(100), as: UTF8.self)) }
      bytes.removeFirst(end + 1)
      if isFirst {
        guard let end = bytes.firstIndex(of: 0x0A), end % 8 == 0, end > 0 else {
          throw OtherAnswer(text: String(decoding: bytes.prefix(100), as: UTF8.self))
        }
        bytes.removeFirst(end + 1)
        isFirst = false
      }
      guard bytes.count >= length else {
        throw OtherAnswer(text: String(decoding: bytes.prefix(100), as: UTF8.self))
      }
      scans += bytes[..<length]
      bytes.removeFirst(length)
    }
    return stride(from: 0, to: scans.count, by: size).map { Array(scans[$0..<$0 + size]) }
  }
}

/// An answer that holds no scans.
struct OtherAnswer: Error {
  var text: String
}

/// The stamp that ends a scan.
func stamp(_ scan: [UInt8]) -> Int64 {
  Int64(bitPattern: scan.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
}

/// A code of 16 bits, most significant byte first.
func code(_ scan: [UInt8], at start: Int) -> Int16 {
  Int16(bitPattern: UInt16(scan[start]) << 8 | UInt16(scan[start + 1]))
}

/// Reproducible choices.
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
