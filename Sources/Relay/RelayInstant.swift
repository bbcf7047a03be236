#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One reading of the two clocks the relay needs.
///
/// Deadlines are kept on the monotonic clock, so that setting the machine's date neither kills nor prolongs a
/// session; clients are told times on the wall clock.
struct RelayInstant: Sendable, Equatable {
  /// Monotonic time in nanoseconds from an arbitrary origin.
  var uptime: Int64
  /// Wall-clock time in seconds since 1970-01-01T00:00:00Z.
  var unix: Double

  /// Reads both clocks of this machine.
  static func now() -> RelayInstant {
    let wall = read(CLOCK_REALTIME)
    let seconds = Double(wall.tv_sec) + Double(wall.tv_nsec) / 1e9
    return RelayInstant(uptime: monotonicNow(), unix: seconds)
  }

  /// Reads the monotonic clock of this machine, in nanoseconds.
  static func monotonicNow() -> Int64 {
    let time = read(CLOCK_MONOTONIC)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    // clock_gettime fails only for an unknown clock or a bad pointer; neither can happen here.
    _ = clock_gettime(clock, &time)
    return time
  }

  /// The instant `nanoseconds` later on both clocks.
  func advanced(byNanoseconds nanoseconds: Int64) -> RelayInstant {
    RelayInstant(uptime: uptime + nanoseconds, unix: unix + Double(nanoseconds) / 1e9)
  }
}

extension Duration {
  /// The duration in whole nanoseconds, for durations that ``RelayLimits/validate()`` has bounded.
  var relayNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
  }

  /// The duration in seconds, as text for messages: whole seconds without a fraction.
  var relaySecondsText: String {
    let nanoseconds = relayNanoseconds
    return nanoseconds % 1_000_000_000 == 0
      ? String(nanoseconds / 1_000_000_000) : String(Double(nanoseconds) / 1e9)
  }
}
