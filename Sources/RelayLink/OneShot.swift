internal import Platform

/// A value that one thread supplies once and one task waits for. Later values are dropped.
final class OneShot<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case waiting(CheckedContinuation<Value, Never>)
    case full(Value)
    case taken
  }

  private let state = Locked(State.empty)

  func fulfil(_ value: Value) {
    let waiter: CheckedContinuation<Value, Never>? = state.withLock { state in
      switch state {
      case .empty:
        state = .full(value)
        return nil
      case .waiting(let continuation):
        state = .taken
        return continuation
      case .full, .taken: return nil
      }
    }
    waiter?.resume(returning: value)
  }

  /// Waits for the value; for one caller.
  func value() async -> Value {
    await withCheckedContinuation { continuation in
      let ready: Value? = state.withLock { state in
        guard case .full(let value) = state else {
          state = .waiting(continuation)
          return nil
        }
        state = .taken
        return value
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }
}
