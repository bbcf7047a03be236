import Agent
import Configuration
import Console
import Foundation
import Logging
import Platform
import Service
import Testing

@testable import Relay
@testable import RelayProgram

/// What `tacc relay` is set to, by whom, and what is said of what cannot be.
@Suite struct RelaySettingsTests {
  private func load(
    _ text: String = "", environment: [String: String] = [:], options: [(String, String)] = []
  ) throws -> Settings {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("relay-\(UUID()).toml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Settings(
      of: .relay, file: file.path, environment: environment,
      options: options.map { (key: $0.0, value: $0.1, option: "--set") })
  }

  private func complaint(
    _ text: String = "", environment: [String: String] = [:], options: [(String, String)] = []
  ) -> String? {
    do {
      _ = try RelaySettings(try load(text, environment: environment, options: options))
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func theDefaultsAreThoseOfTheRelay() throws {
    let settings = try RelaySettings(try load())
    var expected = RelayConfiguration()
    expected.version = programVersion
    #expect(settings.configuration == expected)
    #expect(settings.logLevel == .info)
  }

  @Test func everyLimitHasAKeyWithItsUnit() throws {
    let keys = RelayLimit.all.map(\.key)
    #expect(keys.contains("limits.message_bytes") && keys.contains("limits.sessions_per_address_hour"))
    #expect(keys.contains("limits.ping_interval_seconds") && keys.contains("limits.drain_time_seconds"))
    for limit in RelayLimit.all {
      switch limit.value {
      case .count(let path):
        let value = RelayLimits()[keyPath: path] + 1
        let limits = try RelaySettings(try load(options: [(limit.key, "\(value)")])).configuration.limits
        #expect(limits[keyPath: path] == value)
      case .time(let path):
        let limits = try RelaySettings(try load(options: [(limit.key, "1.5")])).configuration.limits
        #expect(limits[keyPath: path] == .milliseconds(1500))
      }
    }
  }

  @Test func fileEnvironmentAndOptionsAreRead() throws {
    let settings = try load(
      """
      [listen]
      host = "::"
      port = 1
      [proxy]
      trust_forwarded_for = ["127.0.0.1", "10.0.0.0/8"]
      [metrics]
      port = 9464
      [log]
      addresses = true
      [limits]
      alone_time_seconds = 30
      """,
      environment: ["TACC_RELAY_LISTEN_PORT": "2", "TACC_RELAY_LIMITS_ROOMS": "7", "TACC_RELAY_URL": "the agent's"],
      options: [("listen.port", "3"), ("log.level", "debug")])
    let checked = try RelaySettings(settings)
    let configuration = checked.configuration
    #expect(configuration.host == "::" && configuration.port == 3)
    #expect(configuration.trustedProxies == (try TrustedProxies(["127.0.0.1", "10.0.0.0/8"])))
    #expect(configuration.metrics == .host("127.0.0.1", port: 9464))
    #expect(configuration.logsAddresses && checked.logLevel == .debug)
    #expect(configuration.limits.aloneTime == .seconds(30) && configuration.limits.rooms == 7)
  }

  @Test func listsComeInEveryForm() throws {
    let expected = try TrustedProxies(["127.0.0.1", "::1"])
    let key = "proxy.trust_forwarded_for"
    #expect(
      try RelaySettings(try load("[proxy]\ntrust_forwarded_for = [\"127.0.0.1\", \"::1\"]")).configuration
        .trustedProxies == expected)
    for text in ["127.0.0.1,::1", " 127.0.0.1 , ::1 ,"] {
      let settings = try load(options: [(key, text)])
      #expect(try RelaySettings(settings).configuration.trustedProxies == expected)
    }
    let variable = try load(environment: ["TACC_RELAY_PROXY_TRUST_FORWARDED_FOR": "127.0.0.1,::1"])
    #expect(try RelaySettings(variable).configuration.trustedProxies == expected)
    #expect(variable.entry(key)?.value.description == "[\"127.0.0.1\", \"::1\"]")
  }

  @Test func aShardIsALabelThatCodesCanBeginWith() throws {
    #expect(try RelaySettings(try load()).configuration.shard == nil)
    #expect(try RelaySettings(try load("[proxy]\nshard = \"K7\"")).configuration.shard == ShardLabel("K7"))
    #expect(try RelaySettings(try load(options: [("proxy.shard", "A")])).configuration.shard == ShardLabel("A"))
  }

  @Test func socketsThatWereHandedOverAreUsed() throws {
    let sockets = [
      ActivatedSocket(descriptor: 3, name: "relay"), ActivatedSocket(descriptor: 4, name: "metrics"),
      ActivatedSocket(descriptor: 5, name: "tacc-relay.socket"),
    ]
    let configuration = try RelaySettings(try load("[metrics]\nport = 9464"), sockets: sockets).configuration
    #expect(configuration.inheritedSockets == [3, 5])
    #expect(configuration.metrics == .inherited(4))
  }

  @Test(arguments: [
    ("[limits]\nmessage_bytes = 0", "limits.message_bytes = 0; give 64 to 16777216"),
    ("[limits]\nsession_bytes = 100", "limits.session_bytes = 100; give 65536 to"),
    ("[limits]\nalone_time_seconds = 0", "limits.alone_time_seconds = 0.0; give 10 milliseconds to 1 day"),
    ("[limits]\nalone_time_seconds = 1e300", "limits.alone_time_seconds = 1e+300; give 0 to 86400"),
    ("[limits]\nalone_time_seconds = nan", "limits.alone_time_seconds = nan"),
    ("[limits]\nalone_time = 3", "there is no key limits.alone_time"),
    ("[limits]\nrooms = 1.5", "limits.rooms is a number, a whole number was expected"),
    ("[listen]\nport = 65536", "listen.port = 65536; give 0 to 65535"),
    ("[listen]\nhost = \"\"", "listen.host"),
    ("[listen]\nthreads = 0", "listen.threads = 0; give 1 to 64"),
    ("[tls]\ncertificate = \"a.pem\"", "tls.certificate = \"a.pem\"; give tls.key too"),
    ("[tls]\nkey = \"a.key\"", "tls.key = \"a.key\"; give tls.certificate too"),
    ("[proxy]\nshard = \"O\"", "proxy.shard = \"O\"; give one or two of A-Z but I and O"),
    ("[proxy]\ntrust_forwarded_for = [\"proxy.example\"]", "numeric addresses or networks"),
    (
      "[proxy]\ntrust_forwarded_for = [1]",
      "proxy.trust_forwarded_for is a list of other things, a list of texts in quotes"
    ),
    ("[proxy]\ntrust_forwarded_for = \"::1\"", "proxy.trust_forwarded_for is a text in quotes, a list of texts"),
    ("[log]\nlevel = \"loud\"", "log.level"),
  ])
  func whatCannotBeIsNamed(text: String, expected: String) {
    let said = complaint(text) ?? "it was taken"
    #expect(said.contains(expected), "\(said)")
    #expect(said.contains(".toml"), "the file is not named: \(said)")
  }

  @Test func aPipeIsNoConfiguration() throws {
    let pipe = FileManager.default.temporaryDirectory.appendingPathComponent("relay-\(UUID()).toml").path
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    do {
      _ = try Settings(of: .relay, file: pipe, environment: [:], options: [])
      Issue.record("it was taken")
    } catch {
      #expect("\(error)".contains("\(pipe): it is a pipe"), "\(error)")
    }
  }

  @Test func variablesAreCheckedToo() {
    #expect(
      complaint(environment: ["TACC_RELAY_LISTEN_PROT": "1"])?.contains("did you mean TACC_RELAY_LISTEN_PORT?") == true)
    #expect(complaint(environment: ["TACC_RELAY_LIMITS_ROOMS": "many"])?.contains("TACC_RELAY_LIMITS_ROOMS") == true)
  }

  @Test func agentAndRelayLeaveEachOthersVariablesAlone() throws {
    #expect(Set(SettingsSchema.agent.otherVariables) == Set(SettingsSchema.relay.variablePrefixes))
    for setting in SettingsSchema.relay.settings {
      let environment = [SettingsSchema.relay.variable(setting): "nothing the agent could read"]
      _ = try Settings(of: .agent, file: "/dev/null", environment: environment, options: [])
    }
    for setting in SettingsSchema.agent.settings {
      _ = try load(environment: [SettingsSchema.agent.variable(setting): "nothing the relay could read"])
    }
  }

  @Test func theListingIsItselfAConfiguration() throws {
    let settings = try load(options: [("proxy.trust_forwarded_for", "::1,10.0.0.0/8"), ("limits.rooms", "5")])
    let again = try load(settings.fileText)
    for entry in settings.listing { #expect(again.entry(entry.key)?.value == entry.value, "\(entry.key)") }
  }

  @Test func theLogIsOneLineAnEvent() {
    let lines = Locked<[String]>([])
    let log = ServiceLog(minimum: .trace, forJournal: true) { line in lines.withLock { $0.append(line) } }
    var logger = Logger(label: "test") { _ in RelayLogHandler(log) }
    logger.logLevel = .info
    logger[metadataKey: "b"] = "2"
    logger.warning("what\nhappened", metadata: ["a": "1 x"])
    logger.debug("too little")
    #expect(lines.withLock { $0 } == ["<4>what happened a=\"1 x\" b=2\n"])
  }
}
