import RelayLink

/// Whether libcurl can speak to relays, and the relay answers.
struct RelayCheck {
  let tree: SystemTree
  let shell: Shell

  /// Where the units of a relay listen.
  private static let servicePort = 443

  /// - Parameter problem: why libcurl will not do; `nil` if it will.
  func libcurl(version: String, _ problem: RelayLinkError?) -> Finding {
    guard let problem else { return Finding("libcurl", .ok, "libcurl \(version) speaks ws and wss") }
    var command: String?
    let system = tree.text("/etc/os-release") ?? ""
    if system.contains("VERSION_CODENAME=bookworm") {
      let suite = "deb http://deb.debian.org/debian bookworm-backports main"
      command =
        "echo \(suite) | \(shell.root("tee /etc/apt/sources.list.d/backports.list")) >/dev/null && "
        + shell.root(all: ["apt-get update", "apt-get install -y -t bookworm-backports libcurl4"])
    } else if system.contains("ID=debian") || system.contains("ID=raspbian") || system.contains("ID_LIKE=debian") {
      command = shell.root(all: ["apt-get update", "apt-get install -y libcurl4t64"])
    }
    return Finding("libcurl", .problem, "\(problem)", command: command)
  }

  /// - Parameters:
  ///   - endpoint: where the relay is said to be.
  ///   - isDefault: whether nobody has set that.
  ///   - error: why it does not answer; `nil` if it does.
  func relay(_ endpoint: RelayEndpoint, isDefault: Bool, _ error: RelayLinkError?) -> Finding {
    let name = endpoint.webSocketBase
    guard let error else {
      guard isDefault else { return Finding("relay", .ok, "\(name) answers, and lets boards wait in a room") }
      return Finding(
        "relay", .warning,
        "no relay is named (relay.url); this board's own answers, at \(name), but another board looks for one of its own: "
          + "set relay.url to the same relay on both")
    }
    var text = "\(error)"
    if isDefault { text = "no relay is named (relay.url), and at \(name) none answers: \(text)" }
    var command: String?
    switch error {
    case .unreachable, .timedOut, .connectionFailed:
      command =
        ["localhost", "127.0.0.1", "::1"].contains(endpoint.host)
        ? "tacc relay --port \(endpoint.port)"
        : endpoint.port == Self.servicePort
          ? "ssh \(endpoint.host) sudo systemctl enable --now tacc-relay.socket tacc-relay.service"
          : "ssh \(endpoint.host) tacc relay --host :: --port \(endpoint.port)"
    case .nameNotFound: command = "getent hosts \(endpoint.host)"
    case .tlsFailed where !tree.exists("/etc/ssl/certs/ca-certificates.crt"):
      command = shell.root("apt-get install -y ca-certificates")
    case .tlsFailed: text += "; an authority of your own is named by relay.ca_file"
    default: break
    }
    return Finding("relay", .problem, text, command: command)
  }
}
