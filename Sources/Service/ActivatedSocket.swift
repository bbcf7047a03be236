internal import Glibc

/// A socket that the service manager opened and handed over, as sd_listen_fds(3) describes.
package struct ActivatedSocket: Sendable, Hashable {
  /// The first descriptor that is handed over; the others follow.
  static let firstDescriptor: Int32 = 3
  /// More than anybody hands over.
  static let maximumCount: Int32 = 1_024

  /// Closed in programs that this one starts.
  package let descriptor: Int32
  /// What `FileDescriptorName=` calls it; the socket unit's name otherwise.
  package let name: String

  /// A socket.
  package init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  /// The sockets meant for this process, in their order; none where it was started in another way.
  package static func all(environment: [String: String], processID: Int32 = getpid()) -> [ActivatedSocket] {
    guard environment["LISTEN_PID"] == "\(processID)",
      let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), (1...maximumCount).contains(count)
    else { return [] }
    let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
    return (0..<count).map { index in
      let descriptor = firstDescriptor + index
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      return ActivatedSocket(
        descriptor: descriptor, name: Int(index) < names.count ? String(names[Int(index)]) : "unknown")
    }
  }
}
