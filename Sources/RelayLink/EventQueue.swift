internal import Platform

/// The bounded way from the link's thread to the one consumer of events.
final class EventQueue: Sendable {
  /// Events that may wait.
  static let maximumCount = 256
  /// Bytes of packets that may wait.
  static let maximumBytes = 1024 * 1024

  private struct State {
    var events = FIFO<RelayEvent>()
    var bytes = 0
    /// Resumed with whether it is worth looking.
    var waiter: CheckedContinuation<Bool, Never>?
    var isFinished = false
  }

  private let state = Locked(State())

  /// Queues events; `false` if there is no room for all, and then the first that does not fit and those after it are dropped.
  func push(_ events: [RelayEvent]) -> Bool {
    let (accepted, waiter): (Bool, CheckedContinuation<Bool, Never>?) = state.withLock { state in
      guard !state.isFinished else { return (true, nil) }
      for event in events {
        let size = Self.size(of: event)
        guard state.events.count < Self.maximumCount, size <= Self.maximumBytes - state.bytes else {
          return (false, state.waiter.take())
        }
        state.events.append(event)
        state.bytes += size
      }
      return (true, state.waiter.take())
    }
    waiter?.resume(returning: true)
    return accepted
  }

  /// Queues the last event, for which there is always room.
  func finish(with closure: RelayClosure) {
    let waiter: CheckedContinuation<Bool, Never>? = state.withLock { state in
      guard !state.isFinished else { return nil }
      state.isFinished = true
      state.events.append(.closed(closure))
      return state.waiter.take()
    }
    waiter?.resume(returning: true)
  }

  /// The next event; `nil` after the last, when the calling task is cancelled, or when another consumer is waiting.
  func next() async -> RelayEvent? {
    repeat {
      let event = state.withLock { state in
        let event = state.events.popFirst()
        if let event { state.bytes -= Self.size(of: event) }
        return event
      }
      if let event { return event }
    } while await isWorthLooking()
    return nil
  }

  /// All events that wait, at least one; none where ``next()`` is `nil`.
  func all(isolation: isolated (any Actor)? = #isolation) async -> [RelayEvent] {
    repeat {
      let events = state.withLock { state in
        state.bytes = 0
        return state.events.takeAll()
      }
      if !events.isEmpty { return events }
    } while await isWorthLooking()
    return []
  }

  /// Returns when there is an event, or when there will be none for the caller.
  private func isWorthLooking(isolation: isolated (any Actor)? = #isolation) async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let immediate: Bool? = state.withLock { state in
          if !state.events.isEmpty { return true }
          // A cancellation before this point left no waiter to find; one after it takes the lock and finds it.
          guard !state.isFinished, state.waiter == nil, !Task.isCancelled else { return false }
          state.waiter = continuation
          return nil
        }
        if let immediate { continuation.resume(returning: immediate) }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume(returning: false)
    }
  }

  private static func size(of event: RelayEvent) -> Int {
    guard case .packet(let bytes) = event else { return 0 }
    return bytes.count
  }
}
