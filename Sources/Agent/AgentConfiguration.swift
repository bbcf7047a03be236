public import Configuration
import Controls
import Glibc
import Pairing
import Platform
import RelayLink

/// What the agent is set to, checked.
public struct AgentConfiguration: Sendable {
  /// Which motion sensor.
  public enum Sensor: Sendable, Hashable {
    /// A libiio context and, if it is not to be chosen by capability, a device in it.
    case iio(uri: String, device: String?)
    /// An input device with INPUT_PROP_ACCELEROMETER, if it is not to be found, by path or name.
    case evdev(device: String?)
  }

  /// Which button opens the window.
  public enum Button: Sendable, Hashable {
    /// None; SIGUSR1 and the control socket do.
    case none
    /// A GPIO line.
    case gpio(GPIOButtonConfiguration)
    /// A key of an input device.
    case key(InputKeyConfiguration)
  }

  /// Which light shows what happens.
  public enum Light: Sendable, Hashable {
    /// None.
    case none
    /// A GPIO line.
    case gpio(GPIOLineReference, isActiveLow: Bool)
    /// One of /sys/class/leds.
    case led(name: String)
  }

  /// Where the relay is.
  public let relay: RelayEndpoint
  /// The room in which the boards meet.
  public let room: String
  /// Deadlines, certificates and proxies.
  public let linkOptions: RelayLinkOptions
  /// The sensor.
  public let sensor: Sensor
  /// Scans per second.
  public let rate: Double
  /// The button.
  public let button: Button
  /// The light.
  public let light: Light
  /// How long a press keeps the window open, seconds.
  public let windowSeconds: Double
  /// How many shakes one press allows.
  public let attempts: Int
  /// Security margin, bits.
  public let margin: Int
  /// Permitted ways to make bits.
  public let profiles: [QuantiserProfile]
  /// Where identity and peers are kept, and what is run when they change.
  public let state: StateConfiguration
  /// Path of the control socket, if there is to be one.
  public let controlSocket: String?
  /// Group that may use it.
  public let controlGroup: String?
  /// Least severe messages logged.
  public let logLevel: String

  /// Checks settings.
  ///
  /// - Parameter environment: for what systemd tells of directories.
  public init(_ settings: Settings, environment: [String: String] = [:]) throws(ConfigurationError) {
    let reader = SettingsReader(settings)
    let address = try RelayAddress(settings)
    relay = address.endpoint
    linkOptions = address.options
    room = try reader.text("relay.room")
    guard RoomName.isValid(room) else {
      throw reader.impossible("relay.room", "1 to 64 characters of A-Za-z0-9._-, not only dots")
    }

    let device = try reader.optionalText("sensor.device")
    switch try reader.choice("sensor.source", of: ["iio", "evdev"]) {
    case "evdev": sensor = .evdev(device: device)
    default:
      let uri = try reader.text("sensor.uri")
      guard ["local:", "ip:", "usb:", "serial:"].contains(where: { uri.hasPrefix($0) }) else {
        throw reader.impossible("sensor.uri", "local:, ip:HOST[:PORT], usb:BUS.DEVICE.INTERFACE or serial:PORT,BAUD")
      }
      sensor = .iio(uri: uri, device: device)
    }
    rate = try reader.number("sensor.rate", in: 50...500)

    let holdAfter = Duration.milliseconds(Int(try reader.number("button.long_press_ms", in: 500...10_000)))
    switch try reader.choice("button.source", of: ["gpio", "key", "none"]) {
    case "gpio":
      let bias = try reader.choice("button.bias", of: LineBias.allCases.map(\.rawValue))
      button = .gpio(
        GPIOButtonConfiguration(
          line: try reader.line(chip: "button.chip", line: "button.line"),
          bias: LineBias(rawValue: bias) ?? .unchanged, isActiveLow: try reader.boolean("button.active_low"),
          debounce: .milliseconds(Int(try reader.number("button.debounce_ms", in: 0...1000))), holdAfter: holdAfter))
    case "key":
      button = .key(
        InputKeyConfiguration(
          device: try reader.optionalText("button.device"), key: try reader.requiredText("button.key"),
          holdAfter: holdAfter))
    default: button = .none
    }

    switch try reader.choice("light.source", of: ["none", "gpio", "led"]) {
    case "gpio":
      light = .gpio(
        try reader.line(chip: "light.chip", line: "light.line"),
        isActiveLow: try reader.boolean("light.active_low"))
    case "led": light = .led(name: try reader.requiredText("light.led"))
    default: light = .none
    }

    windowSeconds = try reader.number("window.seconds", in: 5...600)
    attempts = try reader.integer("window.attempts", in: 1...5)
    margin = try reader.integer("security.margin", in: 128...8192)
    profiles = try reader.profiles("security.profiles")
    state = try StateConfiguration(settings, environment: environment)
    controlSocket = try reader.optionalText("control.socket")
    if let path = controlSocket, path.utf8.count > UnixSocketAddress.maximumPathLength || !path.hasPrefix("/") {
      throw reader.impossible(
        "control.socket", "an absolute path of at most \(UnixSocketAddress.maximumPathLength) bytes")
    }
    controlGroup = try reader.optionalText("control.group")
    logLevel = try reader.choice("log.level", of: ["trace", "debug", "info", "notice", "warning", "error"])
  }
}

extension SettingsReader {
  fileprivate func line(chip: String, line: String) throws(ConfigurationError) -> GPIOLineReference {
    GPIOLineReference(chip: try optionalText(chip), line: try requiredText(line))
  }

  fileprivate func profiles(_ key: String) throws(ConfigurationError) -> [QuantiserProfile] {
    let names = try text(key).split { $0 == " " || $0 == "," }
    let profiles = Set(names.compactMap { QuantiserProfile(name: String($0)) })
    guard !profiles.isEmpty, profiles.count == names.count else {
      throw impossible(key, "guard, offset or \"guard offset\"")
    }
    return profiles.sorted()
  }
}
