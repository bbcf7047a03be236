import Foundation
import Synchronization

/// One end of a pipe, file or terminal, on a thread where its calls may wait as long as they like.
final class BlockingIO: Sendable {
  private let descriptor: Int32
  private let queue: DispatchQueue
  private let isClosed = Atomic(false)

  init(_ descriptor: Int32, label: String) {
    self.descriptor = descriptor
    queue = DispatchQueue(label: label)
  }

  /// What is there, at least one byte; nothing at the end. An error is an end too: whoever writes there is gone.
  func read(_ count: Int) async -> [UInt8] {
    let descriptor = descriptor
    return await withCheckedContinuation { continuation in
      queue.async {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
          var got = -1
          repeat {
            got = Foundation.read(descriptor, bytes.baseAddress, count)
          } while got < 0 && (errno == EINTR || (errno == EAGAIN && Self.wait(descriptor, POLLIN)))
          initialized = max(0, got)
        }
        continuation.resume(returning: bytes)
      }
    }
  }

  /// Writes all of it.
  ///
  /// - Returns: 0, or an error number: EPIPE where nobody reads any longer.
  func write(_ bytes: ArraySlice<UInt8>) async -> Int32 {
    let descriptor = descriptor
    return await withCheckedContinuation { continuation in
      queue.async {
        var rest = bytes
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
          if count < 0, errno == EINTR || (errno == EAGAIN && Self.wait(descriptor, POLLOUT)) { continue }
          guard count > 0 else { return continuation.resume(returning: count < 0 ? errno : EIO) }
          rest = rest.dropFirst(count)
        }
        continuation.resume(returning: 0)
      }
    }
  }

  /// Closes it, after what was begun before; once.
  func close() {
    guard isClosed.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
    let descriptor = descriptor
    queue.async { Foundation.close(descriptor) }
  }

  /// Whoever gave us the descriptor may have made it non-blocking (O_NONBLOCK is the open file's, not ours alone).
  private static func wait(_ descriptor: Int32, _ events: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&polled, 1, -1) > 0 || errno == EINTR
  }
}
