import Console
import Agent
import ArgumentParser
import Configuration
import Doctor
import Foundation

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Find out what keeps this board from pairing, and the command that mends it.",
    usage: "tacc doctor [<options>]",
    discussion: """
      Looks at the sensor's driver, interrupt, ranges, rate and clock, at who may use it and who else does, at the lines \
      of button and light, at the time of day, at libcurl, at the relay, and at the agent. It changes nothing; a sensor \
      that nobody uses is switched on for a second and a half (not with --no-sampling), and a room of its own is entered at \
      the relay for a moment. It reads the configuration that `tacc agent` reads.

      Rights are judged for the service, where tacc-agent.service is installed, otherwise (and with --me) for the user \
      who runs this. What this user may not look at is said to be skipped: run it with sudo.

      EXAMPLES:
        sudo tacc doctor
        tacc doctor --config agent.toml --no-sampling
        tacc doctor --relay wss://relay.example --json

      \(HelpText.exitStatus([
        0: "Nothing keeps this board from pairing; there may be warnings.",
        1: "Something does.",
        2: "Bad usage or configuration.",
      ]))

      \(HelpText.environment(.agentKeys, .proxies, .noColor))
      """)

  @Option(
    help: ArgumentHelp(
      "The agent's configuration file. (default: /etc/tacc/agent.toml, where it exists)", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The relay (relay.url).", valueName: "url"))
  var relay: String?

  @Option(help: ArgumentHelp("Any key of the configuration; may be repeated.", valueName: "key=value"))
  var set: [String] = []

  @Flag(help: "Judge the rights of the user who runs this, even where the service is installed.")
  var me = false

  @Flag(help: "Do not switch the sensor on.")
  var noSampling = false

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    for assignment in set where !assignment.contains("=") {
      throw ValidationError("--set \(assignment): give table.key=value, such as button.line=GPIO22")
    }
  }

  func run() async throws {
    let (settings, configuration) = try load()
    let tree = SystemTree()
    let subject = (me ? nil : Subject.service(in: tree)) ?? Subject.current(in: tree)
    let doctor = Doctor(tree: tree, subject: subject, isRoot: geteuid() == 0)
    if !json { Terminal.note("rights are judged for \(subject.name)") }
    let findings = await doctor.findings(
      configuration, isRelayDefault: settings.entry("relay.url")?.origin == .builtIn, samples: !noSampling)
    let problems = findings.count { $0.verdict == .problem }
    let warnings = findings.count { $0.verdict == .warning }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let report = Report(subject: subject.name, problems: problems, warnings: warnings, findings: findings)
      try Terminal.output(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      for finding in findings { try Terminal.output(Self.lines(finding, isColoured: Terminal.isColoured)) }
      let sum =
        problems == 0 ? "nothing keeps this board from pairing" : problems == 1 ? "1 problem" : "\(problems) problems"
      try Terminal.output(sum + (warnings == 0 ? "" : warnings == 1 ? ", 1 warning" : ", \(warnings) warnings"))
    }
    if problems > 0 { throw ExitStatus(code: 1, message: nil) }
  }

  private func load() throws -> (Settings, AgentConfiguration) {
    let environment = ProcessInfo.processInfo.environment
    let assignments = set.map { assignment in
      let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (key: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "", option: "--set")
    }
    let named = relay.map { [(key: "relay.url", value: $0, option: "--relay")] } ?? []
    do throws(ConfigurationError) {
      let settings = try Settings(of: .agent, file: config, environment: environment, options: named + assignments)
      return (settings, try AgentConfiguration(settings, environment: environment))
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
  }

  private struct Report: Encodable {
    var subject: String
    var problems: Int
    var warnings: Int
    var findings: [Finding]
  }

  /// One line of what was found, and one of what mends it.
  static func lines(_ finding: Finding, isColoured: Bool) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let colour =
      switch finding.verdict {
      case .ok: "32"
      case .warning: "33"
      case .problem: "31"
      case .skipped: "2"
      }
    let word = padded(finding.verdict.rawValue, 8)
    let verdict = isColoured ? "\u{1B}[\(colour)m\(word)\u{1B}[0m" : word
    let line = "\(verdict) \(padded(finding.check, 9)) \(finding.text)"
    return finding.command.map { "\(line)\n\(String(repeating: " ", count: 9))mend it:  \($0)" } ?? line
  }
}
