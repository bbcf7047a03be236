/// Whether the agent runs, and will after the next start of the board.
struct ServiceCheck {
  let tree: SystemTree
  let shell: Shell

  /// - Parameter state: what a running agent says of itself; `nil` if none answers.
  func finding(state: String?) -> Finding {
    let isInstalled = Subject.unitPath(in: tree) != nil
    let isEnabled = tree.names(in: "/etc/systemd/system").filter { $0.hasSuffix(".wants") }
      .contains { tree.link("/etc/systemd/system/\($0)/\(Subject.unit)") != nil }
    let enable = shell.root("systemctl enable --now \(Subject.unit)")
    switch (state, isInstalled) {
    case (let state?, true):
      return isEnabled
        ? Finding("agent", .ok, "the agent runs: \(state)")
        : Finding(
          "agent", .warning, "the agent runs (\(state)), but will not after the next start of the board",
          command: enable)
    case (let state?, false): return Finding("agent", .ok, "an agent runs: \(state)")
    case (nil, true):
      return Finding("agent", .warning, "the service \(Subject.unit) is installed and does not run", command: enable)
    case (nil, false): return Finding("agent", .ok, "no agent runs, and no service is installed: tacc agent starts one")
    }
  }
}
