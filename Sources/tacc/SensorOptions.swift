import Console
import ArgumentParser
import Sensors

/// Which sensor, and how it is to sample.
struct SensorOptions: ParsableArguments {
  /// Where sensors are found, as the agent's `sensor.source` calls it.
  enum Source: String, ExpressibleByArgument, CaseIterable {
    case iio, evdev
  }

  @Option(
    help: ArgumentHelp(
      "Where sensors are looked for: iio, or evdev for input devices that measure motion; as the agent's "
        + "sensor.source.", valueName: "source"))
  var source: Source?

  @Option(
    help: ArgumentHelp(
      "Name, identifier or label of the IIO device, or path or name of the input device. (default: chosen by what "
        + "it can do)", valueName: "name"))
  var device: String?

  @Option(
    help: ArgumentHelp(
      "Where the IIO device is: local:, ip:HOST[:PORT], usb:BUS.ADDRESS.INTERFACE or serial:PORT,BAUD,8n1. "
        + "(default: local:)", valueName: "uri"))
  var uri: String?

  @Option(
    help: ArgumentHelp(
      "The gyroscope's IIO device, where --device has an accelerometer only.", valueName: "name"))
  var gyroscope: String?

  @Option(
    help: ArgumentHelp(
      "Scans per second; the nearest rate at or above it is set. (default: 200)", valueName: "Hz"))
  var rate: Double?

  @Option(
    help: ArgumentHelp(
      "Range that the accelerometer needs, ±; the nearest at or above it is set. (default: 8)", valueName: "g"))
  var accelRange: Double?

  @Option(
    help: ArgumentHelp(
      "Range that the gyroscope needs, ±; the nearest at or above it is set. (default: 1000)", valueName: "deg/s"))
  var gyroRange: Double?

  func validate() throws {
    guard source == .evdev else { return }
    let given = [
      ("--uri", uri != nil), ("--gyroscope", gyroscope != nil), ("--rate", rate != nil),
      ("--accel-range", accelRange != nil), ("--gyro-range", gyroRange != nil),
    ]
    if let (option, _) = given.first(where: { $0.1 }) {
      throw ValidationError(
        "\(option) is for IIO devices: of an input device nothing can be set, rate and ranges are its driver's")
    }
  }

  /// The IIO device; what it has to say goes to standard error.
  func iioSource() -> IIOSource {
    var settings = IIOSettings(uri: uri ?? "local:", device: device, rate: rate ?? 200)
    settings.gyroscope = gyroscope
    settings.accelerationRange = (accelRange ?? 8) * 9.80665
    settings.angularVelocityRange = (gyroRange ?? 1000) * .pi / 180
    return IIOSource(settings) { Terminal.note($0) }
  }

  /// The input device; what it has to say goes to standard error. Without --source, --device names an IIO device.
  func inputSource() -> EvdevSource {
    EvdevSource(device: source == .evdev ? device : nil) { Terminal.note($0) }
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
