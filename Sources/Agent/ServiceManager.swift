import Glibc

/// Talks to the service manager as sd_notify(3) describes: datagrams to the socket named by `NOTIFY_SOCKET`.
struct ServiceManager: Sendable {
  /// How often it wants to hear that the agent lives: half of `WATCHDOG_USEC`; `nil` where it does not.
  let watchdogInterval: Duration?
  private let path: String?

  /// From the environment that the service manager set.
  init(environment: [String: String], processID: Int32 = getpid()) {
    path = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
    let interval = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    watchdogInterval = path != nil && isMeant && interval > 1 ? .microseconds(interval / 2) : nil
  }

  /// Tells it something, such as `READY=1` or `STATUS=…`; what cannot be told is not worth failing for.
  func notify(_ assignments: String...) {
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

/// The address of a Unix socket; `@` in front means the abstract namespace (unix(7)).
struct UnixSocketAddress {
  private var address = sockaddr_un()
  private let length: socklen_t

  /// Longest path, in bytes.
  static let maximumPathLength = 107

  /// `nil` where the path is empty or too long.
  init?(path: String) {
    let bytes = Array(path.utf8)
    guard (1...UnixSocketAddress.maximumPathLength).contains(bytes.count), !bytes.contains(0) else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    let isAbstract = bytes[0] == UInt8(ascii: "@")
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      target.copyBytes(from: bytes)
      if isAbstract { target[0] = 0 }
    }
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    length = socklen_t(offset + bytes.count + (isAbstract ? 0 : 1))
  }

  /// Calls `body` with the address as the socket functions want it.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
