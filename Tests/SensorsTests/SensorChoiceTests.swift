import Testing

@testable import Motion
@testable import Sensors

@Suite("Which sensor is chosen")
struct SensorChoiceTests {
  private func choose(_ xml: String, _ change: (inout IIOSettings) -> Void = { _ in }) throws -> SensorChoice {
    var settings = IIOSettings()
    change(&settings)
    return try SensorChoice(in: IIOContextParser.parse(Array(xml.utf8), file: "local:", isStrict: false), settings)
  }

  private let accelerometer = FakeXML.hid("accel", "iio:device5", "accel_3d")
  private let gyroscope = FakeXML.hid("anglvel", "iio:device2", "gyro_3d")

  @Test("one device with both sensors comes before two with one each, whatever the order of the document")
  func bothInOne() throws {
    let choice = try choose(FakeXML.context(accelerometer, gyroscope, FakeXML.mpu6050("iio:device9")))
    #expect(choice.devices.map(\.id) == ["iio:device9"])
    #expect(choice.kinds(of: choice.first) == ["accel", "anglvel"])
  }

  @Test("of two alike the lower device number wins, by its value: 2 before 10")
  func lowestNumber() throws {
    let choice = try choose(FakeXML.context(FakeXML.mpu6050("iio:device10"), FakeXML.mpu6050("iio:device2")))
    #expect(choice.first.id == "iio:device2")
  }

  @Test("an accelerometer and a gyroscope make a pair")
  func pair() throws {
    let choice = try choose(FakeXML.context(gyroscope, accelerometer))
    #expect(choice.devices.map(\.id) == ["iio:device5", "iio:device2"])
    #expect(choice.kinds(of: choice.devices[0]) == ["accel"])
    #expect(choice.kinds(of: choice.devices[1]) == ["anglvel"])
    #expect(choice.name == "accel_3d and gyro_3d")
  }

  @Test("a pair is made of one chip, by its name")
  func pairOfOneChip() throws {
    let choice = try choose(
      FakeXML.context(
        FakeXML.hid("accel", "iio:device0", "adxl345"), FakeXML.hid("accel", "iio:device1", "lsm6dsl_accel"),
        FakeXML.hid("anglvel", "iio:device2", "itg3200"), FakeXML.hid("anglvel", "iio:device3", "lsm6dsl_gyro")))
    #expect(choice.devices.map(\.id) == ["iio:device1", "iio:device3"])
  }

  @Test("an accelerometer alone will do, a gyroscope alone only if asked for")
  func alone() throws {
    #expect(try choose(FakeXML.context(accelerometer)).devices.map(\.id) == ["iio:device5"])
    let error = #expect(throws: SensorError.self) { try choose(FakeXML.context(gyroscope)) }
    #expect(error?.kind == .notFound)
    #expect(error?.problem.contains("\"gyro_3d\" has a gyroscope only") == true)
    #expect(try choose(FakeXML.context(gyroscope)) { $0.device = "gyro_3d" }.first.id == "iio:device2")
  }

  @Test("by name, identifier or label", arguments: ["bmi160", "iio:device7", "left-hand"])
  func byName(_ name: String) throws {
    let xml = FakeXML.context(FakeXML.mpu6050(), FakeXML.mpu6050("iio:device7", name: "bmi160", label: "left-hand"))
    #expect(try choose(xml) { $0.device = name }.first.id == "iio:device7")
  }

  @Test("two devices by name need one sensor each")
  func twoByName() throws {
    let xml = FakeXML.context(accelerometer, gyroscope, FakeXML.mpu6050())
    let choice = try choose(xml) {
      $0.device = "accel_3d"
      $0.gyroscope = "mpu6050"
    }
    #expect(choice.devices.map(\.id) == ["iio:device5", "iio:device0"])
    #expect(choice.kinds(of: choice.devices[1]) == ["anglvel"])
    let error = #expect(throws: SensorError.self) {
      try choose(xml) {
        $0.device = "gyro_3d"
        $0.gyroscope = "accel_3d"
      }
    }
    #expect(error?.kind == .unsuitable)
  }

  @Test("what cannot be used is listed with the reason")
  func reasons() throws {
    let xml = FakeXML.context(
      FakeXML.device("iio:device0", "bmp280"),
      FakeXML.device("iio:device1", "mma8452", FakeXML.axes("accel", at: nil)),
      FakeXML.device(
        "iio:device2", "mxc4005", FakeXML.axes("accel", at: 0, of: ["x", "y"]) + [FakeXML.timestamp(at: 2)]),
      FakeXML.device("iio:device3", nil, FakeXML.axes("accel", at: 0)),
      FakeXML.device("trigger0", "mpu6050-dev0"))
    let error = try #require(#expect(throws: SensorError.self) { try choose(xml) })
    #expect(error.kind == .notFound)
    for part in [
      "iio:device0 \"bmp280\" has neither", "\"mma8452\" has accel, but no buffer",
      "\"mxc4005\" has accel, but not all three axes", "iio:device3 \"iio:device3\" has no timestamp", "interrupt line",
    ] { #expect("\(error)".contains(part), "\(part) in \(error)") }
    #expect(!"\(error)".contains("trigger0"))
  }

  @Test("a configured device that is not there, or cannot be used, is an error, not a reason to take another")
  func configuredDeviceMissing() throws {
    let xml = FakeXML.context(FakeXML.mpu6050(), FakeXML.device("iio:device1", "bmp280"))
    #expect(#expect(throws: SensorError.self) { try choose(xml) { $0.device = "bmi160" } }?.kind == .notFound)
    #expect(#expect(throws: SensorError.self) { try choose(xml) { $0.device = "bmp280" } }?.kind == .unsuitable)
  }

  @Test("an empty context, and a device of a strange format beside the sensor")
  func oddContexts() throws {
    let error = #expect(throws: SensorError.self) { try choose(FakeXML.context()) }
    #expect(error?.problem == "there is no device")
    let strange = FakeXML.device("iio:device0", "adc", FakeXML.axes("voltage", at: 0, format: "le:?12/16"))
    #expect(try choose(FakeXML.context(strange, FakeXML.mpu6050("iio:device1"))).first.id == "iio:device1")
    let broken = FakeXML.device(
      "iio:device0", "imu", FakeXML.axes("accel", at: 0, format: "xx:S16/16") + [FakeXML.timestamp(at: 3)])
    #expect(throws: SensorError.self) { try choose(FakeXML.context(broken)) }
  }
}
