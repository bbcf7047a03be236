import Testing

@testable import Doctor
@testable import Sensors

private let user = Shell(isRoot: false)

private func notFound(_ devices: [SensorSurvey.Device] = []) -> Result<SensorSurvey, SensorError> {
  .success(
    SensorSurvey(
      uri: "local:", devices: devices,
      choice: .failure(
        SensorError(
          kind: .notFound, operation: "find a motion sensor", subject: "local:", problem: "there is no device",
          remedy: "plug one in"))))
}

@Suite struct DriverTests {
  @Test func aModuleThatIsNotLoadedIsLoaded() throws {
    let tree = try Tree()
    try tree.sensor(bound: false, driverLoaded: false)
    let findings = DriverCheck(tree: tree.system, shell: user).findings(notFound())
    #expect(findings.map(\.short) == ["driver problem: sudo modprobe inv_mpu6050_i2c"])
    #expect(findings[0].text.contains("1-0068 (mpu6050) has no driver"))
  }

  @Test func aDriverThatDoesNotHaveTheDeviceIsBound() throws {
    let tree = try Tree()
    try tree.sensor(bound: false, driverLoaded: true)
    let findings = DriverCheck(tree: tree.system, shell: user).findings(notFound())
    #expect(
      findings.map(\.short) == [
        "driver problem: echo 1-0068 | sudo tee /sys/bus/i2c/drivers/inv-mpu6050-i2c/bind >/dev/null"
      ])
  }

  @Test func aChipOfAnUnknownFamilyGetsTheModuleOfItsAlias() throws {
    let tree = try Tree()
    try tree.sensor(bound: false, driverLoaded: false)
    try tree.file("/sys/devices/platform/soc/i2c-1/1-0068/name", "adxl345\n")
    let findings = DriverCheck(tree: tree.system, shell: Shell(isRoot: true)).findings(notFound())
    #expect(findings.map(\.short) == ["driver problem: modprobe \"$(cat /sys/bus/i2c/devices/1-0068/modalias)\""])
  }

  @Test func otherI2CDevicesAreNoSensors() throws {
    let tree = try Tree()
    try tree.sensor(bound: false, driverLoaded: false)
    try tree.file("/sys/devices/platform/soc/i2c-1/1-0068/name", "ds1307\n")
    let findings = DriverCheck(tree: tree.system, shell: user).findings(notFound())
    #expect(findings.map(\.short) == ["driver problem"])
    #expect(findings[0].text.contains("device tree must describe it (devicetree-notes/README.md, Other boards)"))
  }

  @Test func theNotesAreNamedWhereThePackageHasThem() throws {
    let tree = try Tree()
    try tree.file("/usr/share/doc/tacc/devicetree-notes/README.md")
    let findings = DriverCheck(tree: tree.system, shell: user).findings(notFound())
    #expect(findings[0].text.contains("(/usr/share/doc/tacc/devicetree-notes/README.md, Other boards)"))
  }

  @Test func aRaspberryPiWithoutOverlayGetsOne() throws {
    let tree = try Tree()
    try tree.file("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    try tree.file("/boot/firmware/config.txt", "dtparam=audio=on\n")
    let findings = DriverCheck(tree: tree.system, shell: user).findings(notFound())
    #expect(
      findings.map(\.short) == [
        "driver problem: printf '%s\\n' dtparam=i2c_arm=on dtoverlay=i2c-sensor,mpu6050,addr=0x68,int_pin=4 | "
          + "sudo tee -a /boot/firmware/config.txt >/dev/null && sudo reboot"
      ])
  }

  @Test func anOverlayThatIsThereIsCorrected() throws {
    let tree = try Tree()
    try tree.file("/proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    try tree.file("/boot/firmware/config.txt", "dtoverlay=i2c-sensor,mpu6050,int_pin=24\n")
    let device = SensorSurvey.Device(
      id: "iio:device0", name: "mpu6050", label: nil, isUsable: false,
      capability: "has accel and anglvel, but no buffer")
    let findings = DriverCheck(tree: tree.system, shell: user).findings(notFound([device]))
    #expect(
      findings.map(\.short) == [
        "interrupt problem: sudo sed -i "
          + "'s/^dtoverlay=i2c-sensor,mpu6050.*/dtoverlay=i2c-sensor,mpu6050,addr=0x68,int_pin=4/' "
          + "/boot/firmware/config.txt && sudo reboot"
      ])
  }

  @Test func aSensorThatIsThereIsToldWithItsDriver() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o644)
    let device = SensorSurvey.Device(
      id: "iio:device0", name: "mpu6050", label: nil, isUsable: true, capability: "has accelerometer and gyroscope")
    let survey = SensorSurvey(
      uri: "local:", devices: [device],
      choice: .success(
        MotionSourceDescription(name: "mpu6050", hasAccelerometer: true, hasGyroscope: true, isLive: true)))
    let findings = DriverCheck(tree: tree.system, shell: user).findings(.success(survey))
    #expect(
      findings == [
        Finding(
          "driver", .ok,
          "iio:device0 is mpu6050 (inv-mpu6050-i2c of 1-0068); it has accelerometer and gyroscope, and a buffer")
      ])
  }
}
