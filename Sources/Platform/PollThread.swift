/// A thread that sleeps in poll(2) until a descriptor, a time or another thread has something for it.
package final class PollThread: Sendable {
  private let signal: PollSignal
  private let thread: SystemThread

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
    thread = try SystemThread(name: name) {
      var work = makeWork()
      signal.run(&work)
    }
  }

  deinit { requestStop() }

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
    thread.join()
  }
}
