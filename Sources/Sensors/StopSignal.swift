internal import Platform

/// How the owner of a sampling thread ends it, even while it waits for a sensor.
final class StopSignal: Sendable {
  private struct State {
    var isStopped = false
    var next = 0
    var wakers: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Locked(State())

  /// Whether to stop.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Asks the thread to stop, and wakes it.
  func stop() {
    // The wakers run under the lock, so that none runs after `remove` returned: what it wakes may be gone then. Each
    // writes to an eventfd and returns.
    state.withLock { state in
      state.isStopped = true
      for waker in state.wakers.values { waker() }
    }
  }

  /// Adds something that ends a wait; it is called at once if the signal has been given. It must not block.
  func add(_ waker: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      state.next += 1
      state.wakers[state.next] = waker
      if state.isStopped { waker() }
      return state.next
    }
  }

  /// Forgets it again. After this it is not called any more.
  func remove(_ token: Int) { state.withLock { _ = $0.wakers.removeValue(forKey: token) } }
}
