#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the system allows this process to hold open (getrlimit(2), `RLIMIT_NOFILE`).
///
/// At that limit accepting fails over and over while clients hang, so the relay has to close connections on arrival
/// before it is reached.
enum DescriptorLimit {
  /// Descriptors that are no connections: the listener, what event loops need, log files, and whatever else the process
  /// has open.
  static let reserve = 64

  /// Raises the soft limit, as far as the hard one lets it, so that `wanted` connections fit.
  /// - Returns: How many of them do fit; at least 1.
  static func makeRoom(forConnections wanted: Int) -> Int {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return wanted }
    let soft = softLimit(forConnections: wanted, soft: limit.rlim_cur, hard: limit.rlim_max)
    if soft != limit.rlim_cur {
      let before = limit.rlim_cur
      limit.rlim_cur = soft
      if setrlimit(resource, &limit) != 0 { limit.rlim_cur = before }
    }
    return connections(wanted: wanted, soft: limit.rlim_cur)
  }

  /// The soft limit to ask for: never lower than it is, never above `hard`.
  static func softLimit(forConnections wanted: Int, soft: rlim_t, hard: rlim_t) -> rlim_t {
    max(soft, min(hard, rlim_t(wanted + reserve)))
  }

  /// How many of `wanted` connections fit under `soft`.
  static func connections(wanted: Int, soft: rlim_t) -> Int {
    // No limit is the largest number there is.
    soft >= rlim_t(wanted + reserve) ? wanted : max(1, Int(soft) - reserve)
  }

  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif
}
