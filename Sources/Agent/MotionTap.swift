import Motion
import Platform
import Sensors

/// A sensor that runs as long as a window is open, whatever attempts come and go in it.
///
/// What it delivers before an attempt asks for it is kept, the last seconds of it at least, so that a shake that begins
/// while the relay is still being reached is not lost. An attempt gets what came after the one before it had enough: no
/// scan is ever given to two.
final class MotionTap: MotionSource {
  /// Seconds of scans that are kept for the next attempt.
  static let backlogSeconds = 12.0

  private struct State {
    var backlog = Recording()
    var consumer: AsyncStream<MotionEvent>.Continuation?
    var generation = 0
    var ending: MotionEvent?
    /// Told when the sensor fails.
    var watcher: (@Sendable () -> Void)?
  }

  private let source: any MotionSource
  private let state = Locked(State())
  private let pump = Locked<Task<Void, Never>?>(nil)

  init(source: any MotionSource) { self.source = source }

  /// Starts the sensor.
  ///
  /// - Parameter began: called once, when its first scans are there.
  func start(_ began: @escaping @Sendable () -> Void) {
    let events = source.events()
    pump.withLock { pump in
      pump = AgentThread.start { [weak self] in
        var isFirst = true
        for await event in events {
          guard let self else { return }
          if isFirst, case .scans = event {
            isFirst = false
            began()
          }
          take(event)
        }
      }
    }
  }

  /// Tells the sensor to stop, and waits for nothing.
  func requestStop() {
    let task = pump.withLock { $0 }
    task?.cancel()
  }

  /// Stops it; returns when its settings are restored.
  func stop() async {
    let task = pump.withLock { pump in
      defer { pump = nil }
      return pump
    }
    task?.cancel()
    await task?.value
    await source.settled()
    // Finished outside the lock: what ends with it takes the lock itself.
    let consumer = state.withLock { state in
      defer { state.consumer = nil }
      state.backlog.wipe()
      state.backlog = Recording()
      return state.consumer
    }
    consumer?.finish()
  }

  /// Why the sensor delivers no more, if it has failed.
  var failure: SensorError? {
    state.withLock { state in
      if case .failed(let error)? = state.ending { error } else { nil }
    }
  }

  /// Does something that needs no scans; it is cancelled if the sensor fails meanwhile, or has failed already.
  ///
  /// Whoever asks for ``events()`` is told of a failure there.
  func whileDelivering<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
    let task = Task(executorPreference: AgentThread.current) { await body() }
    let hasFailed = state.withLock { state in
      state.watcher = { task.cancel() }
      if case .failed? = state.ending { return true }
      return false
    }
    if hasFailed { task.cancel() }
    let value = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    state.withLock { $0.watcher = nil }
    return value
  }

  func describe() async throws(SensorError) -> MotionSourceDescription { try await source.describe() }

  func events() -> AsyncStream<MotionEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: MotionEvent.self, bufferingPolicy: .bufferingOldest(1024))
    let previous = state.withLock { state in
      let previous = state.consumer
      state.generation += 1
      let generation = state.generation
      state.consumer = continuation
      if !state.backlog.isEmpty { continuation.yield(.scans(state.backlog)) }
      state.backlog = Recording()
      if let ending = state.ending { continuation.yield(ending) }
      continuation.onTermination = { [weak self] _ in self?.detach(generation) }
      return previous
    }
    previous?.finish()
    return stream
  }

  private func detach(_ generation: Int) {
    state.withLock { state in
      if state.generation == generation { state.consumer = nil }
    }
  }

  private func take(_ event: MotionEvent) {
    let watcher = state.withLock { state -> (@Sendable () -> Void)? in
      switch event {
      case .scans(let batch):
        if let consumer = state.consumer {
          consumer.yield(event)
        } else {
          state.backlog.append(contentsOf: batch)
          // Twice the span, so that it is cut rarely.
          if state.backlog.duration > 2 * MotionTap.backlogSeconds || state.backlog.count > 16_000 {
            state.backlog = state.backlog.suffix(from: state.backlog.count / 2)
          }
        }
      default:
        state.ending = event
        state.consumer?.yield(event)
        if case .failed = event { return state.watcher }
      }
      return nil
    }
    watcher?()
  }
}
