internal import Evdev

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

  private struct State {
    /// `nil` once closed.
    var source: (any EdgeSource)?
    /// The number of the stream that listens now.
    var listening: Int?
    var streams = 0
    var thread: PollThread?
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
        let thread = try start(delivering: continuation)
        // Waits for the thread, so that the next consumer finds the button free. Only ioctls keep it from its end.
        continuation.onTermination = { _ in thread.stop() }
      } catch {
        continuation.yield(.failed(error))
        continuation.finish()
      }
    }
  }

  /// Ends the stream and lets go of the source; returns when it has.
  func close() {
    let thread = state.withLock { state in
      state.source = nil
      return state.thread
    }
    thread?.stop()
  }

  private func start(
    delivering continuation: AsyncStream<ButtonEvent>.Continuation
  ) throws(ControlsError) -> PollThread {
    let claim: Result<(source: any EdgeSource, stream: Int), ControlsError> = state.withLock { state in
      guard let source = state.source else { return .failure(.closed(place)) }
      guard state.listening == nil else { return .failure(.alreadyListening(place)) }
      state.streams += 1
      state.listening = state.streams
      return .success((source, state.streams))
    }
    let (source, stream) = try claim.get()
    let state = state
    let times = times
    let thread: PollThread
    do {
      thread = try PollThread(name: "tacc-button") {
        Listening(source: source, times: times) { event in
          continuation.yield(event)
        } finish: {
          state.withLock { state in
            state.listening = nil
            state.thread = nil
          }
          continuation.finish()
        }
      }
    } catch {
      state.withLock { $0.listening = nil }
      throw .resourcesExhausted(error)
    }
    let isClosed = state.withLock { state in
      // The thread may have ended already, and another stream have begun.
      if state.listening == stream { state.thread = thread }
      return state.source == nil
    }
    if isClosed { thread.requestStop() }
    return thread
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
