import Service
import Configuration
import Controls
import Foundation
import Logging
import Motion
import Relay
import Sensors
import Testing

@testable import Agent

/// A light that remembers what it showed.
final class Lamp: AgentLight {
  let shown = Locked<[LightPattern]>([])
  func show(_ pattern: LightPattern) { shown.withLock { $0.append(pattern) } }
  func close() { shown.withLock { $0.append(.off) } }
}

/// A sensor that delivers a whole recording at once, so that both boards' clocks say the same of it, and counts how
/// often it is switched on.
final class Player: MotionSource {
  private let recording: Recording
  let runs = Locked(0)

  init(_ recording: Recording) { self.recording = recording }
  func describe() async throws(SensorError) -> MotionSourceDescription {
    MotionSourceDescription(name: "recording", hasAccelerometer: true, hasGyroscope: true, isLive: true)
  }
  func events() -> AsyncStream<MotionEvent> {
    runs.withLock { $0 += 1 }
    return AsyncStream { continuation in
      continuation.yield(.scans(recording))
      continuation.yield(.ended)
      continuation.finish()
    }
  }
}

/// A sensor that is broken.
struct BrokenSensor: MotionSource {
  func describe() async throws(SensorError) -> MotionSourceDescription {
    throw SensorError(
      kind: .unplugged, operation: "read", subject: "iio:device0", problem: "it is gone", remedy: "plug it in")
  }
  func events() -> AsyncStream<MotionEvent> { AsyncStream { $0.finish() } }
}

/// A sensor that fails once it has delivered.
struct FailingSensor: MotionSource {
  let recording: Recording
  func describe() async throws(SensorError) -> MotionSourceDescription {
    MotionSourceDescription(name: "failing", hasAccelerometer: true, hasGyroscope: true, isLive: true)
  }
  func events() -> AsyncStream<MotionEvent> {
    AsyncStream { continuation in
      continuation.yield(.scans(recording))
      continuation.yield(
        .failed(
          SensorError(
            kind: .stalled, operation: "read scans", subject: "iio:device0", problem: "no scan came in time",
            remedy: "check the interrupt line")))
      continuation.finish()
    }
  }
}

/// An agent that runs, and what its tests need of it.
final class Board: Sendable {
  let lamp = Lamp()
  let lines = Locked<[String]>([])
  let socket = FileManager.default.temporaryDirectory.appendingPathComponent("d-\(UUID().uuidString.prefix(8))").path
  private let signals: AsyncStream<ProcessSignal>.Continuation
  private let button: AsyncStream<ButtonPress>.Continuation
  private let task: Task<Void, any Error>
  private let settings: Locked<[(key: String, value: String, option: String)]>

  init(
    relay: String, sensor: any MotionSource, settings extra: [(String, String)] = [],
    limits: AgentLimits = AgentLimits(), button opened: (@Sendable () throws -> AgentButton?)? = nil,
    light: (@Sendable () throws -> any AgentLight)? = nil
  ) {
    let (signals, signalFeed) = AsyncStream.makeStream(of: ProcessSignal.self)
    let (presses, pressFeed) = AsyncStream.makeStream(of: ButtonPress.self)
    self.signals = signalFeed
    button = pressFeed
    let settings = Locked(
      ([
        ("relay.url", relay), ("relay.room", "test"), ("control.socket", socket), ("button.source", "none"),
        ("log.level", "trace"),
      ] + extra).map { (key: $0.0, value: $0.1, option: "--set") })
    self.settings = settings
    var daemon = AgentDaemon(
      load: {
        try AgentConfiguration(
          try Settings(of: .agent, file: "/dev/null", environment: [:], options: settings.withLock { $0 }))
      },
      devices: AgentDevices(
        sensor: { _, _ in sensor },
        button: { _, _ in if let opened { try opened() } else { AgentButton(presses: presses) } },
        light: { [lamp] _, _ in if let light { try light() } else { lamp } }),
      log: ServiceLog(minimum: .trace, forJournal: true) { [lines] line in lines.withLock { $0.append(line) } },
      environment: [:], version: "test")
    daemon.limits = limits
    // Boards do not share a processor.
    task = AgentThread.$current.withValue(AgentThread()) { [daemon] in
      Task(executorPreference: AgentThread.current) { try await daemon.run(signals: signals) }
    }
  }

  func set(_ key: String, _ value: String) {
    settings.withLock { $0.append((key: key, value: value, option: "--set")) }
  }
  func signal(_ signal: ProcessSignal) { signals.yield(signal) }
  func press(_ press: ButtonPress) { button.yield(press) }
  func ended() async throws { try await task.value }
  func stop() async throws {
    signals.yield(.terminate)
    try await task.value
  }

  /// How often the log has said something.
  func count(_ text: String) -> Int { lines.withLock { $0.filter { $0.contains(text) }.count } }

  /// Returns once the log says something.
  func says(_ text: String) async throws { try await until("the log says: \(text)") { self.count(text) > 0 } }

  /// Returns once the agent is in a state.
  func reaches(_ state: String) async throws {
    try await until("the agent is \(state)") { try await self.ask(.status).last?.state == state }
  }

  /// Asks over the control socket, from another thread; the socket may not be there yet.
  func ask(_ command: ControlRequest.Command, follow: Bool = false) async throws -> [ControlAnswer] {
    try await onThread { [socket] in
      let client = ControlClient(path: socket)
      let limit = ContinuousClock.now + .seconds(10)
      while true {
        var answers: [ControlAnswer] = []
        do {
          try client.ask(ControlRequest(command: command, follow: follow)) { answers.append($0) }
          return answers
        } catch ControlError.system(_, _, let code)
          where (code == ENOENT || code == ECONNREFUSED) && ContinuousClock.now < limit
        {
          poll(nil, 0, 5)
        }
      }
    }
  }
}

/// Runs `body` with the address of a relay of its own, on a free port of the loopback address.
func withRelay(_ body: (String) async throws -> Void) async throws {
  let server = RelayServer(
    configuration: RelayConfiguration(port: 0), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  let port = try await server.start().boundPort
  do {
    try await body("ws://127.0.0.1:\(port)")
  } catch {
    await server.shutdown(gracefully: false)
    throw error
  }
  await server.shutdown(gracefully: false)
}

/// Returns once something holds, which must be soon.
func until(_ what: String, _ holds: () async throws -> Bool) async throws {
  let limit = ContinuousClock.now + .seconds(20)
  while !(try await holds()) {
    try #require(ContinuousClock.now < limit, "waited in vain until \(what)")
    await Task.yield()
  }
}

/// Something that happens once, and that any number of tasks wait for, cancelled or not.
final class Gate: Sendable {
  private let state = Locked<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

  func open() {
    let waiters = state.withLock { state in
      defer { state = (true, []) }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}

/// A sensor that does not answer when it is asked what it is, or does not come to rest, until its gate is open.
struct StuckSensor: MotionSource {
  var describing: Gate?
  var settling: Gate?
  /// What a stream delivers before it falls silent.
  var scans: Recording?
  /// How many streams were begun, and how many were given up by their consumer.
  let streams = Locked((begun: 0, over: 0))

  func describe() async throws(SensorError) -> MotionSourceDescription {
    await describing?.wait()
    return MotionSourceDescription(name: "stuck", hasAccelerometer: true, hasGyroscope: true, isLive: true)
  }
  func events() -> AsyncStream<MotionEvent> {
    streams.withLock { $0.begun += 1 }
    return AsyncStream { continuation in
      if let scans { continuation.yield(.scans(scans)) }
      continuation.onTermination = { [streams] _ in streams.withLock { $0.over += 1 } }
    }
  }
  func settled() async { await settling?.wait() }
}

/// A device that one holder at a time may have, as the kernel sees to with GPIO lines.
final class Line: Sendable {
  struct Refused: Error {}
  struct Busy: Error {}
  private struct State {
    var isHeld = false
    var isRefused = false
    var tries = 0
    var presses: AsyncStream<ButtonPress>.Continuation?
  }

  private let state = Locked(State())

  /// How often somebody has tried to open it.
  var tries: Int { state.withLock { $0.tries } }
  var isHeld: Bool { state.withLock { $0.isHeld } }
  /// Whether it is refused from now on.
  func refuse(_ isRefused: Bool) { state.withLock { $0.isRefused = isRefused } }
  func press(_ press: ButtonPress) { state.withLock { _ = $0.presses?.yield(press) } }
  func release() { state.withLock { $0.isHeld = false } }

  func take() throws {
    let problem: (any Error)? = state.withLock { state in
      state.tries += 1
      if state.isRefused { return Refused() }
      if state.isHeld { return Busy() }
      state.isHeld = true
      return nil
    }
    if let problem { throw problem }
  }

  /// A button on it, which takes some time to be released.
  func button(released: @escaping @Sendable () async -> Void = { for _ in 0..<50 { await Task.yield() } }) throws
    -> AgentButton
  {
    try take()
    let (presses, feed) = AsyncStream.makeStream(of: ButtonPress.self)
    state.withLock { $0.presses = feed }
    return AgentButton(presses: presses) { [self] in
      await released()
      release()
    }
  }

  /// A light on it.
  func light() throws -> any AgentLight {
    try take()
    return Lit(line: self)
  }

  private struct Lit: AgentLight {
    let line: Line
    func show(_ pattern: LightPattern) {}
    func close() { line.release() }
  }
}
