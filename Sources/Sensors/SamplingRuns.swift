internal import Platform

/// The streams of a source, one after the other.
final class SamplingRuns: Sendable {
  private struct Run: Sendable {
    var stop: StopSignal
    /// Opened when its thread is gone, and those of the runs before it.
    var done: Latch
  }

  /// The latest run, over or not.
  private let latest = Locked<Run?>(nil)

  /// Whether no stream is left that has not ended.
  var isAtRest: Bool { latest.withLock { $0 }?.done.isOpen ?? true }

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
  ///
  /// Where the thread hangs beyond what it told its watchdog, the stream fails without it. The thread is told to stop
  /// then, and the run is over when it has done so.
  ///
  /// - Parameters:
  ///   - limit: how many events may wait for the consumer.
  ///   - patience: how long to wait for the end of the run before, where that has been stopped.
  ///   - place: what is sampled, for error texts.
  ///   - failed: the last event of a stream that failed.
  ///   - ended: the last event of one that did not.
  ///   - body: samples.
  func stream<Event: Sendable>(
    limit: Int, patience: Duration, place: String, failed: @escaping @Sendable (SensorError) -> Event,
    ended: @escaping @Sendable @autoclosure () -> Event,
    _ body: @escaping @Sendable (StopSignal, Watchdog, Outlet<Event>) throws(SensorError) -> Void
  ) -> AsyncStream<Event> {
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(limit + 1))
    let run = Run(stop: StopSignal(), done: Latch())
    continuation.onTermination = { _ in run.stop.stop() }
    let hasFinished = Locked(false)

    @Sendable func finish(with event: Event) {
      let isFirst = hasFinished.withLock { hasFinished in
        defer { hasFinished = true }
        return !hasFinished
      }
      guard isFirst else { return }
      continuation.yield(event)
      continuation.finish()
    }
    let watchdog: Watchdog
    do throws(SensorError) {
      watchdog = try Watchdog { error in
        finish(with: failed(error))
        run.stop.stop()
      }
    } catch {
      finish(with: failed(error))
      return stream
    }
    @Sendable func end(with event: Event) {
      watchdog.off()
      // First, so that whoever acts on the last event finds the source at rest.
      run.done.open()
      finish(with: event)
    }
    @Sendable func start() {
      do throws(SensorError) {
        try SensorThread.start {
          do throws(SensorError) {
            try body(run.stop, watchdog, Outlet(continuation: continuation, stop: run.stop, limit: limit))
            end(with: ended())
          } catch {
            end(with: failed(error))
          }
        }
      } catch {
        end(with: failed(error))
      }
    }

    let (isBusy, predecessor): (Bool, Run?) = latest.withLock { latest in
      if let latest, !latest.done.isOpen, !latest.stop.isStopped { return (true, nil) }
      defer { latest = run }
      return (false, latest)
    }
    if isBusy {
      end(
        with: failed(
          SensorError(
            kind: .busy, operation: "sample twice at once", subject: "sensor",
            problem: "this program is sampling it already", remedy: "end the other stream first")))
    } else if let predecessor, !predecessor.done.isOpen {
      watchdog.expect(within: patience, else: .stillHanging(place, patience))
      predecessor.done.whenOpen {
        if run.stop.isStopped { end(with: ended()) } else { start() }
      }
    } else {
      start()
    }
    return stream
  }

  /// Waits until the last run is over, or the time is; returns whether it is over.
  func settled(within limit: Duration) async -> Bool {
    await latest.withLock { $0 }?.done.wait(atMost: limit) ?? true
  }
}

/// Speaks up where a thread does not get on as it said it would.
final class Watchdog: Sendable {
  private let error: Locked<SensorError?>
  private let alarm: Alarm

  /// - Parameter bark: given the error of what was expected last and did not come; called on another thread.
  /// - Throws: ``SensorError`` of kind ``SensorError/Kind/resources``.
  init(_ bark: @escaping @Sendable (SensorError) -> Void) throws(SensorError) {
    let error = Locked<SensorError?>(nil)
    self.error = error
    alarm = try Alarm { if let error = error.withLock({ $0 }) { bark(error) } }
  }

  /// Says what is an error unless something else is expected, or the dog is switched off, in a time.
  func expect(within limit: Duration, else error: SensorError) {
    self.error.withLock { $0 = error }
    alarm.set(in: limit)
  }

  /// Calls it off.
  func off() { alarm.off() }
}

extension SensorError {
  fileprivate static func stillHanging(_ place: String, _ patience: Duration) -> SensorError {
    SensorError(
      kind: .busy, operation: "sample again", subject: place,
      problem: "the use before has been stopped and has not ended within \(patience.text): a call hangs in it",
      remedy: "see the kernel's log (dmesg) or the far side for what hangs there, and start this program again")
  }
}
