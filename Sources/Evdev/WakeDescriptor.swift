internal import CEvdev

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An eventfd(2): other threads write to it to wake the one that polls it. Closed with its last reference.
final class WakeDescriptor: Sendable {
  let fileDescriptor: Int32

  init() throws(SystemErrno) {
    fileDescriptor = cevdev_eventfd()
    if fileDescriptor < 0 { throw .current }
  }

  deinit { close(fileDescriptor) }

  func wake() {
    var one: UInt64 = 1
    // Fails only when the counter is full, and then the reader is awake anyway.
    _ = write(fileDescriptor, &one, MemoryLayout<UInt64>.size)
  }

  func drain() {
    var count: UInt64 = 0
    _ = read(fileDescriptor, &count, MemoryLayout<UInt64>.size)
  }
}
