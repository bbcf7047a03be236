internal import CCurl

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What a new thread is handed through C.
private final class Box {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// A thread of the operating system, for calls that block: Swift's own pool must never wait for a network.
final class LinkThread: Sendable {
  /// What other tools call the thread (at most 15 characters).
  static let name = "relay-link"

  /// `nil` once joined or detached.
  private let handle: Locked<pthread_t?>

  /// Starts a thread. All signals are blocked in it: they are for the program's other threads, and a SIGPIPE from a
  /// TLS library must not end the process.
  init(_ body: @escaping @Sendable () -> Void) throws(RelayLinkError) {
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    // A new thread inherits the mask of the one that creates it.
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let box = Unmanaged.passRetained(Box(body))
    // An optional where the C type is a pointer (musl), an integer where it is one (glibc).
    var thread = pthread_t(bitPattern: 0)
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        ccurl_name_thread(LinkThread.name)
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      throw .resourcesExhausted("pthread_create: \(String(cString: strerror(status)))")
    }
    handle = Locked(thread)
  }

  deinit {
    if let thread = take() { pthread_detach(thread) }
  }

  /// Waits until the thread is gone. Call it only when its body is known to be at its end: it blocks the caller.
  func join() {
    if let thread = take() { pthread_join(thread, nil) }
  }

  private func take() -> pthread_t? {
    handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
  }
}

/// Runs a blocking function on a thread of its own and returns its result, without blocking Swift's pool.
func onOwnThread<Value: Sendable>(
  _ body: @escaping @Sendable () -> Result<Value, RelayLinkError>
) async throws(RelayLinkError) -> Value {
  let result = OneShot<Result<Value, RelayLinkError>>()
  let thread = try LinkThread { result.fulfil(body()) }
  let value = await result.value()
  thread.join()
  return try value.get()
}
