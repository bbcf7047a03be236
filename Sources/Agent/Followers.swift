/// The local programs that are told what happens until they leave, or until a window has ended.
struct Followers {
  /// What a program wants to hear.
  enum Interest: Sendable, Hashable {
    /// Everything, for ever.
    case everything
    /// Everything about a window, and its end.
    case window(Int)
    /// A window's end alone.
    case end(ofWindow: Int)
  }

  private var all: [(connection: ControlConnection, interest: Interest)] = []

  /// Adds a program; those that have left are let go.
  mutating func add(_ connection: ControlConnection, _ interest: Interest) {
    all.removeAll { follower in
      guard follower.connection.hasLeft else { return false }
      follower.connection.end()
      return true
    }
    all.append((connection, interest))
  }

  /// Tells what happens in a window, or after it.
  mutating func tell(_ answer: ControlAnswer, window: Int) {
    all.removeAll { connection, interest in
      switch interest {
      case .everything: !connection.send(answer)
      case .window(let number): number <= window && !connection.send(answer)
      case .end: false
      }
    }
  }

  /// Tells those who wait for this window that it has ended, or will not open, and lets them go.
  mutating func conclude(window: Int, _ answer: ControlAnswer) {
    all.removeAll { connection, interest in
      guard interest == .window(window) || interest == .end(ofWindow: window) else { return false }
      connection.send(answer)
      connection.end()
      return true
    }
  }

  /// Sends everybody away.
  mutating func dismiss(_ answer: ControlAnswer) {
    for follower in all {
      follower.connection.send(answer)
      follower.connection.end()
    }
    all = []
  }
}
