import Service
import Pairing
import Platform

/// What the agent's one task owns.
///
/// The task takes its inputs one after the other, so whatever it waits for is bounded by ``AgentLimits``: in the meantime
/// it hears neither button nor signal.
struct AgentRun: ~Copyable {
  let daemon: AgentDaemon
  private let feed: AsyncStream<AgentInput>.Continuation
  private let manager: ServiceManager
  private let clock = ContinuousClock()
  private let epoch: ContinuousClock.Instant
  private(set) var configuration: AgentConfiguration
  private var state: BoardState?
  private var keeping: PeerKeeping
  private var log: ServiceLog
  private(set) var machine: AgentMachine
  private var devices: OpenDevices
  private var windows: WindowTasks
  var followers = Followers()
  private var timer: (deadline: PairingInstant, task: Task<Void, Never>)?
  private var watchdog: Task<Void, Never>?

  private var reloadWanted = false
  private var isRetryPending = false
  /// When the program must have ended, once it was told to.
  private var endsBy: ContinuousClock.Instant?
  /// Whether a long wait begins.
  private var isAtRest = false
  private(set) var last: WindowSummary?
  private var relayTroubles = RelayTroubles()
  private var hasSampled = false
  private var shownState = AgentState.waiting.name

  /// Nothing is open yet.
  init(
    daemon: AgentDaemon, configuration: AgentConfiguration, state: BoardState?,
    feed: AsyncStream<AgentInput>.Continuation
  ) {
    self.daemon = daemon
    self.feed = feed
    self.configuration = configuration
    self.state = state
    keeping = PeerKeeping(feed: feed)
    manager = ServiceManager(environment: daemon.environment)
    epoch = clock.now
    log = daemon.log
    machine = AgentMachine(windowSeconds: configuration.windowSeconds)
    devices = OpenDevices(devices: daemon.devices, limits: daemon.limits, feed: feed)
    windows = WindowTasks(limits: daemon.limits, feed: feed)
    log.minimum = AgentRun.logLevel(of: configuration)
  }

  /// Opens what the configuration names; nothing stays open where something cannot be opened.
  ///
  /// - Throws: ``DeviceFailure``, or what the sensor throws.
  mutating func openDevices() async throws {
    do {
      for failure in await devices.open(configuration, log) { throw failure }
      try SensorCheck.start(daemon.devices, configuration, log, feed)
    } catch {
      await devices.close()
      throw error
    }
  }

  /// Runs to the end.
  consuming func loop(_ inputs: AsyncStream<AgentInput>) async {
    if let interval = manager.watchdogInterval {
      watchdog = AgentThread.start { [feed] in
        while (try? await AgentThread.sleep(for: interval)) != nil { feed.yield(.watchdog) }
      }
    }
    log(
      .notice, "ready",
      [
        "version": daemon.version, "relay": "\(configuration.relay)", "room": configuration.room,
        "window": "\(configuration.windowSeconds)s", "device": configuration.state.name.text,
        "identity": state?.identity.keys.publicIdentity.fingerprint ?? "none, since state.directory names no place",
      ])
    manager.notify("READY=1", "STATUS=waiting for the button")
    for await input in inputs {
      guard await take(input) else { break }
      if isAtRest { Footprint.shrink() }
      isAtRest = false
    }
    timer?.task.cancel()
    watchdog?.cancel()
    // Nobody is to ask or press any more while the sensor goes to rest.
    await devices.close()
    followers.dismiss(.refusal("the agent was stopped"))
    let left = endsBy.map { $0 - clock.now } ?? .zero
    if !(await windows.rest(atMost: max(left, .zero))) {
      log(.warning, "the window under way did not end in time; its sensor settings may not be restored")
    }
    log(.notice, "stopped")
  }

  /// Takes one input; returns whether to go on.
  private mutating func take(_ input: AgentInput) async -> Bool {
    switch input {
    case .button(.pressed, _): return await perform(.pressed)
    case .button(.held, _): return await perform(.held)
    case .button(.failed(let text), let number):
      guard devices.loseButton(number) else { return true }
      log(.error, "the button failed: \(text)")
      retryLater()
    case .retryDevices:
      isRetryPending = false
      await restoreDevices()
    case .signal(.press): return await perform(.pressed)
    case .signal(.terminate):
      manager.notify("STOPPING=1", "STATUS=stopping")
      if endsBy == nil {
        endsBy = clock.now + daemon.limits.termination
        yield(.giveUp, after: daemon.limits.termination)
      }
      return await perform(.terminate)
    case .signal(.reload):
      reloadWanted = true
      if !isIdle { log(.info, "the configuration will be read again when the window is over and the sensor at rest") }
      await reloadIfIdle()
    case .control(let request, let connection): return await answer(request, on: connection)
    case .window(let event, let number):
      return windows.isUnderWay(number) ? await observe(event) : true
    case .windowEnded(let outcome, let number):
      let summary = WindowSummary(outcome)
      guard windows.end(number) else {
        if summary.paired { log(.warning, "a pairing came too late, after its window; its key is discarded") }
        return true
      }
      if case .paired(let session, let report, _) = outcome, let state, let peer = session.peer {
        keeping.start(
          peer, of: session, report: report, in: state, window: number, summary: summary,
          hooks: Hooks(configuration.state.hooks, log: log), label: configuration.state.hooks.label)
        return true
      }
      return await perform(.windowEnded(summary))
    case .peerKept(let result, let programs, let number):
      guard let summary = keeping.end(number) else { return true }
      let goOn = await perform(.windowEnded(summary.keeping(result)))
      if case .success(let kept) = result, !programs.isEmpty {
        keeping.queue(programs, for: kept, hooks: Hooks(configuration.state.hooks, log: log))
      }
      return goOn
    case .hooksDone:
      keeping.hooksDone()
      isAtRest = isIdle
    case .windowOverdue(let number):
      guard windows.end(number) || keeping.end(number) != nil else { return true }
      log(.warning, "the window does not end by itself; its sensor or relay does not answer")
      return await perform(.windowEnded(WindowSummary(.cancelled)))
    case .settled(let number):
      windows.settle(number)
      isAtRest = isIdle
      await reloadIfIdle()
    case .sensorChecked: isAtRest = isIdle
    case .tick: return await perform(.tick)
    case .watchdog: manager.notify("WATCHDOG=1")
    case .giveUp: return false
    }
    return true
  }

  private func yield(_ input: AgentInput, after delay: Duration) {
    _ = AgentThread.start { [feed] in
      try? await AgentThread.sleep(for: delay)
      feed.yield(input)
    }
  }

  // MARK: - The machine

  private func now() -> PairingInstant { PairingInstant(nanoseconds: (clock.now - epoch).nanoseconds) }

  mutating func perform(_ event: AgentMachine.Event) async -> Bool {
    var goOn = true
    for action in machine.handle(event, at: now()) {
      switch action {
      case .openWindow(let number): openWindow(number)
      case .cancelWindow: windows.cancel()
      case .show(let pattern): devices.show(pattern)
      case .changed(let state):
        log(state.name == shownState ? .debug : .info, "state", ["state": state.name])
        shownState = state.name
        manager.notify("STATUS=\(state.words(last: last))")
        followers.tell(ControlAnswer(state: state), window: machine.windowNumber)
      case .attemptFailed(let code, let message):
        log(.warning, "attempt failed: \(message)", ["code": code])
        followers.tell(ControlAnswer(state: machine.state, message: message), window: machine.windowNumber)
      case .ended(let summary, let number): finish(summary, number)
      case .pressWithdrawn(let summary, let number):
        followers.conclude(window: number, ControlAnswer(ended: summary, state: machine.state))
      case .exit: goOn = false
      }
    }
    schedule()
    return goOn
  }

  private mutating func schedule() {
    guard machine.deadline != timer?.deadline else { return }
    timer?.task.cancel()
    timer = machine.deadline.map { deadline in
      let left = Duration.nanoseconds(max(0, deadline.nanoseconds - now().nanoseconds))
      return (
        deadline,
        AgentThread.start { [feed] in
          if (try? await AgentThread.sleep(for: left)) != nil { feed.yield(.tick) }
        }
      )
    }
  }

  // MARK: - Windows

  private mutating func openWindow(_ number: Int) {
    relayTroubles = RelayTroubles()
    hasSampled = false
    log(.notice, "window open", ["seconds": "\(configuration.windowSeconds)", "room": configuration.room])
    windows.open(number) { [configuration, sensor = daemon.devices.sensor, log, identity = state?.identity] in
      PairingWindow(configuration: configuration, sensor: try sensor(configuration, log), identity: identity)
    }
  }

  private mutating func observe(_ event: PairingWindow.Event) async -> Bool {
    switch event {
    case .sampling(let delay):
      hasSampled = true
      log(.info, "sampling", ["after": "\(delay.nanoseconds / 1_000_000)ms"])
    case .relayTrouble(let error):
      guard relayTroubles.fails(with: error) else { return true }
      log(.warning, "the relay cannot be reached, trying again: \(error)")
      followers.tell(ControlAnswer(state: machine.state, message: "\(error)"), window: machine.windowNumber)
    case .joined:
      log(relayTroubles.passes() ? .notice : .debug, "waiting in the room", ["room": configuration.room])
    case .matched:
      _ = relayTroubles.passes()
      return await perform(.matched)
    case .progress(let progress): return await perform(.progress(progress))
    case .retrying(let reason): return await perform(.retrying(code: reason.code, message: "\(reason)"))
    }
    return true
  }

  private mutating func finish(_ ending: WindowSummary, _ number: Int) {
    let summary = ending.explained(hasSampled: hasSampled, relay: relayTroubles)
    last = summary
    log.tell(summary)
    var answer = ControlAnswer(ended: summary, state: .waiting)
    followers.conclude(window: number, answer)
    answer.done = false
    followers.tell(answer, window: number)
  }

  // MARK: - Devices and the configuration

  private var isIdle: Bool { machine.state == .waiting && windows.isSettled }

  private static func logLevel(of configuration: AgentConfiguration) -> ServiceLog.Level {
    ServiceLog.Level(name: configuration.logLevel) ?? .info
  }

  private mutating func restoreDevices() async {
    if !(await devices.restore(configuration, log)) { retryLater() }
  }

  private mutating func retryLater() {
    guard !isRetryPending else { return }
    isRetryPending = true
    yield(.retryDevices, after: daemon.limits.retry)
  }

  /// A new configuration is taken up between windows; one with a fault is refused and the old one stays.
  private mutating func reloadIfIdle() async {
    guard reloadWanted, isIdle else { return }
    reloadWanted = false
    let next: AgentConfiguration
    let nextState: BoardState?
    do {
      next = try daemon.load()
      nextState = try BoardState.open(next.state)
    } catch {
      log(.error, "the configuration was not reloaded: \(error)")
      return
    }
    manager.notify("RELOADING=1", "MONOTONIC_USEC=\(MonotonicClock.now() / 1000)")
    do {
      for failure in await devices.open(next, log)
      where failure.isFault(of: next, after: configuration) { throw failure }
      try SensorCheck.start(daemon.devices, next, log, feed)
      configuration = next
      state = nextState
      log.minimum = AgentRun.logLevel(of: next)
      machine.windowSeconds = next.windowSeconds
      log(.notice, "configuration reloaded", ["relay": "\(next.relay)", "room": next.room])
    } catch {
      log(.error, "the new configuration cannot be used, the old one stays: \(error)")
    }
    await restoreDevices()
    manager.notify("READY=1")
  }
}
