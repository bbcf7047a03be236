import Agent
import ArgumentParser
import Configuration
import Foundation

struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Wait for the button, and pair this board with another that is shaken with it.",
    usage: "tacc agent [<options>]",
    discussion: """
      The long-running agent of a board. Until the button is pressed it does not use the sensor. A press opens a window: \
      the sensor runs, the agent waits at the relay in its room for another board whose button was pressed too, and pairs \
      with it when both are shaken together. A long press cancels. SIGUSR1 and `tacc press` do what the button does, \
      SIGHUP reads the configuration again, SIGTERM ends.

      The configuration is a TOML file, then TACC_TABLE_KEY in the environment, then options; the later wins. \
      --check-config prints every key with its value, where it came from, and what it means.

      EXAMPLES:
        tacc agent --relay wss://relay.example --room kitchen
        tacc agent --config agent.toml --check-config
        tacc agent --sensor ip:raspberrypi.local --set button.source=none

      \(HelpText.exitStatus([
        0: "Ended by SIGTERM or SIGINT.",
        1: "A device cannot be opened, or another fault.",
        2: "Bad usage or configuration.",
      ]))

      \(HelpText.environment(.agentKeys, .stateDirectory, .serviceManager, .proxies, .allowDumps))
      """)

  @Option(
    help: ArgumentHelp(
      "The configuration file. (default: /etc/tacc/agent.toml, where it exists)", valueName: "file"))
  var config: String?

  @Flag(help: "Print the effective configuration and end.")
  var checkConfig = false

  @Option(help: ArgumentHelp("The relay (relay.url).", valueName: "url"))
  var relay: String?

  @Option(help: "The room in which the boards meet (relay.room).")
  var room: String?

  @Option(help: ArgumentHelp("The libiio context of the sensor (sensor.uri).", valueName: "uri"))
  var sensor: String?

  @Option(
    help: ArgumentHelp(
      "Permitted profiles: guard, offset or \"guard offset\" (security.profiles).", valueName: "profiles"))
  var profile: String?

  @Option(help: ArgumentHelp("Any key of the configuration; may be repeated.", valueName: "key=value"))
  var set: [String] = []

  func validate() throws {
    for assignment in set where !assignment.contains("=") {
      throw ValidationError("--set \(assignment): give table.key=value, such as window.seconds=30")
    }
  }

  private var options: [(key: String, value: String, option: String)] {
    [
      ("relay.url", relay, "--relay"), ("relay.room", room, "--room"), ("sensor.uri", sensor, "--sensor"),
      ("security.profiles", profile, "--profile"),
    ]
    .compactMap { key, value, option in value.map { (key, $0, option) } }
      + set.map { assignment in
        let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "", "--set")
      }
  }

  func run() throws {
    let environment = ProcessInfo.processInfo.environment
    let load: @Sendable () throws -> Settings = { [config, options] in
      try Settings(of: .agent, file: config, environment: environment, options: options)
    }
    do {
      let settings = try load()
      _ = try AgentConfiguration(settings, environment: environment)
      if checkConfig {
        try Terminal.output(settings.fileText)
        return
      }
    } catch let error as ConfigurationError {
      throw ExitStatus.badInput("\(error)")
    }
    // Before any other thread is there.
    let complaints = ProcessHardening.apply(environment: environment)
    let signals: AsyncStream<ProcessSignal>
    do { signals = try ProcessSignal.all() } catch { throw ExitStatus.fault("no thread can be started: \(error)") }
    let log = AgentLog(minimum: .info, forJournal: environment["JOURNAL_STREAM"] != nil)
    for complaint in complaints { log(.warning, complaint) }
    let daemon = AgentDaemon(
      load: { try AgentConfiguration(try load(), environment: environment) }, devices: .hardware, log: log,
      environment: environment,
      version: Tacc.version)
    do {
      try daemon.runBlocking(signals: signals)
    } catch let error as ConfigurationError {
      throw ExitStatus.badInput("\(error)")
    } catch {
      throw ExitStatus.fault("\(error)")
    }
  }
}
