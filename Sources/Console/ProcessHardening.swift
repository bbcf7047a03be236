internal import CProcess

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Keeps the memory of a process that holds keys to itself.
///
/// The rooms wipe their secrets themselves. This is for what they cannot reach: scans on their way from the driver
/// through queues, temporary copies of the standard library, and a crash in the middle of a pairing.
///
/// - No core dump: RLIMIT_CORE is 0 (setrlimit(2)), which the kernel passes over where core_pattern is a pipe; so the
///   process is made undumpable too (PR_SET_DUMPABLE, prctl(2)), which also keeps others of its user from tracing it or
///   reading its /proc/PID/mem.
/// - glibc overwrites a block when it is freed (M_PERTURB, mallopt(3)), except the few of each size up to 1032 bytes that
///   a thread keeps for itself: that cache can only be switched off from outside, with
///   GLIBC_TUNABLES=glibc.malloc.tcache_count=0, as the systemd unit does. Musl has nothing like it.
package enum ProcessHardening {
  /// Set to 1 by who wants to debug a process that holds keys: dumps and tracing stay as they are.
  package static let debugVariable = "TACC_ALLOW_DUMPS"

  /// To be called before any other thread is there.
  ///
  /// - Returns: what could not be had, for the log; nothing of it is a reason not to go on.
  package static func apply(environment: [String: String]) -> [String] {
    guard environment[debugVariable] != "1" else {
      return ["\(debugVariable)=1: core dumps and tracing are allowed; the keys are in them. Unset it after debugging"]
    }
    var complaints: [String] = []
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    #if canImport(Glibc)
      let core = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    #else
      let core = RLIMIT_CORE
    #endif
    if setrlimit(core, &none) != 0 {
      complaints.append("core dumps stay possible: setrlimit RLIMIT_CORE failed: \(String(cString: strerror(errno)))")
    }
    if cprocess_overwrite_freed_memory() != 0 {
      complaints.append("freed memory is not overwritten: this C library has no M_PERTURB")
    }
    if cprocess_forbid_dumps() != 0 {
      complaints.append("tracing stays possible: prctl PR_SET_DUMPABLE failed: \(String(cString: strerror(errno)))")
    }
    return complaints
  }
}
