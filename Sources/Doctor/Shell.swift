/// Writes commands for a shell, with sudo where this user needs it.
struct Shell: Sendable {
  /// Whether commands are run by root.
  var isRoot: Bool

  /// A command that only root may run.
  func root(_ command: String) -> String { isRoot ? command : "sudo \(command)" }

  /// Several of them, each only if the one before succeeded.
  func root(all commands: [String]) -> String { commands.map(root).joined(separator: " && ") }

  /// Writes a text into a file of the kernel.
  func write(_ text: String, to path: String) -> String {
    "echo \(text) | \(root("tee \(path)")) >/dev/null"
  }
}
