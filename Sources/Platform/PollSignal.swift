#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Wakes and stops the thread that does a ``PollWork``.
///
/// While nothing happens that thread uses no processor time at all: there is no period in it.
package final class PollSignal: Sendable {
  private let wakeDescriptor: WakeDescriptor
  private let isStopping = Locked(false)

  package init() throws(SystemErrno) { wakeDescriptor = try WakeDescriptor() }

  /// Makes the thread call its work with ``PollReason/woken``.
  package func wake() { wakeDescriptor.wake() }

  /// Makes ``run(_:)`` return.
  package func requestStop() {
    isStopping.withLock { $0 = true }
    wakeDescriptor.wake()
  }

  /// Does the work on the calling thread, which sleeps between its parts. Returns after ``PollWork/end()``.
  package func run(_ work: inout some PollWork) {
    var next = isStopping.withLock { $0 } ? .finish : work.proceed(.started, now: MonotonicClock.now())
    while case .wait(let deadline) = next, let reason = wait(until: deadline, watching: work.watchedDescriptor) {
      next = work.proceed(reason, now: MonotonicClock.now())
    }
    work.end()
  }

  /// Sleeps; `nil` if the work is to stop.
  private func wait(until deadline: Int64?, watching descriptor: Int32?) -> PollReason? {
    while true {
      // poll(2) leaves out entries with a negative descriptor.
      var entries = [
        pollfd(fd: wakeDescriptor.fileDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&entries, nfds_t(entries.count), Self.timeout(until: deadline))
      if isStopping.withLock({ $0 }) { return nil }
      // EINTR is a reason to try again, and for ENOMEM there is nothing else to do.
      if ready < 0 { continue }
      if entries[0].revents != 0 {
        wakeDescriptor.drain()
        return .woken
      }
      // Readable, hung up or in error: the work's read(2) tells which.
      if entries[1].revents != 0 { return .readable }
      if let deadline, MonotonicClock.now() >= deadline { return .deadline }
    }
  }

  /// Milliseconds for poll(2), rounded up, so that it never spins just before the deadline; −1 is for ever.
  private static func timeout(until deadline: Int64?) -> Int32 {
    guard let deadline else { return -1 }
    let (left, overflow) = deadline.subtractingReportingOverflow(MonotonicClock.now())
    guard !overflow, left > 0 else { return overflow && deadline > 0 ? Int32.max : 0 }
    return Int32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
  }
}
