internal import Platform

/// A result that several may bring, of which the first counts, and that one task waits for.
final class Outcome<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, Never>)
    case settled(Value)
    case taken
  }

  private let state = Locked(State.open)

  /// Whether a result has been brought.
  var isSettled: Bool {
    state.withLock { state in
      switch state {
      case .open, .awaited: false
      case .settled, .taken: true
      }
    }
  }

  /// Brings a result; returns whether it is the first.
  @discardableResult
  func settle(_ value: Value) -> Bool {
    let (isFirst, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Value, Never>?) in
      switch state {
      case .open:
        state = .settled(value)
        return (true, nil)
      case .awaited(let waiter):
        state = .taken
        return (true, waiter)
      case .settled, .taken: return (false, nil)
      }
    }
    waiter?.resume(returning: value)
    return isFirst
  }

  /// Waits for the result; to be called once. `begin` is run once somebody waits, unless the result is there already.
  func value(_ begin: () -> Void) async -> Value {
    await withCheckedContinuation { continuation in
      let settled = state.withLock { state -> Value? in
        if case .settled(let value) = state {
          state = .taken
          return value
        }
        state = .awaited(continuation)
        return nil
      }
      if let settled { continuation.resume(returning: settled) } else { begin() }
    }
  }
}
