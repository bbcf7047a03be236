public import Configuration

extension SettingsSchema {
  /// What `tacc agent` takes.
  public static let agent = SettingsSchema(
    command: "tacc agent", standardPath: "/etc/tacc/agent.toml", variablePrefix: "TACC",
    otherVariables: ["LISTEN", "TLS", "PROXY", "METRICS", "LOG", "LIMITS"].map { "TACC_RELAY_\($0)_" },
    settings: agentSettings)

  private static let agentSettings: [Setting] = [
    Setting(
      key: "relay.url", fallback: .string("ws://localhost:8000"),
      summary: "the relay: ws://, wss://, http:// or https://"),
    Setting(
      key: "relay.room", fallback: .string("tacc"),
      summary: "where boards meet: 1 to 64 characters of A-Za-z0-9._-; both boards need the same"),
    Setting(
      key: "relay.ca_file", fallback: .string(""),
      summary: "PEM file with the certificate authorities to trust instead of the system's"),
    Setting(
      key: "relay.connect_seconds", fallback: .number(10),
      summary: "from name resolution to the relay's answer, 1 to 60"),
    Setting(
      key: "relay.environment_proxy", fallback: .boolean(true), summary: "whether https_proxy and its kin are honoured"),

    Setting(key: "sensor.source", fallback: .string("iio"), summary: "iio or evdev"),
    Setting(
      key: "sensor.uri", fallback: .string("local:"), summary: "libiio context: local:, ip:HOST[:PORT], usb:…, serial:…"
    ),
    Setting(
      key: "sensor.device", fallback: .string(""),
      summary: "name, id or label of the IIO device, or path or name of the input device; empty: the best there is"),
    Setting(
      key: "sensor.rate", fallback: .number(200), summary: "scans per second, 50 to 500; the nearest there is"),

    Setting(
      key: "button.source", fallback: .string("gpio"),
      summary: "gpio, key (an input device) or none (SIGUSR1 and `tacc press` always work)"),
    Setting(
      key: "button.chip", fallback: .string(""),
      summary: "GPIO chip by path, name or label; empty: any with such a line"),
    Setting(
      key: "button.line", fallback: .string("GPIO17"), summary: "GPIO line by name or offset", takesInteger: true),
    Setting(key: "button.bias", fallback: .string("pull-up"), summary: "pull-up, pull-down, none or as-is"),
    Setting(key: "button.active_low", fallback: .boolean(true), summary: "whether a pressed button reads 0"),
    Setting(
      key: "button.debounce_ms", fallback: .number(10), summary: "milliseconds a level must hold, 0 to 1000"),
    Setting(
      key: "button.long_press_ms", fallback: .number(2000),
      summary: "milliseconds after which a press cancels, 500 to 10000"),
    Setting(
      key: "button.device", fallback: .string(""), summary: "input device by path or name, for source = \"key\""),
    Setting(
      key: "button.key", fallback: .string("KEY_WPS_BUTTON"), summary: "its key by name or code", takesInteger: true),

    Setting(key: "light.source", fallback: .string("none"), summary: "gpio, led (one of /sys/class/leds) or none"),
    Setting(
      key: "light.chip", fallback: .string(""), summary: "GPIO chip by path, name or label; empty: any with such a line"
    ),
    Setting(
      key: "light.line", fallback: .string("GPIO27"), summary: "GPIO line by name or offset", takesInteger: true),
    Setting(key: "light.active_low", fallback: .boolean(false), summary: "whether the light shines at level 0"),
    Setting(key: "light.led", fallback: .string(""), summary: "name under /sys/class/leds, for source = \"led\""),

    Setting(
      key: "window.seconds", fallback: .number(60), summary: "how long a press keeps the window open, 5 to 600"),
    Setting(
      key: "window.attempts", fallback: .integer(5), summary: "how many shakes one press allows, 1 to 5"),

    Setting(
      key: "security.margin", fallback: .integer(512),
      summary: "bits kept back, 128 to 8192; below 512 every report says so"),
    Setting(
      key: "security.profiles", fallback: .string("guard"),
      summary: "permitted ways to make bits: guard, offset or \"guard offset\"; the highest common one, offset, wins"),

    Setting(
      key: "state.directory", fallback: .string(""),
      summary: "where identity and peers are kept; empty: $STATE_DIRECTORY, and nowhere without that"),
    Setting(
      key: "device.name", fallback: .string(""),
      summary: "what this board calls itself to those it is paired with; empty: the host name"),

    Setting(
      key: "hooks.directory", fallback: .string("/etc/tacc"),
      summary: "where on-paired.d and on-forgotten.d are; empty: none are run"),
    Setting(
      key: "hooks.key_label", fallback: .string("hook"),
      summary: "label of the exported key that hooks read from descriptor 3"),
    Setting(key: "hooks.seconds", fallback: .number(30), summary: "how long a hook may take, 1 to 3600"),
    Setting(key: "hooks.as_root", fallback: .boolean(false), summary: "whether hooks are run by root too"),

    Setting(
      key: "control.socket", fallback: .string("/run/tacc/agent.sock"),
      summary: "the socket of `tacc status` and `tacc press`; empty: none"),
    Setting(
      key: "control.group", fallback: .string(""), summary: "group that may use the socket besides its owner"),

    Setting(
      key: "log.level", fallback: .string("info"), summary: "trace, debug, info, notice, warning or error"),
  ]
}
