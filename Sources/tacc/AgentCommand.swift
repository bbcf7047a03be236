import Service
import Console
import Agent
import ArgumentParser
import Configuration

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

  @OptionGroup var file: ConfigurationOptions

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

  func run() throws {
    let environment = processEnvironment()
    let load = file.loader(
      of: .agent, environment: environment,
      options: [
        ("relay.url", relay, "--relay"), ("relay.room", room, "--room"), ("sensor.uri", sensor, "--sensor"),
        ("security.profiles", profile, "--profile"),
      ])
    do {
      let settings = try load()
      _ = try AgentConfiguration(settings, environment: environment)
      if file.checkConfig {
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
    let log = ServiceLog(minimum: .info, forJournal: environment["JOURNAL_STREAM"] != nil)
    for complaint in complaints { log(.warning, complaint) }
    let daemon = AgentDaemon(
      load: { try AgentConfiguration(try load(), environment: environment) }, devices: .hardware, log: log,
      environment: environment,
      version: programVersion)
    do {
      try daemon.runBlocking(signals: signals)
    } catch let error as ConfigurationError {
      throw ExitStatus.badInput("\(error)")
    } catch {
      throw ExitStatus.fault("\(error)")
    }
  }
}
