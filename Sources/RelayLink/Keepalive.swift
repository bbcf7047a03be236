/// Decides when to ping and when to give a connection up (RFC 6455, section 5.5.2). Knows no clock.
struct Keepalive {
  enum Action: Equatable {
    case ping
    case giveUp
  }

  /// Pings in a row that may stay without any sign of life before the next one becomes a verdict.
  static let allowedMisses = 2

  let interval: Duration
  private var unanswered = 0
  /// When ``tick(at:)`` has something to do.
  private(set) var deadline: ContinuousClock.Instant

  init(interval: Duration, now: ContinuousClock.Instant) {
    self.interval = interval
    deadline = now + interval
  }

  /// Anything arrived, a pong or not.
  mutating func heard(at now: ContinuousClock.Instant) {
    unanswered = 0
    deadline = now + interval
  }

  /// Time passed. The next deadline counts from now and not from the last one, so that a board that wakes from
  /// suspension asks the relay twice before it gives up.
  mutating func tick(at now: ContinuousClock.Instant) -> Action? {
    guard now >= deadline else { return nil }
    if unanswered == Self.allowedMisses { return .giveUp }
    unanswered += 1
    deadline = now + interval
    return .ping
  }
}
