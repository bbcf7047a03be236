import Foundation
import Pairing

/// What the agent's one task owns.
struct AgentRun: ~Copyable {
  private let daemon: AgentDaemon
  private let feed: AsyncStream<AgentInput>.Continuation
  private let manager: ServiceManager
  private let clock = ContinuousClock()
  private let epoch: ContinuousClock.Instant
  private var configuration: AgentConfiguration
  private var log: AgentLog
  private var machine: AgentMachine
  private var reloadWanted = false
  private var hasGivenUp = false
  /// Whether a long wait begins.
  private var isAtRest = false

  private var button: Task<Void, Never>?
  private var light: (any AgentLight)?
  private var control: ControlServer?
  private var window: Task<Void, Never>?
  private var timer: (deadline: PairingInstant, task: Task<Void, Never>)?
  private var watchdog: Task<Void, Never>?
  private var followers: [(connection: ControlConnection, untilEnd: Bool)] = []
  private var last: WindowSummary?
  private var relayTrouble: String?
  private var shownState = AgentState.waiting.name

  /// Opens what the configuration names.
  init(
    daemon: AgentDaemon, configuration: AgentConfiguration, feed: AsyncStream<AgentInput>.Continuation
  ) throws {
    self.daemon = daemon
    self.feed = feed
    self.configuration = configuration
    manager = ServiceManager(environment: daemon.environment)
    epoch = clock.now
    log = daemon.log
    machine = AgentMachine(windowSeconds: configuration.windowSeconds)
    try openDevices()
  }

  private mutating func openDevices() throws {
    log.minimum = AgentLog.Level(name: configuration.logLevel) ?? .info
    light = try daemon.devices.light(configuration, log)
    try openButton()
    if let path = configuration.controlSocket {
      let server = try ControlServer(path: path, group: configuration.controlGroup)
      server.start { [feed] request, connection in feed.yield(.control(request, connection)) }
      control = server
    }
    // What is wrong with the sensor had better be known before the first press; it is not switched on for that.
    let sensor = try daemon.devices.sensor(configuration, log)
    _ = AgentThread.start { [log, feed] in
      do {
        let found = try await sensor.describe()
        log(.info, "sensor found", ["name": found.name, "rate": found.rate.map { "\($0)" } ?? "unknown"])
        for note in found.notes { log(.info, "sensor: \(note)") }
      } catch {
        log(.warning, "the sensor cannot be used yet: \(error)")
      }
      feed.yield(.settled)
    }
  }

  private mutating func openButton() throws {
    guard let presses = try daemon.devices.button(configuration, log) else { return }
    button = AgentThread.start { [feed] in
      for await press in presses { feed.yield(.button(press)) }
    }
  }

  private mutating func closeDevices() async {
    button?.cancel()
    await button?.value
    button = nil
    light?.close()
    light = nil
    control?.stop()
    control = nil
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
        "window": "\(configuration.windowSeconds)s",
      ])
    manager.notify("READY=1", "STATUS=waiting for the button")
    for await input in inputs {
      guard await take(input) else { break }
      if isAtRest { Footprint.shrink() }
      isAtRest = false
    }
    timer?.task.cancel()
    watchdog?.cancel()
    if !hasGivenUp, let window { await AgentRun.wait(for: window, atMost: AgentDaemon.terminationGrace) }
    await closeDevices()
    for follower in followers {
      follower.connection.send(.refusal("the agent was stopped"))
      follower.connection.end()
    }
    log(.notice, "stopped")
  }

  /// Waits for a task that may take for ever: a sensor behind a network that is gone is not put to rest in time.
  private static func wait(for task: Task<Void, Never>, atMost limit: Duration) async {
    let (ends, feed) = AsyncStream.makeStream(of: Void.self)
    _ = AgentThread.start {
      await task.value
      feed.yield()
    }
    let timer = AgentThread.start {
      try? await AgentThread.sleep(for: limit)
      feed.yield()
    }
    var iterator = ends.makeAsyncIterator()
    await iterator.next()
    timer.cancel()
  }

  /// Takes one input; returns whether to go on.
  private mutating func take(_ input: AgentInput) async -> Bool {
    switch input {
    case .button(.pressed): return await perform(.pressed)
    case .button(.held): return await perform(.held)
    case .button(.failed(let text)):
      log(.error, "the button failed: \(text)")
      reopenButtonLater()
    case .reopenButton:
      button?.cancel()
      button = nil
      do {
        try openButton()
        log(.notice, "the button is back")
      } catch {
        log(.debug, "the button is still missing: \(error)")
        reopenButtonLater()
      }
    case .signal(.press): return await perform(.pressed)
    case .signal(.terminate):
      manager.notify("STOPPING=1", "STATUS=stopping")
      yield(.giveUp, after: AgentDaemon.terminationGrace)
      return await perform(.terminate)
    case .signal(.reload):
      reloadWanted = true
      await reloadIfIdle()
    case .control(let request, let connection): return await answer(request, on: connection)
    case .window(let event): return await observe(event)
    case .windowEnded(let outcome):
      let goesOn = await perform(.windowEnded(summary(of: outcome)))
      let window = window
      _ = AgentThread.start { [feed] in
        await window?.value
        feed.yield(.settled)
      }
      return goesOn
    case .settled: isAtRest = machine.state == .waiting
    case .tick: return await perform(.tick)
    case .watchdog: manager.notify("WATCHDOG=1")
    case .giveUp:
      hasGivenUp = true
      log(.warning, "the window under way did not end in time; its sensor settings may not be restored")
      return false
    }
    return true
  }

  private func reopenButtonLater() { yield(.reopenButton, after: AgentDaemon.buttonRetry) }

  private func yield(_ input: AgentInput, after delay: Duration) {
    _ = AgentThread.start { [feed] in
      try? await AgentThread.sleep(for: delay)
      feed.yield(input)
    }
  }

  // MARK: - The machine

  private func now() -> PairingInstant { PairingInstant(nanoseconds: (clock.now - epoch).nanoseconds) }

  private mutating func perform(_ event: AgentMachine.Event) async -> Bool {
    var goOn = true
    for action in machine.handle(event, at: now()) {
      switch action {
      case .openWindow: openWindow()
      case .cancelWindow: window?.cancel()
      case .show(let pattern): light?.show(pattern)
      case .changed(let state):
        log(state.name == shownState ? .debug : .info, "state", ["state": state.name])
        shownState = state.name
        manager.notify("STATUS=\(AgentRun.words(for: state, last: last))")
        tell(ControlAnswer(state: state))
      case .attemptFailed(let code, let message):
        log(.warning, "attempt failed: \(message)", ["code": code])
        tell(ControlAnswer(state: machine.state, message: message))
      case .ended(let summary): finish(summary)
      case .exit: goOn = false
      }
    }
    schedule()
    if goOn { await reloadIfIdle() }
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

  private static func words(for state: AgentState, last: WindowSummary?) -> String {
    switch state {
    case .waiting: "waiting for the button" + (last.map { "; last window: \($0.code)" } ?? "")
    case .windowOpen: "window open, waiting for another board"
    case .matched: "matched; hold still, then shake"
    case .shaking(let share): "shaking, \(Int(share * 100)) %"
    case .reconciling: "correcting errors and exchanging keys"
    }
  }

  // MARK: - Windows

  private mutating func openWindow() {
    relayTrouble = nil
    log(.notice, "window open", ["seconds": "\(configuration.windowSeconds)", "room": configuration.room])
    do {
      let next = PairingWindow(configuration: configuration, sensor: try daemon.devices.sensor(configuration, log))
      window = AgentThread.start { [feed, previous = window] in
        // The sensor of the window before may still be on its way to rest.
        await previous?.value
        await next.run({ feed.yield(.window($0)) }, conclude: { feed.yield(.windowEnded($0)) })
      }
    } catch {
      feed.yield(.windowEnded(.sensor("\(error)")))
    }
  }

  private mutating func observe(_ event: PairingWindow.Event) async -> Bool {
    switch event {
    case .sampling(let delay):
      log(.info, "sampling", ["after": "\(delay.nanoseconds / 1_000_000)ms"])
      return true
    case .relayTrouble(let text):
      // Once for each kind of trouble, not for each try.
      if text != relayTrouble { log(.warning, "the relay cannot be reached, trying again: \(text)") }
      if text != relayTrouble { tell(ControlAnswer(state: machine.state, message: text)) }
      relayTrouble = text
      return true
    case .matched:
      relayTrouble = nil
      return await perform(.matched)
    case .progress(let progress): return await perform(.progress(progress))
    case .retrying(let reason): return await perform(.retrying(code: reason.code, message: "\(reason)"))
    }
  }

  private func summary(of outcome: PairingWindow.Outcome) -> WindowSummary {
    switch outcome {
    case .paired(let session, _, let processing):
      var summary = WindowSummary(
        paired: true, code: "paired", message: "PAIRED, SAS \(session.sas.digits)", sas: session.sas.digits,
        handshakeHash: session.handshakeHash.map { byte in
          let digits = String(byte, radix: 16)
          return digits.count == 1 ? "0" + digits : digits
        }.joined())
      summary.processingSeconds = processing
      session.transport.close()
      return summary
    case .aborted(let reason): return WindowSummary(paired: false, code: reason.code, message: "\(reason)")
    case .sensor(let text): return WindowSummary(paired: false, code: "sensor-failed", message: text)
    case .relay(let error):
      return WindowSummary(paired: false, code: "relay-unusable", message: "the relay cannot be used: \(error)")
    case .cancelled: return WindowSummary(paired: false, code: "cancelled", message: "cancelled on this board")
    }
  }

  private mutating func finish(_ summary: WindowSummary) {
    // A board that could not even reach the relay says so rather than that nobody came.
    var summary = summary
    if summary.code == "no-partner", let relayTrouble {
      summary.code = "relay-unreachable"
      summary.message = "the relay could not be reached in this window: \(relayTrouble)"
    }
    last = summary
    let seconds = summary.seconds.map { "\(($0 * 100).rounded() / 100)" } ?? "?"
    if summary.paired {
      log(
        .notice, "PAIRED",
        [
          "sas": summary.sas ?? "", "handshake": summary.handshakeHash ?? "", "seconds": seconds,
          "processing": summary.processingSeconds.map { "\(Int($0 * 1000))ms" } ?? "?",
        ])
    } else {
      log(.warning, "not paired: \(summary.message)", ["code": summary.code, "seconds": seconds])
    }
    var answer = ControlAnswer(state: .waiting)
    answer.last = summary
    tell(answer)
    answer.done = true
    for follower in followers where follower.untilEnd {
      follower.connection.send(answer)
      follower.connection.end()
    }
    followers.removeAll { $0.untilEnd }
  }

  // MARK: - Local programs

  private mutating func tell(_ answer: ControlAnswer) {
    followers.removeAll { !$0.connection.send(answer) }
  }

  private mutating func answer(_ request: ControlRequest, on connection: ControlConnection) async -> Bool {
    var goOn = true
    var answer = ControlAnswer(state: machine.state)
    switch request.command {
    case .status:
      answer.version = daemon.version
      answer.room = configuration.room
      answer.last = last
    case .press:
      // What follows from the press is told before anything else.
      if request.follow { followers.append((connection, untilEnd: true)) }
      goOn = await perform(.pressed)
      answer = ControlAnswer(state: machine.state)
      if request.follow { return goOn }
    case .cancel:
      goOn = await perform(.held)
      answer = ControlAnswer(state: machine.state)
    }
    answer.done = !request.follow
    if connection.send(answer) {
      if request.follow { followers.append((connection, untilEnd: false)) } else { connection.end() }
    }
    return goOn
  }

  // MARK: - Reloading

  /// A new configuration is taken up between windows; one with a fault is refused and the old one stays.
  private mutating func reloadIfIdle() async {
    guard reloadWanted, machine.state == .waiting else { return }
    reloadWanted = false
    await window?.value
    let next: AgentConfiguration
    do {
      next = try daemon.load()
    } catch {
      log(.error, "the configuration was not reloaded: \(error)")
      return
    }
    let previous = configuration
    manager.notify("RELOADING=1", "MONOTONIC_USEC=\(monotonicNanoseconds() / 1000)")
    await closeDevices()
    configuration = next
    do {
      try openDevices()
      machine = AgentMachine(windowSeconds: next.windowSeconds)
      log(.notice, "configuration reloaded", ["relay": "\(next.relay)", "room": next.room])
    } catch {
      log(.error, "the new configuration cannot be used, the old one stays: \(error)")
      await closeDevices()
      configuration = previous
      do {
        try openDevices()
      } catch {
        log(.error, "the devices of the old configuration cannot be opened again: \(error)")
        reopenButtonLater()
      }
    }
    manager.notify("READY=1")
  }
}

private func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
