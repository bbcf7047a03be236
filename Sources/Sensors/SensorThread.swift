internal import Platform

/// Threads of the operating system, for calls that block: Swift's own pool must never wait for a sensor.
enum SensorThread {
  /// What other tools call such a thread.
  static let name = "sensor"

  /// Runs `body` on a new thread, which is gone when it returns.
  ///
  /// - Throws: ``SensorError`` of kind ``SensorError/Kind/resources``; `body` is not run then.
  static func start(_ body: @escaping @Sendable () -> Void) throws(SensorError) {
    do throws(SystemErrno) {
      _ = try SystemThread(name: name, body)
    } catch {
      throw SensorError(
        kind: .resources, operation: "start a thread", subject: "sensors", code: error.code, problem: error.text,
        remedy: "close other programs or raise the limit (ulimit -u)")
    }
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
