/// What ends a wait in ``PollSignal/run(_:)``.
package enum PollReason: Sendable, Hashable {
  /// The first call, before any wait.
  case started
  /// The watched descriptor has something to read, or is in error, which a read then tells.
  case readable
  /// The time that was asked for has come.
  case deadline
  /// Somebody called ``PollSignal/wake()``.
  case woken
}

/// What comes next.
package enum PollNext: Sendable, Hashable {
  /// Sleeps until the descriptor is readable, somebody wakes it, or a time of CLOCK_MONOTONIC in nanoseconds has come.
  case wait(until: Int64?)
  /// Ends the work.
  case finish
}

/// Work that waits, on one thread.
package protocol PollWork {
  /// The descriptor to watch, or `nil`; asked for before every wait.
  var watchedDescriptor: Int32? { get }
  /// Does what there is to do, without blocking.
  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext
  /// Called once, last: after `finish`, or when it was told to stop.
  mutating func end()
}
