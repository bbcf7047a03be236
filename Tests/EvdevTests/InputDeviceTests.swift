import Platform
import EvdevTestSupport
import Testing

@testable import Evdev

@Suite("An input device", .timeLimit(.minutes(1))) struct InputDeviceTests {
  private let path = "/dev/input/event3"

  private func controller() -> FakeInputKernel.Device {
    var device = FakeInputKernel.Device(name: "Controller Motion Sensors")
    device.isAccelerometer = true
    device.hasDeviceTimestamps = true
    device.keys = [0x100, 0x211]
    let limits = AbsoluteAxisLimits(minimum: -32768, maximum: 32767, fuzz: 16, resolution: 8192)
    device.axes = [.x: AbsoluteAxisState(value: 17, limits: limits), .rz: AbsoluteAxisState(value: -4, limits: limits)]
    return device
  }

  @Test("A device is described with name, place, properties, keys and axes, and set to CLOCK_MONOTONIC")
  func description() throws {
    let kernel = FakeInputKernel([path: controller()])
    let device = try InputDevice(path: path, kernel: kernel)
    #expect(device.description.name == "Controller Motion Sensors")
    #expect(device.description.physicalPath == "test/input0")
    #expect(device.description.isAccelerometer)
    #expect(device.description.hasDeviceTimestamps)
    #expect(device.description.keys == [KeyCode(code: 0x100), KeyCode(code: 0x211)])
    #expect(Set(device.description.axes.keys) == [.x, .rz])
    #expect(device.description.axes[.x]?.resolution == 8192)
    #expect(device.description.axes[.x]?.fuzz == 16)
    #expect(kernel.monotonicDescriptors == 1)
    #expect(try device.state().axes == [.x: 17, .rz: -4])
  }

  @Test("A plain device has none of that, and a driver may leave out the place; control characters are no name")
  func plain() throws {
    var plain = FakeInputKernel.Device(name: "evil\u{1B}[2Jname\u{202E}")
    plain.physicalPath = nil
    let device = try InputDevice(path: path, kernel: FakeInputKernel([path: plain]))
    #expect(
      device.description
        == InputDeviceDescription(path: path, name: "evil?[2Jname?", physicalPath: ""))
    #expect(try device.state() == InputDeviceState())
  }

  @Test("Each refusal of the kernel has the path, the request, the error's name and a remedy")
  func refusals() {
    func error(_ change: (inout FakeInputKernel.Device) -> Void) -> EvdevError? {
      var device = controller()
      change(&device)
      return #expect(throws: EvdevError.self) {
        try InputDevice(path: path, kernel: FakeInputKernel([path: device]))
      }
    }
    #expect(error { $0.openError = .accessDenied } == .cannotOpen(path: path, .accessDenied))
    #expect(error { $0.openError = .accessDenied }?.description.contains("usermod -aG input") == true)
    #expect(
      error { $0.errors[.eventBits(type: 0)] = .notATerminal }
        == .notAnInputDevice(path: path, operation: "EVIOCGBIT(0)"))
    #expect(error { $0.errors[.name] = .noDevice } == .deviceGone(path: path))
    #expect(
      error { $0.axisError = .invalidArgument }.map { "\($0)".contains("EVIOCGABS(ABS_") && "\($0)".contains("EINVAL") }
        == true)
    #expect(
      error { $0.clockError = .invalidArgument }
        == .kernelRefused(path: path, operation: "EVIOCSCLOCKID", .invalidArgument))
    #expect(
      #expect(throws: EvdevError.self) { try InputDevice(path: "/dev/input/event9", kernel: FakeInputKernel()) }
        == .cannotOpen(path: "/dev/input/event9", .noEntry))
  }

  @Test("What is written arrives as packets, in order, and a cut event waits for its rest")
  func reading() throws {
    let kernel = FakeInputKernel([path: controller()])
    let device = try InputDevice(path: path, kernel: kernel)
    #expect(try device.readAvailable().isEmpty)
    let bytes = [InputEvent.axis(.x, 5, at: 1000), .report(at: 1000), .axis(.x, 6, at: 2000), .report(at: 2000)]
      .flatMap(\.bytes)
    kernel.send(Array(bytes.dropLast(9)), to: path)
    let first = InputPacket(events: [.axis(.x, 5, at: 1000)], monotonicNanoseconds: 1000)
    #expect(try device.readAvailable() == [.packets([first])])
    kernel.send(Array(bytes.suffix(9)), to: path)
    let second = InputPacket(events: [.axis(.x, 6, at: 2000)], monotonicNanoseconds: 2000)
    #expect(try device.readAvailable() == [.packets([second])])
  }

  @Test("After a loss the device is asked for its state, once, and what came before that is not told after it")
  func loss() throws {
    let kernel = FakeInputKernel([path: controller()])
    let device = try InputDevice(path: path, kernel: kernel)
    kernel.update(path) { $0.keysDown = [0x211] }
    kernel.send(
      [
        .key(0x100, 1), .report(at: 1000), .dropped(), .report(at: 2000), .dropped(), .key(0x100, 0), .report(at: 3000),
        // The release is not in the queue any more: the kernel takes it out when it is asked for the keys.
        .key(0x100, 1), .report(at: 4000),
      ], to: path)
    #expect(
      try device.readAvailable() == [
        .packets([InputPacket(events: [.key(0x100, 1)], monotonicNanoseconds: 1000)]),
        .resynchronised(
          InputDeviceState(keysDown: [KeyCode(code: 0x211)], axes: [.x: 17, .rz: -4]), monotonicNanoseconds: 4000),
      ])
    kernel.send([.key(0x211, 0), .report(at: 5000)], to: path)
    #expect(
      try device.readAvailable() == [.packets([InputPacket(events: [.key(0x211, 0)], monotonicNanoseconds: 5000)])])
  }

  @Test("After a loss everything that waits is discarded, but a device that never stops is not read for ever")
  func longLoss() throws {
    let kernel = FakeInputKernel([path: controller()])
    let device = try InputDevice(path: path, kernel: kernel)
    // Three reads' worth, and an event that is cut.
    let events = [InputEvent.dropped()] + (1...300).flatMap { [.axis(.x, $0), .report(at: Int64($0) * 1000)] }
    kernel.send(events, to: path)
    kernel.send(Array(InputEvent.axis(.x, 5, at: 400_000).bytes.dropLast(3)), to: path)
    #expect(
      try device.readAvailable() == [
        .resynchronised(InputDeviceState(axes: [.x: 17, .rz: -4]), monotonicNanoseconds: 300_000)
      ])
    kernel.send(Array(InputEvent.axis(.x, 5, at: 400_000).bytes.suffix(3)), to: path)
    kernel.send([.report(at: 400_000)], to: path)
    let packet = InputPacket(events: [.axis(.x, 5, at: 400_000)], monotonicNanoseconds: 400_000)
    #expect(try device.readAvailable() == [.packets([packet])])
    kernel.disconnect(path)
    #expect(throws: EvdevError.deviceGone(path: path)) { try device.readAvailable() }
  }

  @Test("A device that goes away ends the stream with an error that says so")
  func disconnected() async throws {
    let kernel = FakeInputKernel([path: controller()])
    let device = try InputDevice(path: path, kernel: kernel)
    kernel.send([.key(0x211, 1), .report(at: 1000)], to: path)
    var received: [InputDeviceEvent] = []
    for await event in device.events() {
      received.append(event)
      if case .packets = event { kernel.disconnect(path) }
    }
    #expect(
      received == [
        .packets([InputPacket(events: [.key(0x211, 1)], monotonicNanoseconds: 1000)]), .failed(.deviceGone(path: path)),
      ])
  }

  @Test("A consumer that is cancelled ends the reading, and the descriptor is closed with the last reference")
  func cancelled() async throws {
    let kernel = FakeInputKernel([path: controller()])
    weak var released: InputDevice?
    do {
      let device = try InputDevice(path: path, kernel: kernel)
      released = device
      let reader = Task { [events = device.events()] in
        var count = 0
        for await _ in events { count += 1 }
        return count
      }
      reader.cancel()
      #expect(await reader.value == 0)
    }
    // The thread has been told to end, and drops the device as the last thing it does.
    while released != nil { await Task.yield() }
    #expect(released == nil)
  }

  @Test("A consumer that falls behind is told of it with the state, in the place of what it missed")
  func overflow() throws {
    let kernel = FakeInputKernel([path: controller()])
    let device = try InputDevice(path: path, kernel: kernel)
    let delivered = Locked<[InputDeviceEvent]>([])
    let hasRoom = Locked(true)
    var reading = InputReading(device: device) { event in
      guard hasRoom.withLock({ $0 }) else { return false }
      delivered.withLock { $0.append(event) }
      return true
    } finish: {
    }
    func send(_ value: Int32) -> PollNext {
      kernel.send([.axis(.x, value), .report()], to: path)
      return reading.proceed(.readable, now: 77)
    }
    let packet = { (value: Int32) in
      InputDeviceEvent.packets([InputPacket(events: [.axis(.x, value)], monotonicNanoseconds: 0)])
    }
    func state(at time: Int64) -> InputDeviceEvent {
      .resynchronised(InputDeviceState(axes: [.x: 17, .rz: -4]), monotonicNanoseconds: time)
    }
    #expect(send(1) == .wait(until: nil))
    hasRoom.withLock { $0 = false }
    #expect(send(2) == .wait(until: 100_000_077))
    #expect(send(3) == .wait(until: 100_000_077))
    hasRoom.withLock { $0 = true }
    // The state is newer than the packet, which is not told after it.
    #expect(send(4) == .wait(until: nil))
    #expect(send(5) == .wait(until: nil))
    #expect(delivered.withLock { $0 } == [packet(1), state(at: 77), packet(5)])

    hasRoom.withLock { $0 = false }
    #expect(send(6) == .wait(until: 100_000_077))
    hasRoom.withLock { $0 = true }
    #expect(reading.proceed(.deadline, now: 100_000_077) == .wait(until: nil), "the device is silent from then on")
    #expect(delivered.withLock { $0 }.last == state(at: 100_000_077))
  }
}
