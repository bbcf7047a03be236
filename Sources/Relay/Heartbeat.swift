/// Decides when to ping a client and when to give it up.
struct Heartbeat: Sendable {
  enum Verdict: Equatable, Sendable {
    /// Nothing to do yet.
    case quiet
    /// Send a WebSocket ping.
    case ping
    /// The client did not answer; close it.
    case gone
  }

  private let interval: Int64
  private let allowedMisses: Int
  private var nextPing: Int64
  private var misses = 0
  private var awaiting = false
  private var heardSinceLastPing = false

  /// - Parameters:
  ///   - interval: Nanoseconds from ping to ping.
  ///   - misses: Pings in succession without an answer that make the client count as gone.
  ///   - now: Monotonic nanoseconds; the first ping is due one interval later.
  init(interval: Int64, misses: Int, now: Int64) {
    self.interval = interval
    self.allowedMisses = misses
    self.nextPing = now + interval
  }

  /// A whole frame of any kind arrived.
  mutating func heard() {
    heardSinceLastPing = true
  }

  /// To be called often; says what is due at `now`.
  mutating func tick(at now: Int64) -> Verdict {
    guard now >= nextPing else { return .quiet }
    nextPing = now + interval
    if heardSinceLastPing || !awaiting {
      misses = 0
    } else {
      misses += 1
      if misses >= allowedMisses { return .gone }
    }
    heardSinceLastPing = false
    awaiting = true
    return .ping
  }
}
