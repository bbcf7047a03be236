import Glibc
import Platform
import Synchronization

/// One client's connection; it is closed when it is ended, or dropped.
final class ControlConnection: Sendable {
  private let descriptor: Locked<Int32?>
  private let onEnd: @Sendable () -> Void
  /// Whether its request was read; before, the thread that reads it uses the descriptor.
  let hasAsked = Atomic(false)

  init(descriptor: Int32, onEnd: @escaping @Sendable () -> Void) {
    self.descriptor = Locked(descriptor)
    self.onEnd = onEnd
  }

  deinit { end() }

  /// Whether the client has closed its end, as far as one can see without sending. One that only says that it will ask
  /// no more (shutdown(2)) is still there: it may listen.
  var hasLeft: Bool {
    guard hasAsked.load(ordering: .acquiring) else { return false }
    return descriptor.withLock { descriptor in
      guard let descriptor else { return true }
      var state = pollfd(fd: descriptor, events: 0, revents: 0)
      return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP | POLLERR) != 0
    }
  }

  /// Sends an answer; a client that is gone or does not read is given up.
  ///
  /// - Returns: whether the client is still there.
  @discardableResult
  func send(_ answer: ControlAnswer) -> Bool {
    let line = answer.line
    let sent = descriptor.withLock { descriptor in
      guard let descriptor else { return false }
      // A line is far smaller than the socket's buffer: less than all of it means that the client does not read.
      return Glibc.send(descriptor, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        == line.count
    }
    if !sent { end() }
    return sent
  }

  /// Closes the connection.
  func end() {
    let open = descriptor.withLock { descriptor in
      defer { descriptor = nil }
      return descriptor
    }
    guard let open else { return }
    close(open)
    onEnd()
  }
}
