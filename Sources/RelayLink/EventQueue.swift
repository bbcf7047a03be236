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
    var waiter: CheckedContinuation<RelayEvent?, Never>?
    var isFinished = false
  }

  private let state = Locked(State())

  /// Queues an event or hands it to the waiting consumer; `false` if there is no room, and then it is dropped.
  func push(_ event: RelayEvent) -> Bool {
    let (accepted, waiter): (Bool, CheckedContinuation<RelayEvent?, Never>?) = state.withLock { state in
      guard !state.isFinished else { return (true, nil) }
      if let waiter = state.waiter {
        state.waiter = nil
        return (true, waiter)
      }
      let size = Self.size(of: event)
      guard state.events.count < Self.maximumCount, size <= Self.maximumBytes - state.bytes else { return (false, nil) }
      state.events.append(event)
      state.bytes += size
      return (true, nil)
    }
    waiter?.resume(returning: event)
    return accepted
  }

  /// Queues the last event, for which there is always room.
  func finish(with closure: RelayClosure) {
    let waiter: CheckedContinuation<RelayEvent?, Never>? = state.withLock { state in
      guard !state.isFinished else { return nil }
      state.isFinished = true
      guard let waiter = state.waiter else {
        state.events.append(.closed(closure))
        return nil
      }
      state.waiter = nil
      return waiter
    }
    waiter?.resume(returning: .closed(closure))
  }

  /// The next event; `nil` after the last, when the calling task is cancelled, or when another consumer is waiting.
  func next() async -> RelayEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let immediate: RelayEvent?? = state.withLock { state in
          if let event = state.events.popFirst() {
            state.bytes -= Self.size(of: event)
            return .some(event)
          }
          // A cancellation before this point left no waiter to find; one after it takes the lock and finds it.
          guard !state.isFinished, state.waiter == nil, !Task.isCancelled else { return .some(nil) }
          state.waiter = continuation
          return nil
        }
        if let immediate { continuation.resume(returning: immediate) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: nil)
    }
  }

  private static func size(of event: RelayEvent) -> Int {
    guard case .packet(let bytes) = event else { return 0 }
    return bytes.count
  }
}
