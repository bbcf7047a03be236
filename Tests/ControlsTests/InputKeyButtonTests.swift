import Evdev
import EvdevTestSupport
import Testing

@testable import Controls

@Suite("A key of an input device as the button", .timeLimit(.minutes(1))) struct InputKeyButtonTests {
  private static let path = "/dev/input/event0"
  private static let wps: UInt16 = 0x211

  private func keys(_ name: String, _ codes: [UInt16]) -> FakeInputKernel.Device {
    var device = FakeInputKernel.Device(name: name)
    device.keys = codes
    return device
  }

  private func kernel() -> FakeInputKernel {
    FakeInputKernel([
      Self.path: keys("gpio-keys", [Self.wps, 116]), "/dev/input/event1": keys("keyboard", Array(1...80) + [116]),
    ])
  }

  private func button(
    _ device: String?, _ key: String, _ kernel: FakeInputKernel
  ) throws(ControlsError) -> InputKeyButton {
    try InputKeyButton(InputKeyConfiguration(device: device, key: key), devices: InputDevices(kernel: kernel))
  }

  @Test(
    "The device is given by path or name, or is the only one with the key; the key by name or number",
    arguments: [(path, "KEY_WPS_BUTTON"), ("gpio-keys", "0x211"), (nil, "key_wps_button"), (nil, "529")])
  func find(device: String?, key: String) throws {
    #expect(try button(device, key, kernel()).place == "KEY_WPS_BUTTON of /dev/input/event0 (gpio-keys)")
  }

  @Test("What is no key, or not a key of the device or of one device only, is refused with what there is")
  func refusals() throws {
    #expect(throws: ControlsError.keyUnknown("KEY_WPS_BUTON", near: ["KEY_WPS_BUTTON"])) {
      try button(nil, "KEY_WPS_BUTON", kernel())
    }
    #expect(
      throws: ControlsError.keyNotOffered(
        KeyCode(code: 2), device: "/dev/input/event0 (gpio-keys)", keys: ["KEY_POWER", "KEY_WPS_BUTTON"])
    ) { try button("gpio-keys", "KEY_1", kernel()) }
    #expect(throws: ControlsError.noDeviceWithKey(KeyCode(code: 0x100), forbidden: [])) {
      try button(nil, "BTN_0", kernel())
    }
    #expect(
      throws: ControlsError.severalDevicesWithKey(
        KeyCode(code: 116), devices: ["/dev/input/event0 (gpio-keys)", "/dev/input/event1 (keyboard)"])
    ) { try button(nil, "KEY_POWER", kernel()) }
    #expect(throws: ControlsError.input(.cannotOpen(path: "/dev/input/event7", .noEntry))) {
      try button("/dev/input/event7", "KEY_POWER", kernel())
    }
    let long = #expect(throws: ControlsError.self) { try button("keyboard", "BTN_0", kernel()) }
    #expect(try #require(long).description.contains("and 69 more"))
  }

  @Test("A device that may not be opened is named, with the group that would allow it")
  func forbidden() throws {
    let kernel = kernel()
    kernel.update(Self.path) { $0.openError = .accessDenied }
    let error = #expect(throws: ControlsError.noDeviceWithKey(KeyCode(code: 0x211), forbidden: [Self.path])) {
      try button(nil, "KEY_WPS_BUTTON", kernel)
    }
    #expect(try #require(error).description.contains("usermod -aG input"))
  }

  @Test("The key's edges become presses; autorepeat and other keys do not")
  func events() throws {
    let kernel = kernel()
    let device = try InputDevice(path: Self.path, kernel: kernel)
    let source = InputKeySource(device: device, key: KeyCode(code: Self.wps))
    kernel.send([.key(Self.wps, 1), .report()], to: Self.path)
    // What was queued before is forgotten; the kernel says whether the key is down.
    #expect(try !source.begin())
    kernel.update(Self.path) { $0.keysDown = [Self.wps] }
    #expect(try source.begin())
    kernel.send(
      [
        .key(Self.wps, 1, at: 1000), .report(at: 1000), .key(Self.wps, 2, at: 2000), .report(at: 2000),
        .key(116, 1, at: 3000), .report(at: 3000), .axis(AbsoluteAxis(code: Self.wps), 1), .report(at: 3500),
        .key(Self.wps, 0, at: 4000), .report(at: 4000),
      ], to: Self.path)
    #expect(
      try source.read() == [.edge(isDown: true, nanoseconds: 1000), .edge(isDown: false, nanoseconds: 4000)])
    kernel.send([.dropped(), .key(Self.wps, 0), .report(at: 5000)], to: Self.path)
    #expect(try source.read() == [.level(isDown: true)])
    #expect(try source.read().isEmpty)
  }

  @Test("A press, a long press after a while, and the end when the device is disconnected")
  func stream() async throws {
    let kernel = kernel()
    let button = try button(nil, "KEY_WPS_BUTTON", kernel)
    // The time of the event is long past, so that the press is held as soon as it is seen.
    var received: [ButtonEvent] = []
    let events = button.events()
    await kernel.waitForKeyQuestion()
    kernel.send([.key(Self.wps, 1, at: 1000), .report()], to: Self.path)
    for await event in events {
      received.append(event)
      if event == .held { kernel.disconnect(Self.path) }
    }
    #expect(
      received == [.pressed(monotonicNanoseconds: 1000), .held, .failed(.input(.deviceGone(path: Self.path)))])
  }
}
