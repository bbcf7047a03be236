import EvdevTestSupport
import Testing

@testable import Evdev

@Suite("The input devices of a machine") struct InputDevicesTests {
  private func kernel() -> FakeInputKernel {
    var hidden = FakeInputKernel.Device(name: "hidden")
    hidden.openError = .accessDenied
    return FakeInputKernel(
      [
        "/dev/input/event10": FakeInputKernel.Device(name: "twin"),
        "/dev/input/event2": FakeInputKernel.Device(name: "gpio-keys"),
        "/dev/input/event11": FakeInputKernel.Device(name: "twin"),
        "/dev/input/event5": hidden,
      ], extraNames: [".", "..", "by-path", "mice", "js0", "eventX", "event-1", "event"])
  }

  @Test("Devices come in the order of their numbers; others that are there are no devices; errors are kept")
  func list() throws {
    let listing = try InputDevices(kernel: kernel()).list()
    #expect(listing.devices.map(\.path) == ["/dev/input/event2", "/dev/input/event10", "/dev/input/event11"])
    #expect(listing.errors == [.cannotOpen(path: "/dev/input/event5", .accessDenied)])
  }

  @Test("A device opens by path or by name")
  func open() throws {
    let devices = InputDevices(kernel: kernel())
    #expect(try devices.open("gpio-keys").description.path == "/dev/input/event2")
    #expect(try devices.open("/dev/input/event11").description.name == "twin")
  }

  @Test("A name that two devices have is refused with their paths; one that none has, with what there is")
  func names() throws {
    let devices = InputDevices(kernel: kernel())
    #expect(throws: EvdevError.ambiguousName("twin", paths: ["/dev/input/event10", "/dev/input/event11"])) {
      try devices.open("twin")
    }
    let error = #expect(throws: EvdevError.self) { try devices.open("gpio_keys") }
    let text = try #require(error).description
    #expect(text.contains("/dev/input/event2 (gpio-keys)"))
    #expect(text.contains("not allowed to open /dev/input/event5"))
  }

  @Test("No /dev/input at all is a machine without devices; one that cannot be read is an error")
  func directory() throws {
    #expect(try InputDevices(kernel: FakeInputKernel()).list().devices.isEmpty)
    #expect(throws: EvdevError.cannotList(directory: "/dev/input", .accessDenied)) {
      try InputDevices(kernel: FakeInputKernel(listError: .accessDenied)).list()
    }
  }

  @Test("The real kernel refuses a file that is no input device, by name of the request")
  func notADevice() {
    #expect(throws: EvdevError.notAnInputDevice(path: "/dev/null", operation: "EVIOCGBIT(0)")) {
      try InputDevice(path: "/dev/null")
    }
    #expect(throws: EvdevError.cannotOpen(path: "/dev/input/none", .noEntry)) {
      try InputDevice(path: "/dev/input/none")
    }
  }

  @Test("The real machine's devices can be listed, whatever they are")
  func thisMachine() throws {
    let listing = try InputDevices().list()
    #expect(listing.devices.allSatisfy { $0.path.hasPrefix("/dev/input/event") })
  }
}
