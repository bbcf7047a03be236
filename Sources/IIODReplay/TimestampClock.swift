#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The clocks that `current_timestamp_clock` can name (Linux ABI document `sysfs-bus-iio`).
enum TimestampClock: String, CaseIterable, Sendable {
  case realtime
  case monotonic
  case monotonicRaw = "monotonic_raw"
  case realtimeCoarse = "realtime_coarse"
  case monotonicCoarse = "monotonic_coarse"
  case boottime
  case tai

  private var id: clockid_t {
    switch self {
    case .realtime: CLOCK_REALTIME
    case .monotonic: CLOCK_MONOTONIC
    case .monotonicRaw: CLOCK_MONOTONIC_RAW
    case .realtimeCoarse: CLOCK_REALTIME_COARSE
    case .monotonicCoarse: CLOCK_MONOTONIC_COARSE
    case .boottime: CLOCK_BOOTTIME
    case .tai: CLOCK_TAI
    }
  }

  /// Reads the clock of this machine, ns.
  func now() -> Int64 {
    var time = timespec()
    // clock_gettime fails only for an unknown clock or a bad pointer; neither can happen here.
    _ = clock_gettime(id, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// How far the clock is ahead of CLOCK_MONOTONIC, ns.
  func aheadOfMonotonic() -> Int64 {
    self == .monotonic ? 0 : now() &- TimestampClock.monotonic.now()
  }
}
