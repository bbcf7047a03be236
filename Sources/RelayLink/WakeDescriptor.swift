internal import CCurl

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An eventfd(2): other threads write to it to wake the one that polls it.
final class WakeDescriptor: Sendable {
  /// `nil` once closed, so that a late wake cannot write into a descriptor that was given to somebody else.
  private let descriptor: Locked<Int32?>

  init() throws(RelayLinkError) {
    let fd = ccurl_eventfd()
    guard fd >= 0 else { throw .resourcesExhausted("eventfd: \(String(cString: strerror(errno)))") }
    descriptor = Locked(fd)
  }

  deinit { close() }

  /// For poll(2); stays valid until ``close()``, which only the polling thread calls.
  var pollDescriptor: Int32 { descriptor.withLock { $0 ?? -1 } }

  func wake() {
    descriptor.withLock { fd in
      guard let fd else { return }
      var one: UInt64 = 1
      // Fails only when the counter is full, and then the reader is awake anyway.
      _ = write(fd, &one, MemoryLayout<UInt64>.size)
    }
  }

  func drain() {
    descriptor.withLock { fd in
      guard let fd else { return }
      var count: UInt64 = 0
      _ = read(fd, &count, MemoryLayout<UInt64>.size)
    }
  }

  func close() {
    descriptor.withLock { fd in
      guard let open = fd else { return }
      #if canImport(Glibc)
        _ = Glibc.close(open)
      #elseif canImport(Musl)
        _ = Musl.close(open)
      #endif
      fd = nil
    }
  }
}

/// Whether this process may read the regular file or pipe at `path`.
func isReadableFile(_ path: String) -> Bool { access(path, R_OK) == 0 }
