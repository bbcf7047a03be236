import Foundation

/// What `tacc status` and `tacc press` ask of the agent: one JSON object on one line.
public struct ControlRequest: Sendable, Hashable, Codable {
  /// What to do.
  public enum Command: String, Sendable, Hashable, Codable {
    /// Tell the state.
    case status
    /// Open a window, as the button does.
    case press
    /// Cancel the window; answered when it has ended.
    case cancel
  }

  /// What to do.
  public var command: Command
  /// Whether to go on telling: `status` until the asker leaves, `press` until the window has ended; no matter to
  /// `cancel`.
  public var follow: Bool

  /// A request.
  public init(command: Command, follow: Bool = false) {
    self.command = command
    self.follow = follow
  }

  /// Decodes a request; `follow` may be left out.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    command = try container.decode(Command.self, forKey: .command)
    follow = try container.decodeIfPresent(Bool.self, forKey: .follow) ?? false
  }

  /// As one line, its end included.
  func line() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) + [UInt8(ascii: "\n")] }

  /// From the line of a client.
  init(line: [UInt8]) throws {
    self = try JSONDecoder().decode(ControlRequest.self, from: Data(line))
  }
}

/// What the agent answers: one JSON object a line.
public struct ControlAnswer: Sendable, Hashable, Codable {
  /// The state's name (``AgentState/name``).
  public var state: String?
  /// How far the shake is, 0…1.
  public var progress: Double?
  /// The room in which boards meet.
  public var room: String?
  /// The program's version.
  public var version: String?
  /// Why an attempt failed while the window went on, or why a request was refused.
  public var message: String?
  /// How the last window ended; in the last line of `press` and `cancel`, how this one did.
  public var last: WindowSummary?
  /// Whether this is the last line of the answer.
  public var done: Bool
  /// Whether the request was refused.
  public var refused: Bool?

  /// An answer.
  public init(state: AgentState? = nil, message: String? = nil, done: Bool = false) {
    self.state = state?.name
    if case .shaking(let share)? = state { progress = (share * 100).rounded() / 100 }
    self.message = message
    self.done = done
  }

  /// The last answer about a window.
  init(ended summary: WindowSummary, state: AgentState) {
    self.init(state: state, done: true)
    last = summary
  }

  /// A refusal, with its reason.
  static func refusal(_ message: String) -> ControlAnswer {
    var answer = ControlAnswer(message: message, done: true)
    answer.refused = true
    return answer
  }

  /// As one line of JSON, its end included.
  public var line: [UInt8] {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(self)) ?? Data(#"{"done":true,"refused":true}"#.utf8)
    return Array(data) + [UInt8(ascii: "\n")]
  }

  /// From the line of an agent.
  init(line: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(ControlAnswer.self, from: Data(line))
  }
}
