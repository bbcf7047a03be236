import EvdevTestSupport
import Foundation
import Platform
import Testing

@testable import Evdev
@testable import Motion
@testable import Sensors

@Suite("Recording an input device", .timeLimit(.minutes(1))) struct InputRecorderTests {
  private static let node = "/dev/input/event4"

  private final class Place {
    let path = NSTemporaryDirectory() + "tacc-input-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
  }

  private func kernel(name: String = "Controller", _ change: (inout FakeInputKernel.Device) -> Void = { _ in })
    -> FakeInputKernel
  {
    var device = FakeInputKernel.Device(name: name)
    device.isAccelerometer = true
    device.hasDeviceTimestamps = true
    device.axes = EvdevDecoderTests.controller().axes.mapValues { AbsoluteAxisState(value: 0, limits: $0) }
    change(&device)
    return FakeInputKernel([Self.node: device])
  }

  private func recorder(_ kernel: FakeInputKernel) -> Recorder {
    Recorder(
      EvdevSource(device: Self.node, devices: InputDevices(kernel: kernel), patience: 3_600_000_000_000))
  }

  /// Scans of 4 ms; x, y and z of the first number are the scan's, as is rx of the second.
  private func scans(_ range: Range<Int>, from start: Int64, rate: Int32 = 1024) -> [InputEvent] {
    range.flatMap { scan -> [InputEvent] in
      let time = start + Int64(scan) * 4_000_000
      return [
        .axis(.x, Int32(scan), at: time), .axis(.y, Int32(-scan), at: time), .axis(.z, 8192, at: time),
        .axis(.rx, rate * Int32(scan), at: time), .deviceTime(UInt32(scan) * 4000, at: time), .report(at: time),
      ]
    }
  }

  /// Records while a device reports; the reading has begun, and the values at rest have been asked for, when it does.
  private func record(
    _ kernel: FakeInputKernel, to directory: String, seconds: Double,
    _ report: (Task<Recorder.Summary, any Error>) -> Void
  ) async throws -> Recorder.Summary {
    let recorder = recorder(kernel)
    let task = Task { try await recorder.record(to: directory, seconds: seconds) }
    await kernel.waitForAxisQuestions(6 + 6)
    report(task)
    return try await task.value
  }

  @Test("The capture reads back as what the device reported: times in ns, values in SI units")
  func roundTrip() async throws {
    let place = try Place()
    let kernel = kernel(name: "Wireless Controller (é) Motion/Sensors")
    let start = MonotonicClock.now() / 1000 * 1000
    let summary = try await record(kernel, to: "\(place.path)/shake", seconds: 0.2) { _ in
      kernel.send(scans(0..<60, from: start), to: Self.node)
    }
    #expect(place.names == ["shake"], "nothing but the capture is left")
    #expect(summary.name == "Wireless Controller (é) Motion/Sensors")
    #expect(summary.scans >= 51 && summary.seconds >= 0.2)
    #expect(summary.missingScans == 0 && summary.clippedScans == 0)

    let capture = try Capture.read(directory: "\(place.path)/shake")
    #expect(capture.label == "shake")
    #expect(capture.deviceName == "Wireless-Controller-Motion-Sensors")
    #expect(capture.contextDescription.contains("input device \(Self.node)"))
    #expect(capture.notes?.contains("MSC_TIMESTAMP") == true)
    let recording = capture.recording
    #expect(recording.count == summary.scans)
    #expect(recording.nominalRate == nil, "nobody knows it")
    #expect(recording.timestamps == (0..<summary.scans).map { start + Int64($0) * 4_000_000 })
    for scan in 0..<summary.scans {
      let force = SIMD3(Double(scan), -Double(scan), 8192) * (9.80665 / 8192)
      #expect(recording.acceleration[scan] == force, "16 bits hold what the device said")
      let rate = Double(scan) * .pi / 180
      #expect(abs(recording.angularVelocity[scan].x - rate) <= 2048 * .pi / 180 / 32_767 / 2)
    }
    #expect(
      try RawCapture.load(path: "\(place.path)/shake").devices.compactMap(\.scans).map(\.recording) == [recording])
  }

  @Test(
    "Axes at full scale read as such, without a gyroscope or clock too; what is lost is counted by the device's clock")
  func fullScale() async throws {
    let place = try Place()
    let start = MonotonicClock.now() / 1000 * 1000
    let events = scans(0..<10, from: start, rate: 1_000_000) + scans(13..<60, from: start, rate: 0)
    let kernel = kernel()
    let summary = try await record(kernel, to: "\(place.path)/clipped", seconds: 0.2) { _ in
      kernel.send(events, to: Self.node)
    }
    #expect(summary.missingScans == 3)
    #expect(summary.clippedScans == 7, "from 3 million on")
    let recording = try Capture.read(directory: "\(place.path)/clipped").recording
    #expect(recording.clippedAngularVelocity.prefix(12).map { $0 == .x } == (0..<12).map { (3...9).contains($0) })
    #expect(abs(recording.angularVelocity[2].x - 2_000_000 / 1024 * .pi / 180) < 1e-3)
    #expect(abs(recording.angularVelocity[3].x - 2048 * .pi / 180) < 1e-2)
    #expect(recording.clippedAcceleration.allSatisfy { $0 == [] })

    let plain = self.kernel {
      $0.hasDeviceTimestamps = false
      $0.axes = $0.axes.filter { [.x, .y, .z].contains($0.key) }
    }
    let task = Task { [recorder = recorder(plain)] in
      try await recorder.record(to: "\(place.path)/plain", seconds: 0.1)
    }
    await plain.waitForAxisQuestions(3 + 3)
    plain.send(
      [0, 30, 60, 120].flatMap { [.axis(.z, 40_000, at: $0 * 1_000_000), .report(at: $0 * 1_000_000)] }, to: Self.node)
    let second = try await task.value
    #expect(second.scans == 4 && second.clippedScans == 4 && second.missingScans == 0)
    let read = try Capture.read(directory: "\(place.path)/plain")
    #expect(!read.recording.hasGyroscope)
    #expect(read.recording.clippedAcceleration == [AxisFlags](repeating: .z, count: 4))
    #expect(read.notes?.contains("those of the kernel") == true)
  }

  @Test("A recording that is cut short is kept")
  func cutShort() async throws {
    let place = try Place()
    let kernel = kernel()
    let (reached, feed) = AsyncStream.makeStream(of: Double.self)
    let task = Task { [recorder = recorder(kernel)] in
      try await recorder.record(to: "\(place.path)/short", seconds: 60) { feed.yield($0) }
    }
    await kernel.waitForAxisQuestions(6 + 6)
    kernel.send(scans(0..<20, from: 0), to: Self.node)
    for await seconds in reached where seconds >= 0.076 { break }
    task.cancel()
    #expect(try await task.value.scans == 20)
    #expect(try Capture.read(directory: "\(place.path)/short").recording.count == 20)
  }

  @Test("A device that goes, or that says nothing before it is stopped, leaves nothing behind")
  func nothing() async throws {
    let place = try Place()
    let kernel = kernel()
    let gone = await #expect(throws: SensorError.self) {
      try await record(kernel, to: "\(place.path)/gone", seconds: 60) { _ in
        kernel.send(scans(0..<20, from: 0), to: Self.node)
        kernel.disconnect(Self.node)
      }
    }
    #expect(gone?.kind == .unplugged)
    let silent = await #expect(throws: SensorError.self) {
      try await record(kernel, to: "\(place.path)/silent", seconds: 60) { $0.cancel() }
    }
    #expect(silent?.problem == "it ended before the first scan")
    #expect(place.names.isEmpty)
  }

  @Test("Nothing is overwritten, and the device is not even opened")
  func existing() async throws {
    let place = try Place()
    let kernel = kernel()
    for target in [place.path, "\(place.path)/no/such/parent", ""] {
      let error = await #expect(throws: SensorError.self) {
        try await recorder(kernel).record(to: target, seconds: 1)
      }
      #expect(error?.kind == .unwritable, "\(target)")
    }
    let error = await #expect(throws: SensorError.self) {
      try await recorder(kernel).record(to: "\(place.path)/x", seconds: 601)
    }
    #expect(error?.kind == .invalidSettings)
    #expect(kernel.monotonicDescriptors == 0)
  }

  @Test(
    "The file is named after the device, plainly",
    arguments: [
      ("Sony Interactive Entertainment Motion Sensors", "Sony-Interactive-Entertainment-Motion-Sensors"),
      ("../../etc/passwd", "etc-passwd"), ("", "input"), ("é è", "input"), ("..", "input"), ("lis3lv02d", "lis3lv02d"),
    ])
  func names(name: String, file: String) {
    #expect(InputDeviceDescription(path: Self.node, name: name).fileName == file)
  }
}
