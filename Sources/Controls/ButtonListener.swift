internal import Platform

/// What a source of edges tells.
enum EdgeReport: Sendable, Hashable {
  case edge(isDown: Bool, nanoseconds: Int64)
  /// Edges were lost; this is the level now.
  case level(isDown: Bool)
}

/// Something whose edges can be waited for: a GPIO line, or a key. For one thread at a time.
protocol EdgeSource: Sendable {
  /// For poll(2).
  var fileDescriptor: Int32 { get }
  /// Forgets what is queued and tells whether the button is down.
  func begin() throws(ControlsError) -> Bool
  /// What there is, in order; empty if nothing is there, without waiting.
  func read() throws(ControlsError) -> [EdgeReport]
}

/// Times that tell presses apart, nanoseconds.
struct PressTimes: Sendable, Hashable {
  var debounce: Int64
  var holdAfter: Int64?
}

/// Lets one consumer at a time listen to a source of edges.
final class ButtonListener: Sendable {
  /// Events that may wait for a consumer; the oldest give way.
  private static let queueLength = 64

  /// One stream and its thread.
  private final class Run: Sendable {
    let thread = Locked<PollThread?>(nil)

    /// Waits until the thread is gone, and with it its hold on the source.
    func join() { thread.withLock { $0 }?.stop() }
  }

  private struct State {
    /// `nil` once closed.
    var source: (any EdgeSource)?
    /// The latest stream.
    var run: Run?
    /// Whether that stream has ended or been told to.
    var isRunOver = true
  }

  private let state: Locked<State>
  private let times: PressTimes
  private let place: String

  init(source: any EdgeSource, times: PressTimes, place: String) {
    state = Locked(State(source: source))
    self.times = times
    self.place = place
  }

  func events() -> AsyncStream<ButtonEvent> {
    AsyncStream(bufferingPolicy: .bufferingNewest(Self.queueLength)) { continuation in
      do throws(ControlsError) {
        let (run, thread) = try start(delivering: continuation)
        let state = state
        // It must not wait for the thread: it may be called under a lock of the consumer's task, which the thread
        // takes to hand over its last event.
        continuation.onTermination = { _ in
          state.withLock { if $0.run === run { $0.isRunOver = true } }
          thread.requestStop()
        }
      } catch {
        continuation.yield(.failed(error))
        continuation.finish()
      }
    }
  }

  /// Ends the stream and lets go of the source; returns when it has.
  func close() {
    let run = state.withLock { state in
      state.source = nil
      return state.run
    }
    run?.join()
  }

  private func start(
    delivering continuation: AsyncStream<ButtonEvent>.Continuation
  ) throws(ControlsError) -> (Run, PollThread) {
    let run = Run()
    let claim: Result<(source: any EdgeSource, predecessor: Run?), ControlsError> = state.withLock { state in
      guard let source = state.source else { return .failure(.closed(place)) }
      guard state.isRunOver else { return .failure(.alreadyListening(place)) }
      defer { (state.run, state.isRunOver) = (run, false) }
      return .success((source, state.run))
    }
    let (source, predecessor) = try claim.get()
    let state = state
    let times = times
    let thread: PollThread
    do {
      thread = try PollThread(name: "tacc-button") {
        // A source is for one thread at a time, and the one before may not have noticed its end yet.
        predecessor?.join()
        return Listening(source: source, times: times) { event in
          continuation.yield(event)
        } finish: {
          // First, so that whoever acts on the last event finds the button free.
          state.withLock { if $0.run === run { $0.isRunOver = true } }
          continuation.finish()
        }
      }
    } catch {
      state.withLock { if $0.run === run { ($0.run, $0.isRunOver) = (predecessor, true) } }
      throw .resourcesExhausted(error)
    }
    run.thread.withLock { $0 = thread }
    // Closed in between: whoever did that found no thread to stop.
    if state.withLock({ $0.source == nil }) { thread.requestStop() }
    return (run, thread)
  }
}

/// The work of the listening thread.
struct Listening: PollWork {
  let source: any EdgeSource
  let times: PressTimes
  let deliver: (ButtonEvent) -> Void
  let finish: () -> Void
  private var detector: PressDetector?

  init(
    source: any EdgeSource, times: PressTimes, deliver: @escaping (ButtonEvent) -> Void, finish: @escaping () -> Void
  ) {
    self.source = source
    self.times = times
    self.deliver = deliver
    self.finish = finish
  }

  var watchedDescriptor: Int32? { source.fileDescriptor }

  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
    do throws(ControlsError) {
      var detector = if let current = self.detector { current } else { try begin() }
      // At a deadline too: an edge that came just before it comes first.
      if reason == .readable || reason == .deadline {
        for report in try source.read() {
          let events =
            switch report {
            case .edge(let isDown, let nanoseconds): detector.edge(isDown: isDown, at: nanoseconds)
            case .level(let isDown): detector.synchronise(isDown: isDown, at: now)
            }
          events.forEach(deliver)
        }
      }
      detector.advance(to: now).forEach(deliver)
      self.detector = detector
      return .wait(until: detector.deadline)
    } catch {
      deliver(.failed(error))
      return .finish
    }
  }

  mutating func end() { finish() }

  private func begin() throws(ControlsError) -> PressDetector {
    PressDetector(debounce: times.debounce, holdAfter: times.holdAfter, isDown: try source.begin())
  }
}
