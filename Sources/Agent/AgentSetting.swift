/// A value of the agent's configuration.
public enum SettingValue: Sendable, Hashable, CustomStringConvertible {
  /// Text.
  case string(String)
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// true or false.
  case boolean(Bool)

  /// As it would stand in the file.
  public var description: String {
    switch self {
    case .string(let text): "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .boolean(let value): "\(value)"
    }
  }

  /// What kind of value it is, in words.
  var kind: String {
    switch self {
    case .string: "a text in quotes"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    }
  }

  /// This value as the kind of another; `nil` where it cannot be.
  func converted(like other: SettingValue) -> SettingValue? {
    switch (other, self) {
    case (.string, .string), (.integer, .integer), (.number, .number), (.boolean, .boolean): self
    case (.number, .integer(let value)): .number(Double(value))
    default: nil
    }
  }

  /// A value from text as the environment and options give it; `nil` where the text is none of this kind.
  static func parsed(_ text: String, like other: SettingValue) -> SettingValue? {
    switch other {
    case .string: .string(text)
    case .integer: Int(text).map(SettingValue.integer)
    case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
    case .boolean:
      ["true": true, "yes": true, "1": true, "false": false, "no": false, "0": false][text.lowercased()]
        .map(SettingValue.boolean)
    }
  }
}

/// Where a value came from.
public enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
  /// Nobody set it.
  case builtIn
  /// A configuration file.
  case file(String)
  /// A variable of the environment.
  case environment(String)
  /// An option on the command line.
  case option(String)

  /// In words.
  public var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let path): path
    case .environment(let name): "environment \(name)"
    case .option(let name): "option \(name)"
    }
  }
}

/// One key of the agent's configuration.
public struct AgentSetting: Sendable {
  /// Table and name, joined by a dot.
  public let key: String
  /// Its value where nobody sets it; the kind of this value is the kind the key takes.
  public let fallback: SettingValue
  /// What it means, with units.
  public let summary: String
  /// Whether a text key also takes a whole number, as a GPIO line by its offset.
  var takesInteger = false

  /// The variable of the environment that sets it.
  public var variable: String {
    "TACC_" + key.uppercased().map { $0 == "." ? "_" : $0 }
  }

  /// Every key there is, in the order of the file.
  public static let all: [AgentSetting] = [
    AgentSetting(
      key: "relay.url", fallback: .string("ws://localhost:8000"),
      summary: "the relay: ws://, wss://, http:// or https://"),
    AgentSetting(
      key: "relay.room", fallback: .string("tacc"),
      summary: "where boards meet: 1 to 64 characters of A-Za-z0-9._-; both boards need the same"),
    AgentSetting(
      key: "relay.ca_file", fallback: .string(""),
      summary: "PEM file with the certificate authorities to trust instead of the system's"),
    AgentSetting(
      key: "relay.connect_seconds", fallback: .number(10),
      summary: "from name resolution to the relay's answer, 1 to 60"),
    AgentSetting(
      key: "relay.environment_proxy", fallback: .boolean(true), summary: "whether https_proxy and its kin are honoured"),

    AgentSetting(key: "sensor.source", fallback: .string("iio"), summary: "iio or evdev"),
    AgentSetting(
      key: "sensor.uri", fallback: .string("local:"), summary: "libiio context: local:, ip:HOST[:PORT], usb:…, serial:…"
    ),
    AgentSetting(
      key: "sensor.device", fallback: .string(""),
      summary: "name, id or label of the IIO device, or path or name of the input device; empty: the best there is"),
    AgentSetting(
      key: "sensor.rate", fallback: .number(200), summary: "scans per second, 50 to 500; the nearest there is"),

    AgentSetting(
      key: "button.source", fallback: .string("gpio"),
      summary: "gpio, key (an input device) or none (SIGUSR1 and `tacc press` always work)"),
    AgentSetting(
      key: "button.chip", fallback: .string(""),
      summary: "GPIO chip by path, name or label; empty: any with such a line"),
    AgentSetting(
      key: "button.line", fallback: .string("GPIO17"), summary: "GPIO line by name or offset", takesInteger: true),
    AgentSetting(key: "button.bias", fallback: .string("pull-up"), summary: "pull-up, pull-down, none or as-is"),
    AgentSetting(key: "button.active_low", fallback: .boolean(true), summary: "whether a pressed button reads 0"),
    AgentSetting(
      key: "button.debounce_ms", fallback: .number(10), summary: "milliseconds a level must hold, 0 to 1000"),
    AgentSetting(
      key: "button.long_press_ms", fallback: .number(2000),
      summary: "milliseconds after which a press cancels, 500 to 10000"),
    AgentSetting(
      key: "button.device", fallback: .string(""), summary: "input device by path or name, for source = \"key\""),
    AgentSetting(
      key: "button.key", fallback: .string("KEY_WPS_BUTTON"), summary: "its key by name or code", takesInteger: true),

    AgentSetting(key: "light.source", fallback: .string("none"), summary: "gpio, led (one of /sys/class/leds) or none"),
    AgentSetting(
      key: "light.chip", fallback: .string(""), summary: "GPIO chip by path, name or label; empty: any with such a line"
    ),
    AgentSetting(
      key: "light.line", fallback: .string("GPIO27"), summary: "GPIO line by name or offset", takesInteger: true),
    AgentSetting(key: "light.active_low", fallback: .boolean(false), summary: "whether the light shines at level 0"),
    AgentSetting(key: "light.led", fallback: .string(""), summary: "name under /sys/class/leds, for source = \"led\""),

    AgentSetting(
      key: "window.seconds", fallback: .number(60), summary: "how long a press keeps the window open, 5 to 600"),
    AgentSetting(
      key: "window.attempts", fallback: .integer(5), summary: "how many shakes one press allows, 1 to 5"),

    AgentSetting(
      key: "security.margin", fallback: .integer(512),
      summary: "bits kept back, 128 to 8192; below 512 every report says so"),
    AgentSetting(
      key: "security.profiles", fallback: .string("guard"),
      summary: "permitted ways to make bits: guard, offset or \"guard offset\"; the highest common one, offset, wins"),

    AgentSetting(
      key: "control.socket", fallback: .string("/run/tacc/agent.sock"),
      summary: "the socket of `tacc status` and `tacc press`; empty: none"),
    AgentSetting(
      key: "control.group", fallback: .string(""), summary: "group that may use the socket besides its owner"),

    AgentSetting(
      key: "log.level", fallback: .string("info"), summary: "trace, debug, info, notice, warning or error"),
  ]

  static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
}
