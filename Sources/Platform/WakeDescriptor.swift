internal import CPlatform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An eventfd(2): other threads write to it to wake the one that polls it. Closed with its last reference, or before.
package final class WakeDescriptor: Sendable {
  /// `nil` once closed, so that a late wake cannot write into a descriptor that was given to somebody else.
  private let descriptor: Locked<Int32?>

  package init() throws(SystemErrno) {
    let opened = cplatform_eventfd()
    if opened < 0 { throw .current }
    descriptor = Locked(opened)
  }

  deinit { closeDescriptor() }

  /// For poll(2); −1, which poll(2) passes over, once closed.
  package var fileDescriptor: Int32 { descriptor.withLock { $0 ?? -1 } }

  package func wake() {
    descriptor.withLock { descriptor in
      guard let descriptor else { return }
      var one: UInt64 = 1
      // Fails only when the counter is full, and then the reader is awake anyway.
      _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
  }

  package func drain() {
    descriptor.withLock { descriptor in
      guard let descriptor else { return }
      var count: UInt64 = 0
      _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
  }

  /// Closes it; only the thread that polls it may do that.
  package func closeDescriptor() {
    descriptor.withLock { descriptor in
      if let open = descriptor { close(open) }
      descriptor = nil
    }
  }
}
