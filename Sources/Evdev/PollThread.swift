internal import CEvdev

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What ends a wait of a ``PollThread``.
package enum PollReason: Sendable, Hashable {
  /// The first call, before any wait.
  case started
  /// The watched descriptor has something to read, or is in error, which a read then tells.
  case readable
  /// The time that was asked for has come.
  case deadline
  /// Somebody called ``PollThread/wake()``.
  case woken
}

/// What a ``PollThread`` does next.
package enum PollNext: Sendable, Hashable {
  /// Sleeps until the descriptor is readable, somebody wakes it, or a time of CLOCK_MONOTONIC in nanoseconds has come.
  case wait(until: Int64?)
  /// Ends the thread.
  case finish
}

/// The work of a ``PollThread``: made, used and dropped on that thread alone.
package protocol PollWork {
  /// The descriptor to watch, or `nil`; asked for before every wait.
  var watchedDescriptor: Int32? { get }
  /// Does what there is to do, without blocking.
  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext
  /// Called once, last: after `finish`, or when the thread was told to stop.
  mutating func end()
}

/// A thread that sleeps in poll(2) until a descriptor, a time or another thread has something for it.
///
/// While nothing happens it uses no processor time at all: there is no period in it.
package final class PollThread: Sendable {
  private let wakeDescriptor: WakeDescriptor
  private let isStopping = Locked(false)
  /// `nil` once joined.
  private let handle: Locked<pthread_t?>

  /// Starts a thread.
  ///
  /// All signals are blocked in it: they are for the program's other threads.
  ///
  /// - Parameters:
  ///   - name: what other tools call the thread, at most 15 characters.
  ///   - makeWork: called on the new thread, so that the work itself is never shared.
  package init(name: String, makeWork: @escaping @Sendable () -> any PollWork) throws(SystemErrno) {
    let wakeDescriptor = try WakeDescriptor()
    self.wakeDescriptor = wakeDescriptor
    let isStopping = isStopping
    handle = Locked(
      try startThread(name: name) {
        // The loop keeps the descriptor alive, not this object: whoever drops the object without stop() ends it too.
        var loop = PollLoop(work: makeWork(), wakeDescriptor: wakeDescriptor, isStopping: isStopping)
        loop.run()
      })
  }

  deinit {
    requestStop()
    if let thread = takeHandle() { pthread_detach(thread) }
  }

  /// Makes the thread call its work with ``PollReason/woken``.
  package func wake() { wakeDescriptor.wake() }

  /// Tells the thread to end, without waiting for that. Any thread may call it, the thread itself included.
  package func requestStop() {
    isStopping.withLock { $0 = true }
    wakeDescriptor.wake()
  }

  /// Ends the thread and waits until it has called ``PollWork/end()``.
  ///
  /// It blocks the caller for as long as one call of the work takes. Called on the thread itself it does not wait.
  package func stop() {
    requestStop()
    guard let thread = takeHandle() else { return }
    if pthread_equal(thread, pthread_self()) != 0 {
      pthread_detach(thread)
    } else {
      pthread_join(thread, nil)
    }
  }

  private func takeHandle() -> pthread_t? {
    handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
  }
}

/// The loop of a ``PollThread``.
private struct PollLoop {
  var work: any PollWork
  let wakeDescriptor: WakeDescriptor
  let isStopping: Locked<Bool>

  mutating func run() {
    var next = isStopping.withLock { $0 } ? .finish : work.proceed(.started, now: MonotonicClock.now())
    while case .wait(let deadline) = next, let reason = wait(until: deadline) {
      next = work.proceed(reason, now: MonotonicClock.now())
    }
    work.end()
  }

  /// Sleeps; `nil` if the thread is to stop.
  private func wait(until deadline: Int64?) -> PollReason? {
    while true {
      // poll(2) leaves out entries with a negative descriptor.
      var entries = [
        pollfd(fd: wakeDescriptor.fileDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: work.watchedDescriptor ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&entries, nfds_t(entries.count), timeout(until: deadline))
      if isStopping.withLock({ $0 }) { return nil }
      // EINTR cannot be, signals being blocked, and for ENOMEM there is nothing to do but to try again.
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
  private func timeout(until deadline: Int64?) -> Int32 {
    guard let deadline else { return -1 }
    let (left, overflow) = deadline.subtractingReportingOverflow(MonotonicClock.now())
    guard !overflow, left > 0 else { return overflow && deadline > 0 ? Int32.max : 0 }
    return Int32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
  }
}

/// What a new thread is handed through C.
private final class ThreadBody {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

private func startThread(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemErrno) -> pthread_t? {
  var all = sigset_t()
  var previous = sigset_t()
  sigfillset(&all)
  // A new thread inherits the mask of the one that creates it.
  pthread_sigmask(SIG_SETMASK, &all, &previous)
  defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
  let box = Unmanaged.passRetained(ThreadBody(name: name, body: body))
  // An optional where the C type is a pointer (musl), an integer where it is one (glibc).
  var thread = pthread_t(bitPattern: 0)
  let status = pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      let box = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
      cevdev_name_thread(box.name)
      box.body()
      return nil
    }, box.toOpaque())
  guard status == 0 else {
    box.release()
    throw SystemErrno(code: status)
  }
  return thread
}
