#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// CLOCK_MONOTONIC (clock_gettime(2)), on which the kernel stamps the events of input devices and GPIO lines.
package enum MonotonicClock {
  /// Nanoseconds since some instant before the boot.
  package static func now() -> Int64 {
    var time = timespec()
    // Cannot fail: the clock exists and the pointer is valid.
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
