/// Where the agent stands.
public enum AgentState: Sendable, Hashable {
  /// For a press; the sensor is off.
  case waiting
  /// The window is open; nobody has been matched yet.
  case windowOpen
  /// Matched with another board: hold still, then shake.
  case matched
  /// Shaking; how far, 0…1.
  case shaking(Double)
  /// Correcting errors and exchanging keys.
  case reconciling
  /// The window was cancelled, or its time is over; it is about to end.
  case cancelling

  /// A short stable name for programs.
  public var name: String {
    switch self {
    case .waiting: "waiting"
    case .windowOpen: "window-open"
    case .matched: "matched"
    case .shaking: "shaking"
    case .reconciling: "reconciling"
    case .cancelling: "cancelling"
    }
  }

  /// For whoever reads `systemctl status`.
  func words(last: WindowSummary?) -> String {
    switch self {
    case .waiting: "waiting for the button" + (last.map { "; last window: \($0.code)" } ?? "")
    case .windowOpen: "window open, waiting for another board"
    case .matched: "matched; hold still, then shake"
    case .shaking(let share): "shaking, \(Int(share * 100)) %"
    case .reconciling: "correcting errors and exchanging keys"
    case .cancelling: "ending the window"
    }
  }
}

/// How a window ended, without any key.
public struct WindowSummary: Sendable, Hashable, Codable {
  /// Whether the boards are paired.
  public var paired: Bool
  /// A short stable name: `paired`, or that of the reason.
  public var code: String
  /// What happened and what to do, for the local user.
  public var message: String
  /// Six digits equal on both boards; only where paired.
  public var sas: String?
  /// Hash of the authenticated handshake in hexadecimal, equal on both boards; only where paired.
  public var handshakeHash: String?
  /// From the press to the end, seconds.
  public var seconds: Double?
  /// From the last sample used to the end, seconds; only where paired.
  public var processingSeconds: Double?

  /// Who the other board is, where both told; only where paired.
  public var peer: Peer?

  /// The other board, as it is kept here.
  public struct Peer: Sendable, Hashable, Codable {
    /// What it is called here.
    public var name: String
    /// Its fingerprint.
    public var fingerprint: String
    /// Whether an older pairing with it was replaced.
    public var replaced: Bool
  }

  /// A summary.
  public init(paired: Bool, code: String, message: String, sas: String? = nil, handshakeHash: String? = nil) {
    self.paired = paired
    self.code = code
    self.message = message
    self.sas = sas
    self.handshakeHash = handshakeHash
  }
}
