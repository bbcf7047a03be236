internal import Platform

/// Threads of the operating system, for calls that block: Swift's own pool must never wait for a sensor.
enum SensorThread {
  /// What other tools call such a thread.
  static let name = "sensor"

  /// Runs `body` on a new thread, which is gone when it returns.
  ///
  /// - Throws: ``SensorError`` of kind ``SensorError/Kind/resources``; `body` is not run then.
  static func start(_ body: @escaping @Sendable () -> Void) throws(SensorError) {
    do throws(SystemErrno) { _ = try SystemThread(name: name, body) } catch { throw .noThread(error) }
  }

  /// Threads whose callers have gone because they took too long.
  final class Stragglers: Sendable {
    /// So many may hang in calls that do not return; whoever comes then is refused rather than given another thread.
    static let limit = 4

    private let running = Locked(0)

    /// Takes a place; returns whether there was one.
    fileprivate func enter() -> Bool {
      running.withLock { running in
        guard running < Self.limit else { return false }
        running += 1
        return true
      }
    }

    fileprivate func leave() { running.withLock { $0 -= 1 } }
  }

  /// Runs a function that blocks on a thread of its own and returns its result, without blocking Swift's pool.
  ///
  /// It returns at once when the task is cancelled, and at the deadline. The thread cannot be ended from outside: it
  /// goes on until the call in which it hangs returns, frees what it opened, and nobody hears of its result.
  ///
  /// - Parameters:
  ///   - place: what the function deals with, for error texts.
  ///   - deadline: how long it may take.
  ///   - late: the error after that.
  ///   - stragglers: those that run and hang at this place.
  /// - Throws: what the function fails with; ``SensorError`` of kind ``SensorError/Kind/cancelled``; `late`.
  static func run<Value: Sendable>(
    at place: String, deadline: Duration, late: SensorError, among stragglers: Stragglers,
    _ body: @escaping @Sendable () -> Result<Value, SensorError>
  ) async throws(SensorError) -> Value {
    let outcome = Outcome<Result<Value, SensorError>>()
    let alarm = try Alarm(in: deadline) { outcome.settle(.failure(late)) }
    defer { alarm.off() }
    let result = await withTaskCancellationHandler {
      await outcome.value {
        guard stragglers.enter() else {
          outcome.settle(.failure(.hanging(place)))
          return
        }
        do throws(SensorError) {
          try start {
            let result = body()
            // First, so that whoever acts on the result finds the place free.
            stragglers.leave()
            outcome.settle(result)
          }
        } catch {
          stragglers.leave()
          outcome.settle(.failure(error))
        }
      }
    } onCancel: {
      outcome.settle(.failure(.cancelled(place)))
    }
    return try result.get()
  }
}

extension SensorError {
  /// The operating system refused a thread.
  static func noThread(_ error: SystemErrno) -> SensorError {
    SensorError(
      kind: .resources, operation: "start a thread", subject: "sensors", code: error.code, problem: error.text,
      remedy: "close other programs or raise the limit (ulimit -u)")
  }

  fileprivate static func cancelled(_ place: String) -> SensorError {
    SensorError(
      kind: .cancelled, operation: "wait for it any longer", subject: place, problem: "the task was cancelled",
      remedy: "ask again")
  }

  fileprivate static func hanging(_ place: String) -> SensorError {
    SensorError(
      kind: .busy, operation: "ask it once more", subject: place,
      problem: "\(SensorThread.Stragglers.limit) earlier calls have not returned yet",
      remedy: "see the kernel's log (dmesg) or the far side for what hangs there, and start this program again")
  }
}
