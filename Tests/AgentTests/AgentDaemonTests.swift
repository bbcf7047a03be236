import Controls
import Foundation
import Logging
import Motion
import Relay
import RelayLink
import Sensors
import Testing

@testable import Agent

/// Whole agents, with a relay between them, a light that remembers, and sensors that play simulated boards.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AgentDaemonTests {
  /// A light that remembers what it showed.
  private final class Lamp: AgentLight {
    let shown = Locked<[LightPattern]>([])
    func show(_ pattern: LightPattern) { shown.withLock { $0.append(pattern) } }
    func close() { shown.withLock { $0.append(.off) } }
  }

  /// A sensor that delivers a whole recording at once, so that both boards' clocks say the same of it, and counts how
  /// often it is switched on.
  private final class Sensor: MotionSource {
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
  private struct Broken: MotionSource {
    func describe() async throws(SensorError) -> MotionSourceDescription {
      throw SensorError(
        kind: .unplugged, operation: "read", subject: "iio:device0", problem: "it is gone", remedy: "plug it in")
    }
    func events() -> AsyncStream<MotionEvent> { AsyncStream { $0.finish() } }
  }

  /// A sensor that fails once it has delivered.
  private struct Failing: MotionSource {
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
  private final class Board: Sendable {
    let lamp = Lamp()
    let lines = Locked<[String]>([])
    let socket = FileManager.default.temporaryDirectory.appendingPathComponent("d-\(UUID().uuidString.prefix(8))").path
    private let signals: AsyncStream<ProcessSignal>.Continuation
    private let button: AsyncStream<ButtonPress>.Continuation
    private let task: Task<Void, any Error>
    private let settings: Locked<[(key: String, value: String, option: String)]>

    init(relay: String, sensor: any MotionSource, settings extra: [(String, String)] = []) {
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
      let daemon = AgentDaemon(
        load: {
          try AgentConfiguration(
            try AgentSettings(file: "/dev/null", environment: [:], options: settings.withLock { $0 }))
        },
        devices: AgentDevices(
          sensor: { _, _ in sensor }, button: { _, _ in presses }, light: { [lamp] _, _ in lamp }),
        log: AgentLog(minimum: .trace, forJournal: true) { [lines] line in lines.withLock { $0.append(line) } },
        environment: [:], version: "test")
      // Boards do not share a processor.
      task = AgentThread.$current.withValue(AgentThread()) {
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

  private func withRelay(_ body: (String) async throws -> Void) async throws {
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

  private static func boards(together: Bool) throws -> (Sensor, Sensor) {
    var parameters = SimulatorParameters(seed: 7)
    parameters.seconds = 14
    if !together { parameters.relation = .apart }
    let pair = try Simulator.simulate(parameters)
    return (Sensor(pair.alice.recording), Sensor(pair.bob.recording))
  }

  @Test func twoBoardsPressedAndShakenTogetherPair() async throws {
    let (sensor, two) = try Self.boards(together: true)
    try await withRelay { relay in
      let first = Board(relay: relay, sensor: sensor)
      let second = Board(relay: relay, sensor: two)
      #expect(try await first.ask(.status).last?.state == "waiting")
      #expect(sensor.runs.withLock { $0 } == 0, "the sensor ran before any press")
      async let a = first.ask(.press, follow: true)
      async let b = second.ask(.press, follow: true)
      let (answersA, answersB) = try await (a, b)
      let endA = try #require(answersA.last?.last)
      let endB = try #require(answersB.last?.last)
      #expect(endA.paired && endB.paired, "\(endA.message) / \(endB.message)")
      #expect(endA.sas?.count == 6 && endA.sas == endB.sas)
      #expect(endA.handshakeHash?.count == 64 && endA.handshakeHash == endB.handshakeHash)
      #expect(answersA.contains { $0.state == "matched" } && answersA.contains { $0.state == "reconciling" })
      #expect(sensor.runs.withLock { $0 } == 1)
      let shown = first.lamp.shown.withLock { $0 }
      #expect(shown.first == .windowOpen && shown.last == .paired)
      #expect(shown.contains { if case .shaking(let share) = $0 { share > 0.3 } else { false } })
      #expect(try await first.ask(.status).last?.last?.sas == endA.sas)
      try await first.stop()
      try await second.stop()
      #expect(first.lamp.shown.withLock { $0 }.last == .off)
      #expect(!FileManager.default.fileExists(atPath: first.socket))
    }
  }

  @Test func strangersAbortAndTheNextWindowWorks() async throws {
    let (one, two) = try Self.boards(together: false)
    try await withRelay { relay in
      let first = Board(relay: relay, sensor: one, settings: [("window.attempts", "1")])
      let second = Board(relay: relay, sensor: two, settings: [("window.attempts", "1")])
      for _ in 0..<2 {
        async let a = first.ask(.press, follow: true)
        async let b = second.ask(.press, follow: true)
        let ends = try await [a, b].map { try #require($0.last?.last) }
        #expect(ends.allSatisfy { !$0.paired })
        #expect(ends.contains { $0.code == "not-shaken-together" }, "\(ends.map(\.message))")
        #expect(first.lamp.shown.withLock { $0 }.last == .aborted)
      }
      try await first.stop()
      try await second.stop()
    }
  }

  @Test func aLongPressCancelsAndTheNextPressOpensAgain() async throws {
    let (one, _) = try Self.boards(together: true)
    try await withRelay { relay in
      let board = Board(relay: relay, sensor: one)
      async let answers = board.ask(.press, follow: true)
      while try await board.ask(.status).last?.state != "window-open" { await Task.yield() }
      board.press(.held)
      #expect(try await answers.last?.last?.code == "cancelled")
      board.press(.pressed)
      while try await board.ask(.status).last?.state != "window-open" { await Task.yield() }
      try await board.stop()
    }
  }

  @Test func anUnreachableRelayIsTriedUntilTheWindowCloses() async throws {
    let (one, _) = try Self.boards(together: true)
    // Nothing listens on the port of a relay that is gone.
    var gone = ""
    try await withRelay { gone = $0 }
    let board = Board(relay: gone, sensor: one, settings: [("window.seconds", "5")])
    let answers = try await board.ask(.press, follow: true)
    #expect(answers.last?.last?.code == "relay-unreachable", "\(answers.last?.last?.message ?? "")")
    #expect(board.lamp.shown.withLock { $0 }.last == .aborted)
    try await board.stop()
  }

  @Test func aBrokenSensorEndsTheWindowWithItsReason() async throws {
    try await withRelay { relay in
      let board = Board(relay: relay, sensor: Broken())
      let end = try #require(try await board.ask(.press, follow: true).last?.last)
      #expect(end.code == "sensor-failed" && end.message.contains("plug it in"))
      try await board.stop()
      // It was also said at the start, before anybody pressed.
      #expect(board.lines.withLock { $0 }.contains { $0.contains("cannot be used yet") })
    }
  }

  @Test func aSensorThatFailsWhileNobodyElseIsThereEndsTheWindow() async throws {
    let recording = try Simulator.simulate(SimulatorParameters(seed: 7)).alice.recording
    try await withRelay { relay in
      let board = Board(relay: relay, sensor: Failing(recording: recording), settings: [("window.seconds", "600")])
      for _ in 0..<2 {
        let end = try #require(try await board.ask(.press, follow: true).last?.last)
        #expect(end.code == "sensor-failed" && end.message.contains("check the interrupt line"), "\(end.message)")
      }
      try await board.stop()
    }
  }

  @Test func terminatingInAWindowEndsSoon() async throws {
    let (one, _) = try Self.boards(together: true)
    try await withRelay { relay in
      let board = Board(relay: relay, sensor: one)
      async let answers = board.ask(.press, follow: true)
      while try await board.ask(.status).last?.state != "window-open" { await Task.yield() }
      let start = ContinuousClock.now
      try await board.stop()
      #expect(ContinuousClock.now - start < .seconds(1))
      #expect(try await answers.last?.last?.code == "stopped")
    }
  }

  @Test func aReloadTakesEffectAndAFaultyOneDoesNot() async throws {
    let (one, _) = try Self.boards(together: true)
    let board = Board(relay: "ws://127.0.0.1:1", sensor: one)
    #expect(try await board.ask(.status).last?.room == "test")
    board.set("relay.room", "another")
    board.signal(.reload)
    while try await board.ask(.status).last?.room != "another" { await Task.yield() }
    board.set("relay.room", "not a room")
    board.signal(.reload)
    while !board.lines.withLock({ $0.contains { $0.contains("not reloaded") } }) { await Task.yield() }
    #expect(try await board.ask(.status).last?.room == "another")
    try await board.stop()
  }

  @Test func whatItCannotStartWithIsThrown() async {
    let board = Board(relay: "ftp://nowhere", sensor: Broken())
    await #expect(throws: ConfigurationError.self) { try await board.ended() }
  }

  @Test func theLogHoldsNoSecretAndOneLineForEachEvent() async throws {
    let lines = Locked<[String]>([])
    let log = AgentLog(minimum: .info, forJournal: true) { line in lines.withLock { $0.append(line) } }
    log(.debug, "not this")
    log(.warning, "a\nb", ["key": "two words", "other": "plain", "bad": "\u{1B}[2J\"x\""])
    #expect(lines.withLock { $0 } == ["<4>a b key=\"two words\" other=plain bad=\"\u{FFFD}[2J\\\"x\\\"\"\n"])
  }
}
