internal import Platform

/// The streams of a source, one after the other.
final class SamplingRuns: Sendable {
  private struct Run: Sendable {
    var stop: StopSignal
    var done: Latch
  }

  /// The latest run, over or not.
  private let latest = Locked<Run?>(nil)

  /// Where the sampling thread puts what it has.
  struct Outlet<Event: Sendable>: Sendable {
    fileprivate let continuation: AsyncStream<Event>.Continuation
    fileprivate let stop: StopSignal
    fileprivate let limit: Int

    /// Hands an event to the consumer.
    ///
    /// - Throws: ``SensorError`` once the consumer has fallen behind by the limit.
    func send(_ event: Event) throws(SensorError) {
      switch continuation.yield(event) {
      case .enqueued(let remaining) where remaining > 1: return
      case .terminated: stop.stop()
      default:
        // One place is left, for the event that says so.
        throw SensorError(
          kind: .consumerTooSlow, operation: "keep scans any longer", subject: "sensor",
          problem: "\(limit) batches wait to be used",
          remedy: "give the program more of the processor, or ask for a lower rate")
      }
    }
  }

  /// Starts a run on a thread of its own; its events come through the stream, `failed` or `ended` last.
  func stream<Event: Sendable>(
    limit: Int, failed: @escaping @Sendable (SensorError) -> Event, ended: Event,
    _ body: @escaping @Sendable (StopSignal, Outlet<Event>) throws(SensorError) -> Void
  ) -> AsyncStream<Event> {
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(limit + 1))
    let run = Run(stop: StopSignal(), done: Latch())
    continuation.onTermination = { _ in run.stop.stop() }

    @Sendable func finish(with event: Event) {
      // First, so that whoever acts on the last event finds the source at rest.
      run.done.open()
      continuation.yield(event)
      continuation.finish()
    }
    @Sendable func start() {
      do throws(SensorError) {
        try SensorThread.start {
          do throws(SensorError) {
            try body(run.stop, Outlet(continuation: continuation, stop: run.stop, limit: limit))
            finish(with: ended)
          } catch {
            finish(with: failed(error))
          }
        }
      } catch {
        finish(with: failed(error))
      }
    }

    let (isBusy, predecessor): (Bool, Run?) = latest.withLock { latest in
      if let latest, !latest.done.isOpen, !latest.stop.isStopped { return (true, nil) }
      defer { latest = run }
      return (false, latest)
    }
    if isBusy {
      finish(
        with: failed(
          SensorError(
            kind: .busy, operation: "sample twice at once", subject: "sensor",
            problem: "this program is sampling it already", remedy: "end the other stream first")))
    } else if let predecessor, !predecessor.done.isOpen {
      Task {
        await predecessor.done.wait()
        start()
      }
    } else {
      start()
    }
    return stream
  }

  /// Returns once the last run is over.
  func settled() async { await latest.withLock { $0 }?.done.wait() }
}
