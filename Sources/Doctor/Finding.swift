/// What a check has found.
public struct Finding: Sendable, Hashable, Encodable {
  /// How it stands.
  public enum Verdict: String, Sendable, Hashable, Encodable {
    /// As it should be.
    case ok
    /// It works, and might work better, or stop to.
    case warning
    /// Boards cannot be paired until this is mended.
    case problem
    /// It could not be looked at; the text says why.
    case skipped
  }

  /// What was looked at, in a word: "driver", "access".
  public let check: String
  /// How it stands.
  public let verdict: Verdict
  /// What was found, one line.
  public let text: String
  /// The command of a shell that mends it; `nil` where none does, or nothing is to be mended.
  public let command: String?

  /// A finding.
  public init(_ check: String, _ verdict: Verdict, _ text: String, command: String? = nil) {
    self.check = check
    self.verdict = verdict
    self.text = text
    self.command = command
  }
}
