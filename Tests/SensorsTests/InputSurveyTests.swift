import EvdevTestSupport
import Foundation
import Platform
import Testing

@testable import Evdev
@testable import Sensors

@Suite("Listing the input devices that measure motion", .timeLimit(.minutes(1))) struct InputSurveyTests {
  private func controller(_ name: String = "Controller") -> FakeInputKernel.Device {
    var device = FakeInputKernel.Device(name: name)
    device.isAccelerometer = true
    device.hasDeviceTimestamps = true
    device.axes = EvdevDecoderTests.controller().axes.mapValues { AbsoluteAxisState(value: 0, limits: $0) }
    return device
  }

  private func forbidden(_ device: FakeInputKernel.Device) -> FakeInputKernel.Device {
    var device = device
    device.openError = .accessDenied
    return device
  }

  private let files = InputFiles(
    facts: { path in
      switch path {
      case "/dev/input/event11": .init(name: "Other Controller", isAccelerometer: true)
      case "/dev/input/event12": .init(name: "Keyboard", isAccelerometer: false)
      default: nil
      }
    }, access: { _ in InputFiles.Access(group: "input", isOpenToGroup: true) })

  private func survey(
    _ devices: [String: FakeInputKernel.Device], listError: SystemErrno? = nil, device: String? = nil
  ) async throws -> InputSurvey {
    let kernel = FakeInputKernel(devices, listError: listError)
    return try await EvdevSource(device: device, devices: InputDevices(kernel: kernel), files: files).survey()
  }

  @Test("A sensor is listed with its axes and their units, and nothing else is")
  func axes() async throws {
    let survey = try await survey([
      "/dev/input/event4": controller(), "/dev/input/event0": FakeInputKernel.Device(name: "keyboard"),
    ])
    let device = try #require(survey.devices.first)
    #expect(survey.devices.count == 1)
    #expect(device.path == "/dev/input/event4" && device.name == "Controller" && device.isUsable)
    #expect(device.capability == "has accelerometer and gyroscope")
    #expect(device.axes.map(\.name) == ["ABS_X", "ABS_Y", "ABS_Z", "ABS_RX", "ABS_RY", "ABS_RZ"])
    #expect(device.axes.first == .init(name: "ABS_X", unit: "g", resolution: 8192, minimum: -32768, maximum: 32768))
    #expect(device.axes.last?.unit == "degree per second")
    #expect(try survey.choice.get().name == "Controller")
  }

  @Test("What cannot be used says why")
  func unusable() async throws {
    var unitless = controller()
    unitless.axes = unitless.axes.mapValues {
      var state = $0
      state.limits.resolution = 0
      return state
    }
    let survey = try await survey(["/dev/input/event4": unitless])
    let device = try #require(survey.devices.first)
    #expect(!device.isUsable && device.axes.count == 6)
    #expect(device.capability.contains("does not tell the unit of ABS_X"))
    #expect(throws: SensorError.self) { try survey.choice.get() }
  }

  @Test("A sensor that this user may not open is listed by what sysfs tells, with the group that may")
  func permission() async throws {
    let survey = try await survey([
      "/dev/input/event11": forbidden(controller()), "/dev/input/event12": forbidden(.init(name: "Keyboard")),
      "/dev/input/event13": forbidden(controller("unknown to sysfs")), "/dev/input/event4": controller(),
    ])
    #expect(survey.devices.map(\.path) == ["/dev/input/event4", "/dev/input/event11"])
    let device = try #require(survey.devices.last)
    #expect(device.name == "Other Controller" && !device.isUsable && device.axes.isEmpty)
    #expect(
      device.capability
        == "cannot be used: cannot open the input device: Permission denied (EACCES); it belongs to group input: "
        + "usermod -aG input USER, and log in again")
    #expect(try survey.choice.get().name == "Controller")
  }

  @Test("Two sensors are both listed, and the choice asks for one")
  func several() async throws {
    let devices = ["/dev/input/event4": controller(), "/dev/input/event5": controller()]
    let survey = try await survey(devices)
    #expect(survey.devices.filter(\.isUsable).count == 2)
    let error = #expect(throws: SensorError.self) { try survey.choice.get() }
    #expect(error?.kind == .invalidSettings)
    #expect(try await self.survey(devices, device: "/dev/input/event5").choice.get().name == "Controller")
  }

  @Test("A directory that cannot be read is the reason why there is no choice")
  func unlistable() async throws {
    let survey = try await survey([:], listError: .accessDenied)
    #expect(survey.devices.isEmpty)
    let error = #expect(throws: SensorError.self) { try survey.choice.get() }
    #expect(error?.kind == .permission)
  }

  @Test(
    "INPUT_PROP_ACCELEROMETER is bit 6 of the bitmap that sysfs prints, the lowest word last",
    arguments: [("40", true), ("0", false), ("1 40", true), ("40 0", false), ("41", true), ("", false), ("4g", false)])
  func property(bitmap: String, isSet: Bool) {
    #expect(InputFiles.hasAccelerometerProperty(bitmap) == isSet)
  }

  @Test("What sysfs tells of a node is read from the device behind it")
  func facts() throws {
    let root = NSTemporaryDirectory() + "tacc-sysfs-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(atPath: "\(root)/event7/device", withIntermediateDirectories: true)
    #expect(InputFiles.facts("/dev/input/event7", below: root) == nil)
    try Data("40\n".utf8).write(to: URL(fileURLWithPath: "\(root)/event7/device/properties"))
    try Data("Joy\u{1B}-Con IMU\n".utf8).write(to: URL(fileURLWithPath: "\(root)/event7/device/name"))
    #expect(
      InputFiles.facts("/dev/input/event7", below: root) == .init(name: "Joy?-Con IMU", isAccelerometer: true))
  }

  @Test("Nobody is told to join root's group, or one that may not read either")
  func groups() {
    #expect(InputFiles.access(group: 0, mode: 0o660).remedy.contains("install a udev rule"))
    #expect(InputFiles.access(group: 4_000_000_000, mode: 0o600).remedy.contains("install a udev rule"))
    let access = InputFiles.access(group: 4_000_000_000, mode: 0o640)
    #expect(access.remedy == "it belongs to group 4000000000: usermod -aG 4000000000 USER, and log in again")
  }
}
