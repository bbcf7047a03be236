import Service
import Controls
import Configuration
import Foundation
import Motion
import Sensors
import Testing

@testable import Agent

/// Whole agents, with a relay between them, a light that remembers, and sensors that play simulated boards.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AgentDaemonTests {
  private static func boards(together: Bool) throws -> (Player, Player) {
    var parameters = SimulatorParameters(seed: 7)
    parameters.seconds = 14
    if !together { parameters.relation = .apart }
    let pair = try Simulator.simulate(parameters)
    return (Player(pair.alice.recording), Player(pair.bob.recording))
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
      let board = Board(relay: relay, sensor: BrokenSensor())
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
      let board = Board(
        relay: relay, sensor: FailingSensor(recording: recording), settings: [("window.seconds", "600")])
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
    let board = Board(relay: "ftp://nowhere", sensor: BrokenSensor())
    await #expect(throws: ConfigurationError.self) { try await board.ended() }
  }

  @Test func theLogHoldsNoSecretAndOneLineForEachEvent() async throws {
    let lines = Locked<[String]>([])
    let log = ServiceLog(minimum: .info, forJournal: true) { line in lines.withLock { $0.append(line) } }
    log(.debug, "not this")
    log(.warning, "a\nb", ["key": "two words", "other": "plain", "bad": "\u{1B}[2J\"x\""])
    #expect(lines.withLock { $0 } == ["<4>a b key=\"two words\" other=plain bad=\"\u{FFFD}[2J\\\"x\\\"\"\n"])
  }
}
