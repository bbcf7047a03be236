/// Sections of the help texts, in one form, which tools/debian/make-man reads too: a heading in capitals with a colon,
/// then what is explained two columns in, and what it means beside it.
enum HelpText {
  /// EXIT STATUS: what the program tells by it.
  static func exitStatus(_ meanings: KeyValuePairs<Int, String>) -> String {
    table("EXIT STATUS", meanings.map { ("\($0.key)", $0.value) })
  }

  /// ENVIRONMENT: what a command reads there.
  static func environment(_ variables: Variable...) -> String {
    table("ENVIRONMENT", variables.map { ($0.name, $0.meaning) })
  }

  /// What commands read in the environment.
  enum Variable {
    /// Keys of agent.toml.
    case agentKeys
    case controlSocket
    case stateDirectory
    case serviceManager
    case proxies
    case noColor
    case allowDumps

    var name: String {
      switch self {
      case .agentKeys: "TACC_TABLE_KEY"
      case .controlSocket: "TACC_CONTROL_SOCKET"
      case .stateDirectory: "STATE_DIRECTORY"
      case .serviceManager: "NOTIFY_SOCKET, WATCHDOG_USEC, JOURNAL_STREAM"
      case .proxies: "http_proxy, https_proxy, all_proxy, no_proxy"
      case .noColor: "NO_COLOR"
      case .allowDumps: "TACC_ALLOW_DUMPS"
      }
    }

    var meaning: String {
      switch self {
      case .agentKeys:
        "A key of the agent's configuration: TACC_RELAY_URL is relay.url. It wins over the file, an option over it."
      case .controlSocket: "The agent's control socket, unless --socket names one."
      case .stateDirectory: "The state directory, unless state.directory names one; systemd sets it."
      case .serviceManager: "Set by systemd: it is told of the state, and the log's lines bear their levels."
      case .proxies: "Proxies on the way to the relay, as curl(1) reads them."
      case .noColor: "If it is set and not empty, nothing is coloured; nor is what goes elsewhere than to a terminal."
      case .allowDumps: "1 lets a debugger and core dumps see the keys."
      }
    }
  }

  /// A section of names and what they mean.
  static func table(_ heading: String, _ rows: [(name: String, meaning: String)]) -> String {
    let names = rows.map(\.name.count).filter { $0 <= widestName }
    let indent = 2 + (names.max() ?? 2) + 2
    let lines = rows.map { row in
      let text = wrapped(row.meaning, to: width - indent)
        .joined(separator: "\n" + String(repeating: " ", count: indent))
      let room = indent - 2 - row.name.count
      // A long name has a line to itself.
      let gap = room >= 2 ? String(repeating: " ", count: room) : "\n" + String(repeating: " ", count: indent)
      return "  \(row.name)\(gap)\(text)"
    }
    return ([heading + ":"] + lines).joined(separator: "\n")
  }

  /// One less than what a terminal shows: the parser breaks a line of 80 columns.
  static let width = 79
  private static let widestName = 20

  private static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
