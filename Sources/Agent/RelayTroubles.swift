import RelayLink

/// What one window has told of a relay that cannot be reached: each kind of trouble once, however often it comes back and
/// whatever its text says of this try, such as for how many milliseconds it lasted.
struct RelayTroubles {
  /// The trouble of the last try; `nil` once the relay has been reached.
  private(set) var current: RelayLinkError?
  /// Whether the relay has been reached in this window.
  private(set) var hasAnswered = false
  private var told: Set<String> = []
  private var isTold = false

  /// Takes the failure of a try; returns whether there is something to tell.
  mutating func fails(with error: RelayLinkError) -> Bool {
    current = error
    guard told.insert(error.kind).inserted else { return false }
    isTold = true
    return true
  }

  /// The relay has been reached; returns whether trouble was told before that has been over only now.
  mutating func passes() -> Bool {
    current = nil
    hasAnswered = true
    defer { isTold = false }
    return isTold
  }
}

extension RelayLinkError {
  /// What has gone wrong, without the particulars of this time.
  var kind: String {
    switch self {
    case .unsuitableLibcurl: "libcurl"
    case .invalidEndpoint: "endpoint"
    case .invalidSessionCode: "session code"
    case .invalidRoom: "room"
    case .invalidOptions: "options"
    case .unknownSession: "unknown session"
    case .roleRefused: "role"
    case .closedWhileJoining: "closed while joining"
    case .tooManySessions: "too many sessions"
    case .notARelay: "no relay"
    case .unexpectedAnswer: "answer"
    case .nameNotFound: "name"
    case .unreachable: "unreachable"
    case .tlsFailed: "TLS"
    case .timedOut: "time"
    case .connectionFailed: "connection"
    case .packetSize: "packet size"
    case .invalidByeCode: "bye code"
    case .outboundQueueFull: "queue"
    case .closed: "closed"
    case .cancelled: "cancelled"
    case .resourcesExhausted: "resources"
    }
  }
}
