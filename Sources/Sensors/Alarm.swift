internal import Platform

/// Does something once, when a time has come that may be moved before, unless it is switched off.
///
/// It has a thread of its own, which sleeps until then: what it guards against is that others hang.
final class Alarm: Sendable {
  /// CLOCK_MONOTONIC, ns; nil while nothing is due.
  private let due = Locked<Int64?>(nil)
  private let thread: PollThread

  /// - Parameters:
  ///   - delay: the time from now on; nil to leave it off for the moment.
  ///   - ring: called on the alarm's own thread, which ends with it.
  /// - Throws: ``SensorError`` of kind ``SensorError/Kind/resources``.
  init(in delay: Duration? = nil, _ ring: @escaping @Sendable () -> Void) throws(SensorError) {
    let due = due
    do throws(SystemErrno) {
      thread = try PollThread(name: "sensor-alarm") { AlarmWork(due: due, ring: ring) }
    } catch {
      throw .noThread(error)
    }
    if let delay { set(in: delay) }
  }

  /// Moves the time.
  func set(in delay: Duration) {
    // No more than eleven days, so that the sum cannot overflow.
    let time = MonotonicClock.now() + Int64(min(delay.milliseconds, 1_000_000_000)) * 1_000_000
    let isEarlier = due.withLock { due in
      defer { due = time }
      return due.map { time < $0 } ?? true
    }
    // A later time is found when the earlier one has come: moving it on again and again wakes nobody.
    if isEarlier { thread.wake() }
  }

  /// Switches it off for good. What rings at this moment may still ring.
  func off() {
    due.withLock { $0 = nil }
    thread.requestStop()
  }
}

private struct AlarmWork: PollWork {
  let due: Locked<Int64?>
  let ring: @Sendable () -> Void

  var watchedDescriptor: Int32? { nil }

  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
    let isDue = due.withLock { due in
      guard let time = due, time <= now else { return false }
      due = nil
      return true
    }
    if isDue {
      ring()
      return .finish
    }
    return .wait(until: due.withLock { $0 })
  }

  mutating func end() {}
}
