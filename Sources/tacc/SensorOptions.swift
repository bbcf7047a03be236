import ArgumentParser
import Sensors

/// Which sensor, and how it is to sample.
struct SensorOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the sensor is: local:, ip:HOST[:PORT], usb:BUS.ADDRESS.INTERFACE or serial:PORT,BAUD,8n1.",
      valueName: "uri"))
  var uri = "local:"

  @Option(
    help: ArgumentHelp(
      "Name, identifier or label of the device; otherwise one is chosen by what it can do.", valueName: "name"))
  var device: String?

  @Option(
    help: ArgumentHelp("The gyroscope's device, where --device has an accelerometer only.", valueName: "name"))
  var gyroscope: String?

  @Option(help: "Scans per second; the nearest rate at or above it is set.")
  var rate = 200.0

  @Option(help: "Accelerometer range that is needed, ± g.")
  var accelRange = 8.0

  @Option(help: "Gyroscope range that is needed, ± °/s.")
  var gyroRange = 1000.0

  /// The source; what it has to say goes to standard error.
  func source() -> IIOSource {
    var settings = IIOSettings(uri: uri, device: device, rate: rate)
    settings.gyroscope = gyroscope
    settings.accelerationRange = accelRange * 9.80665
    settings.angularVelocityRange = gyroRange * .pi / 180
    return IIOSource(settings) { Terminal.note($0) }
  }
}

extension ExitStatus {
  /// How a command ends because of a sensor: the user gave something wrong, or something failed.
  static func sensor(_ error: SensorError) -> ExitStatus {
    switch error.kind {
    case .invalidSettings, .unwritable: .badInput("\(error)")
    default: .fault("\(error)")
    }
  }
}
