import NIOConcurrencyHelpers
import NIOCore

/// Wakes somebody at the earliest of the deadlines it was told of. There is never more than one timer at a time.
final class DeadlineTimer: Sendable {
  private struct Armed: Sendable {
    let deadline: Int64
    let task: Scheduled<Void>
  }

  private let eventLoop: any EventLoop
  private let armed = NIOLockedValueBox<Armed?>(nil)

  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Calls `body` on the event loop once `deadline` has come, unless an earlier call is due, which takes its place.
  /// Whoever is called arms the timer anew for what is left.
  /// - Parameters:
  ///   - deadline: Monotonic nanoseconds; `nil` for nothing to wait for.
  ///   - now: The present, on the same clock.
  func arm(
    for deadline: Int64?, at now: Int64 = RelayInstant.monotonicNow(), _ body: @escaping @Sendable () -> Void
  ) {
    guard let deadline else { return }
    let later: Scheduled<Void>? = armed.withLockedValue { armed in
      if let armed, armed.deadline <= deadline { return nil }
      let task = eventLoop.scheduleTask(in: .nanoseconds(max(0, deadline - now))) {
        if self.take(deadline) { body() }
      }
      defer { armed = Armed(deadline: deadline, task: task) }
      return armed?.task
    }
    later?.cancel()
  }

  /// Whether the timer for `deadline` is still the one that counts; it is then used up.
  private func take(_ deadline: Int64) -> Bool {
    armed.withLockedValue { armed in
      guard armed?.deadline == deadline else { return false }
      armed = nil
      return true
    }
  }
}
