internal import Glibc
internal import Platform

/// Talks to the service manager as sd_notify(3) describes: datagrams to the socket named by `NOTIFY_SOCKET`.
package struct ServiceManager: Sendable {
  /// How often it wants to hear that the process lives: half of `WATCHDOG_USEC`; `nil` where it does not.
  package let watchdogInterval: Duration?
  private let path: String?

  /// From the environment that the service manager set.
  package init(environment: [String: String], processID: Int32 = getpid()) {
    path = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
    let interval = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    watchdogInterval = path != nil && isMeant && interval > 1 ? .microseconds(interval / 2) : nil
  }

  /// Tells it something, such as `READY=1` or `STATUS=…`; what cannot be told is not worth failing for.
  package func notify(_ assignments: String...) {
    guard let path, let address = UnixSocketAddress(path: path) else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let text = Array(assignments.map { $0.filter { $0 != "\n" } }.joined(separator: "\n").utf8)
    _ = address.withPointer { pointer, length in
      sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), pointer, length)
    }
  }
}
