internal import Platform

/// Something that happens once, and that any number of others wait for.
final class Latch: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [@Sendable () -> Void] = []
  }

  private let state = Locked(State())

  /// Whether it has happened.
  var isOpen: Bool { state.withLock { $0.isOpen } }

  /// Lets everybody through, now and later.
  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter() }
  }

  /// Does something once the latch is open: at once, or on the thread that opens it. It must not block.
  func whenOpen(_ body: @escaping @Sendable () -> Void) {
    let isOpen = state.withLock { state in
      if !state.isOpen { state.waiters.append(body) }
      return state.isOpen
    }
    if isOpen { body() }
  }

  /// Waits until the latch is open, or the time is over; returns whether it is open.
  ///
  /// Cancelling the task does not end it: those who wait here want to be sure.
  func wait(atMost limit: Duration) async -> Bool {
    if isOpen { return true }
    let outcome = Outcome<Bool>()
    // Without a thread for the alarm it waits as long as it takes.
    let alarm = try? Alarm(in: limit) { outcome.settle(false) }
    defer { alarm?.off() }
    return await outcome.value { whenOpen { outcome.settle(true) } }
  }
}
