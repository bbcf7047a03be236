import Configuration
import Foundation
import Pairing
import Testing

@testable import Agent

/// Where values come from, and what is said of those that cannot be.
@Suite struct AgentSettingsTests {
  private func load(
    _ text: String = "", environment: [String: String] = [:], options: [(String, String)] = []
  ) throws -> Settings {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("agent-\(UUID()).toml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Settings(
      of: .agent, file: file.path, environment: environment,
      options: options.map { (key: $0.0, value: $0.1, option: "--set") })
  }

  /// What is said of a configuration; `nil` if it is taken.
  private func complaint(
    _ text: String = "", environment: [String: String] = [:], options: [(String, String)] = []
  ) -> String? {
    do {
      _ = try AgentConfiguration(try load(text, environment: environment, options: options))
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func aKeyOfManyPartsIsRefusedBeforeTheParserFollowsThem() {
    let key = String(repeating: "a.", count: 30_000) + "a"
    for text in ["[window]\nseconds = 30\n\(key) = 1\n", "\n\n[\(key)]\n"] {
      #expect(complaint(text)?.contains(", line 3: more than 1000 dots in one line") == true)
    }
  }

  @Test func theDefaultsAreAConfiguration() throws {
    let configuration = try AgentConfiguration(try load())
    #expect(configuration.margin == 512)
    #expect(configuration.profiles == [.guard])
    #expect(configuration.windowSeconds == 60)
    #expect(configuration.sensor == .iio(uri: "local:", device: nil))
  }

  @Test(arguments: [("guard", [QuantiserProfile.guard]), ("offset", [.offset]), ("offset, guard", [.guard, .offset])])
  func profilesAreNamed(text: String, expected: [QuantiserProfile]) throws {
    let configuration = try AgentConfiguration(try load("[security]\nprofiles = \"\(text)\"\n"))
    #expect(configuration.profiles == expected)
  }

  @Test func whereTheStateIsAndWhatTheBoardIsCalled() throws {
    func state(_ options: [(String, String)], _ environment: [String: String] = [:]) throws -> StateConfiguration {
      try StateConfiguration(try load(options: options), environment: environment)
    }
    #expect(try state([]).directory == nil)
    #expect(try state([], ["STATE_DIRECTORY": "/var/lib/a:/var/lib/b"]).directory == "/var/lib/a")
    #expect(try state([("state.directory", "/x")], ["STATE_DIRECTORY": "/var/lib/a"]).directory == "/x")
    #expect(complaint(options: [("state.directory", "x")])?.contains("give an absolute path") == true)
    #expect(try state([("device.name", "Küche")]).name.text == "Küche")
    // That of the host, whatever it is.
    #expect(try !state([]).name.text.isEmpty)
    #expect(complaint(options: [("device.name", String(repeating: "x", count: 65))])?.contains("64 bytes") == true)
    #expect(complaint(options: [("hooks.key_label", "a b")])?.contains("A-Za-z0-9._/-") == true)
    #expect(complaint(options: [("hooks.directory", "x")])?.contains("give an absolute path") == true)
    let hooks = try state([]).hooks
    #expect(hooks.directory == "/etc/tacc" && hooks.label.text == "hook" && hooks.seconds == 30 && !hooks.asRoot)
  }

  @Test func theLaterSourceWins() throws {
    let file = "[relay]\nroom = \"file\"\n[window]\nseconds = 30\n[security]\nmargin = 600\n"
    let settings = try load(
      file, environment: ["TACC_RELAY_ROOM": "variable", "TACC_WINDOW_SECONDS": "40", "PATH": "/bin"],
      options: [("relay.room", "option")])
    func origin(_ key: String) -> String { settings.entry(key).map { "\($0.value) from \($0.origin)" } ?? "" }
    #expect(origin("relay.room") == "\"option\" from option --set")
    #expect(origin("window.seconds") == "40.0 from environment TACC_WINDOW_SECONDS")
    #expect(origin("security.margin").hasSuffix(".toml") && origin("security.margin").hasPrefix("600 from "))
    #expect(origin("window.attempts") == "5 from default")
  }

  @Test func everyKeyHasATableAndAVariableOfItsOwn() {
    let schema = SettingsSchema.agent
    #expect(Set(schema.settings.map(\.key)).count == schema.settings.count)
    #expect(Set(schema.settings.map(schema.variable)).count == schema.settings.count)
    #expect(schema.settings.allSatisfy { $0.key.split(separator: ".").count == 2 })
  }

  @Test func aLineMayBeANumber() throws {
    let configuration = try AgentConfiguration(try load("[button]\nline = 17\n"))
    guard case .gpio(let button) = configuration.button else {
      Issue.record("\(configuration.button)")
      return
    }
    #expect(button.line.line == .offset(17))
  }

  @Test(arguments: [
    ("[relay]\nrom = \"x\"", "there is no key relay.rom; did you mean relay.room?"),
    ("seconds = 3", "did you mean window.seconds?"),
    ("[weather]\nrain = true", "there is no key weather.rain"),
    ("[relay]\nroom = 3", "relay.room is a whole number, a text in quotes was expected"),
    ("[window]\nseconds = \"long\"", "window.seconds is a text in quotes, a number was expected"),
    ("[window]\nseconds = 2020-01-01", "window.seconds is a date"),
    ("[window]\nseconds = 1", "window.seconds = 1.0; give 5 to 600"),
    ("[window]\nseconds = nan", "window.seconds = nan; give 5 to 600"),
    ("[security]\nmargin = 127", "security.margin = 127; give 128 to 8192"),
    ("[security]\nprofiles = \"offset camera\"", "security.profiles = \"offset camera\"; give guard, offset or"),
    ("[security]\nprofiles = \"\"", "security.profiles = \"\"; give guard, offset or"),
    ("[relay]\nroom = \"..\"", "relay.room = \"..\"; give 1 to 64 characters"),
    ("[relay]\nurl = \"ftp://x\"", "relay.url"),
    ("[relay]\nca_file = \"/nowhere/ca.pem\"", "relay.ca_file"),
    ("[sensor]\nuri = \"here\"", "give local:, ip:HOST"),
    ("[button]\nsource = \"knob\"", "give gpio, key, none"),
    ("[control]\nsocket = \"relative.sock\"", "an absolute path"),
    ("[relay]\nroom = \"a\\u001Bb\"", "without control characters"),
    ("[control]\nsocket = \"/run/a\\u0000b\"", "line 2: a NUL character"),
    ("[relay\nroom = 1", "line 1"),
    ("[relay]\nroom = ", "line 2"),
    ("[relay]\nroom = \"a\"\nroom = \"b\"", "line 3"),
  ])
  func whatCannotBeIsNamed(text: String, expected: String) {
    let said = complaint(text) ?? "it was taken"
    #expect(said.contains(expected), "\(said)")
    #expect(said.contains(".toml"), "the file is not named: \(said)")
  }

  @Test func aPasswordInAnAddressIsNotRepeated() {
    let said = complaint("[relay]\nurl = \"wss://me:hunter2@relay.example\"") ?? "it was taken"
    #expect(said.contains("relay.url") && said.contains("has no accounts"), "\(said)")
    #expect(!said.contains("hunter2"))
  }

  @Test func variablesAreCheckedToo() {
    #expect(complaint(environment: ["TACC_RELAY_UL": "ws://x"])?.contains("did you mean TACC_RELAY_URL?") == true)
    #expect(
      complaint(environment: ["TACC_WINDOW_SECONDS": "soon"])?.contains("environment TACC_WINDOW_SECONDS") == true)
    // Not one of the agent's tables.
    #expect(complaint(environment: ["TACC_CONFIGURATION": "debug"]) == nil)
  }

  @Test func filesThatAreNoneAreNamed() throws {
    func failure(_ path: String) -> String {
      do {
        _ = try Settings(of: .agent, file: path, environment: [:], options: [])
        return ""
      } catch { return "\(error)" }
    }
    #expect(failure("/nowhere/agent.toml").contains("/nowhere/agent.toml: No such file"))
    #expect(failure("/").contains("Is a directory"))
    #expect(failure("/dev/zero").contains("larger than"))
    let binary = FileManager.default.temporaryDirectory.appendingPathComponent("agent-\(UUID()).toml")
    defer { try? FileManager.default.removeItem(at: binary) }
    try Data([0xFF, 0xFE, 0x00]).write(to: binary)
    #expect(failure(binary.path).contains("not UTF-8"))
  }

  @Test func theListingIsItselfAConfiguration() throws {
    // What --check-config prints can be put into the file.
    let text = Settings(of: .agent).listing.map { "\($0.key) = \($0.value)" }.joined(separator: "\n")
    let again = try load(text)
    for entry in Settings(of: .agent).listing { #expect(again.entry(entry.key)?.value == entry.value) }
  }
}
