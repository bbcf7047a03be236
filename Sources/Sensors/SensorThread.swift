internal import CIIO

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Threads of the operating system, for calls that block: Swift's own pool must never wait for a sensor.
enum SensorThread {
  /// What other tools call such a thread (at most 15 characters).
  static let name = "sensor"

  private final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on a new thread, which is gone when it returns.
  ///
  /// All signals are blocked there: they are for the program's other threads.
  ///
  /// - Throws: ``SensorError`` of kind ``SensorError/Kind/resources``; `body` is not run then.
  static func start(_ body: @escaping @Sendable () -> Void) throws(SensorError) {
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
        ciio_name_thread(SensorThread.name)
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      throw SensorError(
        kind: .resources, operation: "start a thread", subject: "sensors", code: status,
        problem: ErrorNumber.text(of: status), remedy: "close other programs or raise the limit (ulimit -u)")
    }
    #if canImport(Glibc)
      pthread_detach(thread)
    #else
      if let thread { pthread_detach(thread) }
    #endif
  }

  /// Runs a function that blocks on a thread of its own and returns its result, without blocking Swift's pool.
  static func run<Value: Sendable>(
    _ body: @escaping @Sendable () -> Result<Value, SensorError>
  ) async throws(SensorError) -> Value {
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<Value, SensorError>, Never>) in
      do throws(SensorError) {
        try start { continuation.resume(returning: body()) }
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
    return try result.get()
  }
}
