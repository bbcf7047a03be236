import Configuration
import Console
import Logging
import Relay
import Service

extension SettingsSchema {
  /// What `tacc relay` takes.
  static let relay = SettingsSchema(
    command: "tacc relay", standardPath: "/etc/tacc/relay.toml", variablePrefix: "TACC_RELAY",
    settings: relaySettings + RelayLimit.all.map(\.setting))

  private static let relaySettings: [Setting] = [
    Setting(
      key: "listen.host", fallback: .string("127.0.0.1"), summary: "address to listen on; 0.0.0.0 or :: for all"),
    Setting(key: "listen.port", fallback: .integer(8000), summary: "TCP port; 0 lets the system choose"),
    Setting(key: "listen.threads", fallback: .integer(1), summary: "threads that carry connections, 1 to 64"),

    Setting(
      key: "tls.certificate", fallback: .string(""),
      summary: "PEM file with the certificate and those it needs; empty: no TLS; read again on SIGHUP"),
    Setting(key: "tls.key", fallback: .string(""), summary: "PEM file with its private key, not encrypted"),

    Setting(
      key: "proxy.trust_forwarded_for", fallback: .list([]),
      summary: "addresses and networks of reverse proxies whose X-Forwarded-For says who a client is"),
    Setting(
      key: "proxy.shard", fallback: .string(""),
      summary: "what session codes begin with, where a balancer shares them out: 1 or 2 of A-Z but I and O, and 2-9"),

    Setting(
      key: "metrics.host", fallback: .string(""),
      summary: "address for /metrics and /healthz alone; empty: 127.0.0.1 if there is a port"),
    Setting(
      key: "metrics.port", fallback: .integer(0),
      summary: "its TCP port; without host and port /metrics is at the relay's own"),

    Setting(
      key: "log.level", fallback: .string("info"), summary: "trace, debug, info, notice, warning or error"),
    Setting(key: "log.addresses", fallback: .boolean(false), summary: "whether the log may name clients' addresses"),
  ]
}

extension RelayLimit {
  /// The key that sets it: `limits.`, its name in snake case and, for a time, the unit.
  var key: String {
    let words = name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
    return switch value {
    case .count: "limits.\(words)"
    case .time: "limits.\(words)_seconds"
    }
  }

  fileprivate var setting: Setting {
    let defaults = RelayLimits()
    let fallback: SettingValue =
      switch value {
      case .count(let path): .integer(defaults[keyPath: path])
      case .time(let path): .number(defaults[keyPath: path] / .seconds(1))
      }
    return Setting(key: key, fallback: fallback, summary: summary)
  }
}

/// What the relay is set to, checked.
struct RelaySettings {
  /// Keys whose new values a running relay takes over.
  static let reloadable: Set<String> = ["tls.certificate", "tls.key"]
  /// What a socket that is handed over for metrics is called.
  static let metricsSocketName = "metrics"

  let configuration: RelayConfiguration
  let logLevel: Logger.Level

  /// Checks settings.
  /// - Parameter sockets: What the service manager handed over.
  init(_ settings: Settings, sockets: [ActivatedSocket] = []) throws(ConfigurationError) {
    let reader = SettingsReader(settings)
    var configuration = RelayConfiguration(
      host: try reader.requiredText("listen.host"), port: try reader.integer("listen.port", in: 0...65_535),
      limits: try Self.limits(reader), eventLoopThreads: try reader.integer("listen.threads", in: 1...64))
    configuration.version = programVersion

    let certificate = try reader.optionalText("tls.certificate")
    let key = try reader.optionalText("tls.key")
    if let certificate, let key {
      configuration.tls = TLSFiles(certificate: certificate, key: key)
    } else if certificate != nil || key != nil {
      throw key == nil
        ? reader.impossible("tls.certificate", "tls.key too: certificate and key belong together")
        : reader.impossible("tls.key", "tls.certificate too: certificate and key belong together")
    }

    let proxies = try reader.list("proxy.trust_forwarded_for")
    do throws(RelayServerError) {
      configuration.trustedProxies = try TrustedProxies(proxies)
    } catch {
      throw reader.impossible("proxy.trust_forwarded_for", "numeric addresses or networks such as 10.0.0.0/8")
    }

    if let shard = try reader.optionalText("proxy.shard") {
      guard let label = ShardLabel(shard) else {
        throw reader.impossible("proxy.shard", "one or two of A-Z but I and O, and 2-9")
      }
      configuration.shard = label
    }

    let metricsHost = try reader.optionalText("metrics.host")
    let metricsPort = try reader.integer("metrics.port", in: 0...65_535)
    if metricsHost != nil || metricsPort != 0 {
      configuration.metrics = .host(metricsHost ?? "127.0.0.1", port: metricsPort)
    }
    for socket in sockets {
      if socket.name == Self.metricsSocketName {
        configuration.metrics = .inherited(socket.descriptor)
      } else {
        configuration.inheritedSockets.append(socket.descriptor)
      }
    }

    let levels = ["trace", "debug", "info", "notice", "warning", "error"]
    logLevel = Logger.Level(rawValue: try reader.choice("log.level", of: levels)) ?? .info
    configuration.logsAddresses = try reader.boolean("log.addresses")
    self.configuration = configuration
  }

  private static func limits(_ reader: SettingsReader) throws(ConfigurationError) -> RelayLimits {
    var limits = RelayLimits()
    for limit in RelayLimit.all {
      switch limit.value {
      case .count(let path): limits[keyPath: path] = try reader.integer(limit.key, in: 0...1 << 40)
      case .time(let path): limits[keyPath: path] = .seconds(try reader.number(limit.key, in: 0...86_400))
      }
    }
    do throws(RelayLimitsError) {
      try limits.validate()
    } catch {
      throw reader.impossible(RelayLimit.all.first { $0.name == error.limit }?.key ?? error.limit, error.expected)
    }
    return limits
  }
}
