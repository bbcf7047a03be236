internal import CPlatform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A thread of the operating system, for calls that block: Swift's own pool must never wait for a device or a network.
///
/// All signals but those of its own faults are blocked in it: they are for the program's other threads, and a SIGPIPE from
/// a library must not end the process. A thread whose object is dropped goes on and is cleaned up when it ends.
package final class SystemThread: Sendable {
  /// What a new thread is handed through C.
  private final class Body {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// `nil` once joined or detached.
  private let handle: Locked<pthread_t?>

  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: what other tools call the thread, at most 15 characters.
  ///   - body: what it does; it is gone when that returns. Not run if this throws.
  package init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemErrno) {
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&all, fault) }
    // A new thread inherits the mask of the one that creates it.
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let box = Unmanaged.passRetained(Body(name: name, run: body))
    // An optional where the C type is a pointer (musl), an integer where it is one (glibc).
    var thread = pthread_t(bitPattern: 0)
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let box = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        cplatform_name_thread(box.name)
        box.run()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      throw SystemErrno(code: status)
    }
    handle = Locked(thread)
  }

  deinit {
    if let thread = takeHandle() { pthread_detach(thread) }
  }

  /// Waits until the thread is gone, which blocks the caller. Called on the thread itself, or a second time, it does not
  /// wait.
  package func join() {
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
