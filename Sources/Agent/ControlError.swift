import Glibc
import Platform

/// Why the control socket cannot be opened or used.
public enum ControlError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A system call failed on the client's side: which, on what path, and its errno.
  case system(operation: String, path: String, code: Int32)
  /// The agent cannot open its socket: what failed, on what path, and its errno.
  case unavailable(operation: String, path: String, code: Int32)
  /// Another agent listens there.
  case inUse(path: String)
  /// There is no such group.
  case unknownGroup(String)
  /// The agent's user may not give the socket at the path to the group.
  case groupRefused(String, path: String)
  /// The path is too long or empty.
  case invalidPath(String)
  /// The agent went away, or sent something else than answers.
  case brokenAnswer(String)

  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .system(let operation, let path, let code):
      "\(operation) \(path): \(String(cString: strerror(code)))" + ControlError.remedy(for: code)
    case .unavailable(let operation, let path, let code):
      "\(operation) \(path): \(String(cString: strerror(code))); set control.socket to a path in a directory that exists "
        + "and in which this user may write, or to nothing"
    case .inUse(let path):
      "another agent listens on \(path); stop it first, or set control.socket to another path"
    case .unknownGroup(let name):
      "there is no group \(name) (control.group); create it with `groupadd --system \(name)` or name another"
    case .groupRefused(let name, let path):
      "cannot give the control socket \(path) to the group \(name) (control.group): EPERM, the agent's user is not a "
        + "member of \(name); make it one with `usermod -aG \(name) USER` and start the agent again (in a systemd unit: "
        + "SupplementaryGroups=\(name)), or leave control.group empty, so that only that user and root may use it"
    case .invalidPath(let path):
      "the control socket \(path) is empty or longer than \(UnixSocketAddress.maximumPathLength) bytes"
    case .brokenAnswer(let text): "the agent's answer broke off (\(text)); see its log"
    }
  }

  private static func remedy(for code: Int32) -> String {
    switch code {
    case ENOENT, ECONNREFUSED: "; is the agent running? `systemctl status tacc-agent`, or start `tacc agent`"
    case EACCES, EPERM: "; only root, the agent's user and control.group may use it"
    case EAGAIN: "; it did not answer in time"
    default: ""
    }
  }
}
