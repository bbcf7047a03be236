import Platform
import Glibc
import Testing

@testable import Motion
@testable import Sensors

@Suite("Settings: what is set, and put back")
struct SettingsTests {
  /// Runs a session until the script of scans is over.
  @discardableResult
  private func sample(
    _ fake: FakeIIO, uri: String = "local:", _ change: (inout IIOSettings) -> Void = { _ in },
    deliver: (ScanBatch) throws(SensorError) -> Void = { (_: ScanBatch) throws(SensorError) in () }
  ) throws(SensorError) -> (setup: SamplingSetup?, log: [String]) {
    var settings = IIOSettings(uri: uri)
    change(&settings)
    let log = Locked<[String]>([])
    let session = IIOSession(settings: settings, backend: fake) { line in log.withLock { $0.append(line) } }
    var setup: SamplingSetup?
    try session.sample(
      until: StopSignal(), began: { (found) throws(SensorError) in setup = found }, deliver: deliver)
    return (setup, log.withLock { $0 })
  }

  /// A sensor of which the far side has no more after one batch.
  private func brief() -> FakeIIO {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8), []])
    return fake
  }

  @Test("clock, rate and ranges are set before the buffer is opened, and put back in reverse once it is closed")
  func order() throws {
    let fake = brief()
    try sample(fake)
    #expect(
      fake.calls.filter { !$0.hasPrefix("timeout") } == [
        "write iio:device0/current_timestamp_clock monotonic",
        "write iio:device0/sampling_frequency 200",
        "write iio:device0/in_accel_scale 0.002392",
        "write iio:device0/in_anglvel_scale 0.000532362",
        "open buffer iio:device0 accel_x,accel_y,accel_z,anglvel_x,anglvel_y,anglvel_z,timestamp 8",
        "close buffer iio:device0",
        "write iio:device0/in_anglvel_scale 0.001064724",
        "write iio:device0/in_accel_scale 0.000598",
        "write iio:device0/sampling_frequency 50",
        "write iio:device0/current_timestamp_clock realtime",
        "write iio:device0/buffer/watermark 1",
        "write iio:device0/buffer/length 2",
      ])
    #expect(fake.isAtRest)
  }

  @Test("what is right already is not written: no permission is needed for it, and nothing to put back")
  func nothingToDo() throws {
    let fake = brief()
    fake.state.withLock { state in
      state.attributes["iio:device0/current_timestamp_clock"] = "monotonic"
      state.attributes["iio:device0/sampling_frequency"] = "200"
      state.attributes["iio:device0/in_accel_scale"] = "0.002392"
      state.attributes["iio:device0/in_anglvel_scale"] = "0.000532362"
      state.attributes["iio:device0/buffer/length"] = nil
      state.attributes["iio:device0/buffer/watermark"] = nil
    }
    try sample(fake)
    #expect(fake.writes.isEmpty)
  }

  @Test("another machine's buffer length is iiod's business")
  func remote() throws {
    let fake = brief()
    try sample(fake, uri: "ip:board.local")
    #expect(!fake.calls.contains { $0.contains("buffer/") })
    #expect(fake.calls.first == "timeout 5000")
  }

  @Test("values are put back whatever goes wrong", arguments: ["buffer", "read", "deliver", "setup"])
  func restoredAfterFailure(_ what: String) throws {
    let fake = FakeIIO.mpu6050()
    switch what {
    case "buffer": fake.fail("buffer iio:device0", EACCES)
    case "read": fake.failRead("iio:device0", EIO)
    case "deliver": fake.scans("iio:device0", [Scan.run(0..<8)])
    default: fake.fail("write iio:device0/in_anglvel_scale", EACCES)
    }
    #expect(throws: SensorError.self) {
      try sample(
        fake,
        deliver: { (_: ScanBatch) throws(SensorError) in
          throw SensorError(kind: .consumerTooSlow, operation: "", subject: "", problem: "", remedy: "")
        })
    }
    for (path, value) in FakeXML.mpu6050Values { #expect(fake.value(path) == value, "\(path)") }
    #expect(fake.isAtRest)
  }

  @Test("a setting that was refused is not put back")
  func refusedIsNotRestored() throws {
    let fake = brief()
    fake.fail("write iio:device0/in_accel_scale", EBUSY)
    let error = #expect(throws: SensorError.self) { try sample(fake) }
    #expect(error?.kind == .busy)
    #expect(error?.subject == "/sys/bus/iio/devices/iio:device0/in_accel_scale")
    #expect(fake.writes.count == 4, "clock and rate, and both back")
  }

  @Test("what was set although writing it failed is put back", arguments: [EIO, EREMOTEIO, ETIMEDOUT])
  func halfWritten(_ code: Int32) throws {
    let fake = brief()
    fake.state.withLock { state in
      state.failuresAfterwards["write iio:device0/in_accel_scale"] = code
      state.triggers["iio:device0"] = IIOTrigger.none
    }
    #expect(throws: SensorError.self) { try sample(fake) }
    for (path, value) in FakeXML.mpu6050Values { #expect(fake.value(path) == value, "\(path)") }
    #expect(fake.state.withLock { $0.triggers["iio:device0"] } == IIOTrigger.none)

    let trigger = brief()
    trigger.state.withLock { state in
      state.triggers["iio:device0"] = IIOTrigger.none
      state.failuresAfterwards["trigger iio:device0"] = code
    }
    #expect(throws: SensorError.self) { try sample(trigger) }
    #expect(trigger.state.withLock { $0.triggers["iio:device0"] } == IIOTrigger.none)
  }

  @Test("a far side that has not noticed yet that the buffer is closed is asked again, a limited number of times")
  func patience() throws {
    let fake = FakeIIO.mpu6050()
    let access = try fake.open(uri: "ip:board")
    let rate = IIOAttribute(device: "iio:device0", name: "sampling_frequency")
    var journal = SettingsJournal()
    try journal.set(rate, to: "200", in: access)
    fake.fail("write iio:device0/sampling_frequency", EBUSY)
    var pauses = 0
    let failures = journal.restore(in: access, patience: 20) {
      pauses += 1
      if pauses == 3 { fake.state.withLock { $0.failures = [:] } }
    }
    #expect(failures.isEmpty)
    #expect(pauses == 3)
    #expect(fake.value("iio:device0/sampling_frequency") == "50")

    try journal.set(rate, to: "200", in: access)
    fake.fail("write iio:device0/sampling_frequency", EBUSY)
    pauses = 0
    #expect(journal.restore(in: access, patience: 5) { pauses += 1 }.map(\.code) == [EBUSY])
    #expect(pauses == 5)
  }

  @Test("a value that the context lists and the driver refuses to tell is done without")
  func unreadable() throws {
    let fake = brief()
    fake.fail("read iio:device0/current_timestamp_clock", EINVAL)
    fake.fail("read iio:device0/sampling_frequency", EINVAL)
    fake.fail("read iio:device0/sampling_frequency_available", EIO)
    let (_, log) = try sample(fake)
    #expect(log.contains { $0.contains("does not tell its time stamp clock") })
  }

  @Test("after the sensor is gone nothing more is tried than what tells so")
  func gone() throws {
    let fake = FakeIIO.mpu6050()
    fake.failRead("iio:device0", ENODEV)
    for path in FakeXML.mpu6050Values.keys { fake.fail("write \(path)", ENODEV) }
    fake.state.withLock { state in
      for path in ["current_timestamp_clock", "in_accel_scale", "in_anglvel_scale"] {
        state.failures["write iio:device0/\(path)"] = nil
      }
      state.attributes["iio:device0/sampling_frequency"] = "200"
    }
    #expect(#expect(throws: SensorError.self) { try sample(fake) }?.kind == .unplugged)
    #expect(fake.isAtRest)
  }

  @Test("an optional setting that is refused is told and left")
  func optional() throws {
    let fake = FakeIIO(
      FakeXML.context(
        FakeXML.device(
          "iio:device0", "bmi160",
          FakeXML.axes(
            "accel", at: 0,
            attributes: [
              "scale", "filter_low_pass_3db_frequency", "filter_low_pass_3db_frequency_available",
              "sampling_frequency",
            ]) + [FakeXML.timestamp(at: 3)])),
      attributes: [
        "iio:device0/in_accel_scale": "0.0024", "iio:device0/in_accel_sampling_frequency": "100",
        "iio:device0/in_accel_filter_low_pass_3db_frequency": "10",
        "iio:device0/in_accel_filter_low_pass_3db_frequency_available": "5 10 41 94",
      ])
    fake.state.withLock { $0.scanSize = 16 }
    fake.scans("iio:device0", [[]])
    fake.fail("write iio:device0/in_accel_filter_low_pass_3db_frequency", EACCES)
    fake.fail("write iio:device0/in_accel_sampling_frequency", EINVAL)
    let (setup, log) = try sample(fake)
    #expect(log.contains { $0.contains("in_accel_filter_low_pass_3db_frequency: cannot write \"41\"") })
    #expect(log.contains { $0.contains("in_accel_sampling_frequency: cannot write \"200\"") })
    #expect(log.contains { $0.contains("does not let its clock be chosen") })
    #expect(setup?.devices.first?.rate == 100, "what it is, not what was wanted")
  }

  @Test("a trigger of the device's own is set where there is none, and taken away again")
  func trigger() throws {
    let fake = brief()
    fake.state.withLock { $0.triggers["iio:device0"] = IIOTrigger.none }
    try sample(fake)
    #expect(fake.writes.first == "trigger iio:device0 trigger0")
    #expect(fake.calls.contains("trigger iio:device0 none"))
  }

  @Test(
    "a trigger that is set, or another device's, is left alone", arguments: [IIOTrigger.device("trigger3"), .unknown])
  func foreignTrigger(_ trigger: IIOTrigger) throws {
    let fake = brief()
    fake.state.withLock { $0.triggers["iio:device0"] = trigger }
    try sample(fake)
    #expect(!fake.calls.contains { $0.hasPrefix("trigger") })
    let other = FakeIIO(
      FakeXML.context(
        FakeXML.mpu6050(), FakeXML.device("trigger0", "bmi160-dev1"), FakeXML.device("trigger1", "mpu6050-dev1")),
      attributes: FakeXML.mpu6050Values)
    other.state.withLock { $0.triggers["iio:device0"] = IIOTrigger.none }
    other.fail("buffer iio:device0", EINVAL)
    let error = #expect(throws: SensorError.self) { try sample(other) }
    #expect(error?.remedy.contains("iio-trig-hrtimer") == true)
    #expect(!other.calls.contains { $0.hasPrefix("trigger") })
  }

  @Test("a rate that sits on the trigger is set there")
  func rateOfTrigger() throws {
    let fake = FakeIIO(
      FakeXML.context(
        FakeXML.device(
          "iio:device0", "adxl345", FakeXML.axes("accel", at: 0, attributes: ["scale"]) + [FakeXML.timestamp(at: 3)]),
        FakeXML.device("trigger4", "timer", attributes: ["sampling_frequency"])),
      attributes: ["iio:device0/in_accel_scale": "0.0024", "trigger4/sampling_frequency": "100"])
    fake.state.withLock { state in
      state.triggers["iio:device0"] = .device("trigger4")
      state.scanSize = 16
    }
    fake.scans("iio:device0", [[]])
    let (setup, _) = try sample(fake)
    #expect(fake.writes.first == "write trigger4/sampling_frequency 200")
    #expect(setup?.devices.first?.rate == 200)
    #expect(fake.value("trigger4/sampling_frequency") == "100")
  }

  @Test("the description is what would be set, found without changing anything")
  func description() async throws {
    let fake = FakeIIO.mpu6050()
    var settings = IIOSettings()
    settings.rate = 700
    let description = try await IIOSource(settings, backend: fake).describe()
    #expect(description.name == "mpu6050")
    #expect(description.hasAccelerometer && description.hasGyroscope && description.isLive)
    #expect(description.rate == 500)
    #expect(abs((description.accelerationRange ?? 0) - 0.002392 * 32_768) < 1e-9)
    #expect(abs((description.angularVelocityRange ?? 0) - 0.000532362 * 32_768) < 1e-9)
    #expect(description.notes == ["mpu6050 samples at 500 Hz at most, not at 700 Hz"])
    #expect(fake.writes.isEmpty && fake.isAtRest)
  }

  @Test("settings that cannot work are refused before anything is opened")
  func invalid() throws {
    for change: (inout IIOSettings) -> Void in [
      { $0.uri = "" }, { $0.uri = "mpu6050" }, { $0.uri = "http://board" }, { $0.uri = "ip:a\0b" }, { $0.rate = 0 },
      { $0.rate = .nan }, { $0.rate = 1e9 }, { $0.accelerationRange = -1 }, { $0.angularVelocityRange = .infinity },
      { $0.lowPass = 0 }, { $0.gyroscope = "gyro_3d" },
    ] {
      let fake = brief()
      #expect(#expect(throws: SensorError.self) { try sample(fake, change) }?.kind == .invalidSettings)
      #expect(fake.calls.isEmpty)
    }
  }

  @Test("a scale that makes no sense is an error that names it")
  func nonsense() throws {
    let fake = brief()
    fake.state.withLock { $0.attributes["iio:device0/in_accel_mount_matrix"] = "1, 2" }
    let error = #expect(throws: SensorError.self) { try sample(fake) }
    #expect(error?.kind == .unsuitable)
    #expect(error?.problem.contains("in_accel_mount_matrix") == true)
    #expect(fake.value("iio:device0/in_accel_scale") == "0.000598")
  }
}
