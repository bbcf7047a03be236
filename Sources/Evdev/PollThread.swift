internal import CEvdev

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A thread that sleeps in poll(2) until a descriptor, a time or another thread has something for it.
package final class PollThread: Sendable {
  private let signal: PollSignal
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
    let signal = try PollSignal()
    self.signal = signal
    // The thread keeps the signal alive, not this object: whoever drops the object without stop() ends it too.
    handle = Locked(
      try startThread(name: name) {
        var work = makeWork()
        signal.run(&work)
      })
  }

  deinit {
    requestStop()
    if let thread = takeHandle() { pthread_detach(thread) }
  }

  /// Makes the thread call its work with ``PollReason/woken``.
  package func wake() { signal.wake() }

  /// Tells the thread to end, without waiting for that. Any thread may call it, the thread itself included.
  package func requestStop() { signal.requestStop() }

  /// Ends the thread and waits until it has called ``PollWork/end()``.
  ///
  /// It blocks the caller for as long as one call of the work takes, so it must not be called where that call may wait
  /// for the caller: not with a lock held, nor from a stream's `onTermination`. Called on the thread itself it does not
  /// wait.
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
