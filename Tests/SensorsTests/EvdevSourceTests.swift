import Platform
import EvdevTestSupport
import Testing

@testable import Evdev
@testable import Motion
@testable import Sensors

@Suite("Motion from an input device", .timeLimit(.minutes(1))) struct EvdevSourceTests {
  private static let path = "/dev/input/event4"

  private func controller() -> FakeInputKernel.Device {
    let description = EvdevDecoderTests.controller()
    var device = FakeInputKernel.Device(name: description.name)
    device.isAccelerometer = true
    device.hasDeviceTimestamps = true
    device.axes = description.axes.mapValues { AbsoluteAxisState(value: 0, limits: $0) }
    return device
  }

  private func kernel() -> FakeInputKernel {
    FakeInputKernel([Self.path: controller(), "/dev/input/event0": FakeInputKernel.Device(name: "keyboard")])
  }

  private func source(_ kernel: FakeInputKernel, _ device: String? = nil) -> EvdevSource {
    // However long this machine lets the reading wait, the device is not out of order.
    EvdevSource(device: device, devices: InputDevices(kernel: kernel), patience: 3_600_000_000_000)
  }

  private func scan(_ z: Int32, _ microseconds: UInt32, at time: Int64) -> [InputEvent] {
    [.axis(.z, z, at: time), .deviceTime(microseconds, at: time), .report(at: time)]
  }

  @Test("The only accelerometer is found, or one by name or path", arguments: [nil, "Controller", path])
  func describe(reference: String?) async throws {
    let description = try await source(kernel(), reference).describe()
    #expect(description.name == "Controller")
    #expect(description.hasAccelerometer && description.hasGyroscope && description.isLive)
    #expect(description.rate == nil)
    #expect(abs((description.accelerationRange ?? 0) - 4 * 9.80665) < 1e-9)
    #expect(abs((description.angularVelocityRange ?? 0) - 2048 * .pi / 180) < 1e-9)
    #expect(description.notes == ["the kernel smooths the smallest changes of the device's axes (fuzz)"])
  }

  @Test("A device without a clock says so")
  func noClock() async throws {
    let kernel = kernel()
    kernel.update(Self.path) { $0.hasDeviceTimestamps = false }
    #expect(try await source(kernel).describe().notes.first?.contains("MSC_TIMESTAMP") == true)
  }

  @Test("None, several, forbidden or no motion sensor: each has its sort and remedy")
  func refusals() async {
    func kind(_ kernel: FakeInputKernel, _ device: String? = nil) async -> SensorError.Kind? {
      await #expect(throws: SensorError.self) { try await source(kernel, device).describe() }?.kind
    }
    #expect(await kind(FakeInputKernel()) == .notFound)
    #expect(
      await kind(FakeInputKernel([Self.path: controller(), "/dev/input/event5": controller()])) == .invalidSettings)
    #expect(await kind(kernel(), "keyboard") == .unsuitable)
    #expect(await kind(kernel(), "/dev/input/event9") == .notFound)
    let kernel = kernel()
    kernel.update(Self.path) { $0.openError = .accessDenied }
    #expect(await kind(kernel) == .permission)
    #expect(await kind(kernel, Self.path) == .permission)
    kernel.update(Self.path) {
      $0.openError = nil
      $0.axisError = .noDevice
    }
    #expect(await kind(kernel, Self.path) == .unplugged)
  }

  @Test("Scans arrive in order with the device's own times; a device that goes ends the stream as unplugged")
  func stream() async throws {
    let kernel = kernel()
    var received = Recording()
    var failure: SensorError.Kind?
    let start = MonotonicClock.now() / 1000 * 1000
    let events = source(kernel).events()
    // Asked about when it is listed, when it is opened, and for its state before the reading begins.
    await kernel.waitForAxisQuestions(6 + 6 + 6)
    kernel.send(
      (0..<5).flatMap { scan($0 * 8192, UInt32($0) * 4000, at: start + Int64($0) * 4_100_000) }, to: Self.path)
    for await event in events {
      switch event {
      case .scans(let batch):
        received.append(contentsOf: batch)
        if received.count == 5 { kernel.disconnect(Self.path) }
      case .failed(let error): failure = error.kind
      case .ended: Issue.record("a live sensor does not end by itself")
      }
    }
    #expect(received.timestamps == (0..<5).map { start + $0 * 4_000_000 })
    #expect(received.acceleration.map(\.z) == (0..<5).map { Double($0) * 9.80665 })
    #expect(failure == .unplugged)
  }

  @Test("A consumer that goes stops the sampling")
  func cancelled() async {
    let kernel = kernel()
    let source = source(kernel)
    let consumer = Task { [events = source.events()] in
      for await _ in events {}
    }
    consumer.cancel()
    await consumer.value
    await source.settled()
  }
}

@Suite("Sampling an input device") struct EvdevSamplingTests {
  private static let path = "/dev/input/event4"

  /// What the sampling handed on.
  private final class Outlet {
    var batches: [Recording] = []
    var messages: [String] = []
    var refusal: SensorError?
  }

  private func sampling(
    _ outlet: Outlet, hasClock: Bool = true
  ) throws -> (FakeInputKernel, EvdevSampling) {
    let description = EvdevDecoderTests.controller()
    var device = FakeInputKernel.Device(name: "Controller")
    device.isAccelerometer = true
    device.hasDeviceTimestamps = hasClock
    device.axes = description.axes.mapValues { AbsoluteAxisState(value: 8192, limits: $0) }
    let kernel = FakeInputKernel([Self.path: device])
    let sampling = EvdevSampling(
      device: try InputDevice(path: Self.path, kernel: kernel), decoder: try EvdevDecoder(description, values: [:])
    ) {
      outlet.messages.append($0)
    } deliver: { (batch) throws(SensorError) in
      if let refusal = outlet.refusal { throw refusal }
      outlet.batches.append(batch)
    }
    return (kernel, sampling)
  }

  @Test("Scans are handed on 40 ms after the first of a batch")
  func batches() throws {
    let outlet = Outlet()
    var (kernel, sampling) = try sampling(outlet, hasClock: false)
    #expect(sampling.proceed(.started, now: 0) == .wait(until: nil))
    kernel.send([.axis(.x, 1), .report(at: 1000)], to: Self.path)
    #expect(sampling.proceed(.readable, now: 5_000_000) == .wait(until: 45_000_000))
    kernel.send([.axis(.x, 2), .report(at: 2000)], to: Self.path)
    #expect(sampling.proceed(.readable, now: 44_000_000) == .wait(until: 45_000_000))
    #expect(outlet.batches.isEmpty)
    #expect(sampling.proceed(.deadline, now: 45_000_000) == .wait(until: nil))
    #expect(outlet.batches.map(\.timestamps) == [[1000, 2000]])
  }

  @Test("A device that has a clock and is silent for two seconds is out of order; one without is merely at rest")
  func silence() throws {
    let outlet = Outlet()
    var (_, sampling) = try sampling(outlet)
    #expect(sampling.proceed(.started, now: 0) == .wait(until: 2_000_000_000))
    #expect(sampling.proceed(.deadline, now: 2_000_000_000) == .finish)
    #expect(sampling.failure?.kind == .stalled)
    #expect(sampling.failure?.problem == "nothing came for 2 s")
    var (_, quiet) = try self.sampling(Outlet(), hasClock: false)
    #expect(quiet.proceed(.started, now: 0) == .wait(until: nil))
  }

  @Test("After a loss the axes have the device's values, and the log says that packets were lost")
  func loss() throws {
    let outlet = Outlet()
    var (kernel, sampling) = try sampling(outlet, hasClock: false)
    _ = sampling.proceed(.started, now: 0)
    kernel.send([.axis(.x, 5), .dropped(), .report(at: 1000), .axis(.x, 7), .report(at: 2000)], to: Self.path)
    #expect(sampling.proceed(.readable, now: 0) == .wait(until: nil), "what is older than the state is no scan")
    kernel.send([.axis(.x, 0), .report(at: 3000)], to: Self.path)
    _ = sampling.proceed(.readable, now: 0)
    _ = sampling.proceed(.deadline, now: 40_000_000)
    #expect(outlet.batches.first?.timestamps == [3000])
    #expect(outlet.batches.first?.acceleration == [SIMD3(0, 9.80665, 9.80665)])
    #expect(outlet.messages.count == 1)
  }

  @Test("What was measured before a failure is handed on; a consumer that is too slow is the failure")
  func failures() throws {
    let outlet = Outlet()
    var (kernel, sampling) = try sampling(outlet)
    _ = sampling.proceed(.started, now: 0)
    kernel.send([.axis(.x, 0), .report(at: 1000)], to: Self.path)
    _ = sampling.proceed(.readable, now: 0)
    kernel.disconnect(Self.path)
    #expect(sampling.proceed(.readable, now: 1) == .finish)
    sampling.end()
    #expect(sampling.failure?.kind == .unplugged)
    #expect(outlet.batches.map(\.count) == [1])

    let slow = Outlet()
    slow.refusal = SensorError(kind: .consumerTooSlow, operation: "wait", subject: "it", problem: "p", remedy: "r")
    var (other, blocked) = try self.sampling(slow)
    _ = blocked.proceed(.started, now: 0)
    other.send([.axis(.x, 0), .report(at: 1000)], to: Self.path)
    _ = blocked.proceed(.readable, now: 0)
    #expect(blocked.proceed(.deadline, now: 40_000_000) == .finish)
    #expect(blocked.failure == slow.refusal)
  }
}
