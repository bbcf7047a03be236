import Platform

/// The one thread on which all tasks of the agent run.
///
/// Swift's own pool lies on libdispatch, which on Linux wakes up once a second for as long as the process lives, whether
/// there is work or not. A board that waits for a button for weeks had better sleep, so the agent's tasks prefer this
/// executor, which sleeps in poll(2) until a task is ready or a time has come. Tasks that are not children of another are
/// started with ``start(_:)`` and wait with ``sleep(for:)``; what Swift offers for both would use the pool.
///
/// What takes long (cutting and correcting a whole shake: some tens of milliseconds) takes it here too; whoever is to be
/// answered at once in the meantime has a thread of its own.
final class AgentThread: TaskExecutor {
  /// The executor of the agent that the current task belongs to; a process with one agent has one.
  @TaskLocal static var current = AgentThread()

  fileprivate struct Sleeper {
    let deadline: Int64
    let continuation: CheckedContinuation<Void, any Error>
  }

  fileprivate struct State {
    var jobs: [UnownedJob] = []
    var sleepers: [UInt64: Sleeper] = [:]
    var nextSleeper: UInt64 = 0
    var thread: PollThread?
  }

  fileprivate let state = Locked(State())

  /// Takes a part of a task that is ready to run.
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    wake()
  }

  /// Starts a task that is nobody's child.
  static func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: current) { await body() }
  }

  /// Waits.
  ///
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  static func sleep(for duration: Duration) async throws {
    let executor = current
    let deadline = MonotonicClock.now() &+ duration.nanoseconds
    let number = executor.state.withLock { state in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        // A cancellation before this point has found no sleeper to wake.
        if Task.isCancelled {
          continuation.resume(throwing: CancellationError())
          return
        }
        executor.state.withLock { $0.sleepers[number] = Sleeper(deadline: deadline, continuation: continuation) }
        if Task.isCancelled { executor.endSleep(number, with: CancellationError()) }
        executor.wake()
      }
    } onCancel: {
      executor.endSleep(number, with: CancellationError())
    }
  }

  private func endSleep(_ number: UInt64, with error: any Error) {
    let sleeper = state.withLock { $0.sleepers.removeValue(forKey: number) }
    sleeper?.continuation.resume(throwing: error)
  }

  /// Starts the thread, which the first task would do otherwise.
  ///
  /// - Throws: where the system gives none.
  func prepare() throws {
    _ = try state.withLock { state in Result { try runningThread(&state) } }.get()
  }

  private func runningThread(_ state: inout State) throws -> PollThread {
    if let thread = state.thread { return thread }
    let thread = try PollThread(name: "tacc-agent", makeWork: { AgentWork(executor: self) })
    state.thread = thread
    return thread
  }

  /// Wakes the thread, and starts it the first time.
  private func wake() {
    let thread = state.withLock { state -> PollThread? in
      // Without a thread no task can run at all: there is nobody to tell and nothing to go on with.
      guard let thread = try? runningThread(&state) else {
        preconditionFailure("the operating system refused the agent's thread")
      }
      return thread
    }
    thread?.wake()
  }
}

/// What the thread does: everything that is ready, then it sleeps until the next sleeper is due.
private struct AgentWork: PollWork {
  let executor: AgentThread
  var watchedDescriptor: Int32? { nil }

  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
    while true {
      let due = executor.state.withLock { state in
        let now = MonotonicClock.now()
        let numbers = state.sleepers.filter { $0.value.deadline <= now }.map(\.key)
        return numbers.compactMap { state.sleepers.removeValue(forKey: $0) }
      }
      for sleeper in due { sleeper.continuation.resume() }
      let jobs = executor.state.withLock { state in
        defer { state.jobs.removeAll() }
        return state.jobs
      }
      if jobs.isEmpty {
        return .wait(until: executor.state.withLock { $0.sleepers.values.map(\.deadline).min() })
      }
      for job in jobs { job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
    }
  }

  mutating func end() {}
}
