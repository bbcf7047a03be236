import Motion
import Foundation
import Logging
import Relay
import RelayLink
import Sensors
import Testing

@testable import Agent

/// Whole agents whose sensor or relay does not answer, or late.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AgentWindowTests {
  private let nowhere = "ws://127.0.0.1:1"

  /// Shorter than those of an agent, so that a machine that does much else shows the same.
  private var shortLimits: AgentLimits {
    var limits = AgentLimits()
    limits.termination = .milliseconds(300)
    limits.cancellation = .milliseconds(150)
    return limits
  }

  @Test func theLimitsOfAnAgentLetItEndWithinASecond() {
    let limits = AgentLimits()
    #expect(limits.termination + limits.release < .seconds(1))
    // A window that hangs is over before the program gives up.
    #expect(limits.cancellation < limits.termination)
    // The link's own goodbye fits in.
    #expect(limits.cancellation > .milliseconds(500))
  }

  @Test func aReloadWaitsForTheSensorAndTheAgentGoesOn() async throws {
    let gate = Gate()
    let board = Board(relay: nowhere, sensor: StuckSensor(settling: gate))
    _ = try await board.ask(.press)
    #expect(try await board.ask(.cancel).last?.last?.code == "cancelled")
    board.set("relay.room", "another")
    board.signal(.reload)
    try await board.says("will be read again when the window is over and the sensor at rest")
    // It hears and answers meanwhile.
    #expect(try await board.ask(.status).last?.room == "test")
    gate.open()
    try await board.says("configuration reloaded")
    #expect(try await board.ask(.status).last?.room == "another")
    try await board.stop()
  }

  @Test func terminatingEndsInTimeWhileAReloadWaitsForTheSensor() async throws {
    let gate = Gate()
    let board = Board(relay: nowhere, sensor: StuckSensor(settling: gate), limits: shortLimits)
    _ = try await board.ask(.press)
    _ = try await board.ask(.cancel)
    board.signal(.reload)
    let start = ContinuousClock.now
    try await board.stop()
    #expect(ContinuousClock.now - start < .seconds(1))
    #expect(board.count("its sensor settings may not be restored") == 1)
    gate.open()
  }

  @Test func aSensorThatDoesNotComeToRestEndsTheNextWindow() async throws {
    let gate = Gate()
    var limits = AgentLimits()
    limits.rest = .milliseconds(50)
    let board = Board(relay: nowhere, sensor: StuckSensor(settling: gate), limits: limits)
    _ = try await board.ask(.press)
    _ = try await board.ask(.cancel)
    for _ in 0..<2 {
      let end = try #require(try await board.ask(.press, follow: true).last?.last)
      #expect(end.code == "sensor-failed" && end.message.contains("not come to rest"), "\(end.message)")
      #expect(end.message.contains("restart the agent"), "\(end.message)")
    }
    // Once it is at rest all is well.
    gate.open()
    try await until("a window samples") {
      _ = try await board.ask(.press)
      return try await board.ask(.status).last?.state == "window-open" && board.count("not come to rest") > 0
    }
    #expect(try await board.ask(.cancel).last?.last?.code == "cancelled")
    try await board.stop()
  }

  @Test func aWindowThatWaitsForTheSensorCanBeCancelled() async throws {
    let gate = Gate()
    var limits = AgentLimits()
    limits.rest = .seconds(600)
    let board = Board(relay: nowhere, sensor: StuckSensor(settling: gate), limits: limits)
    _ = try await board.ask(.press)
    _ = try await board.ask(.cancel)
    _ = try await board.ask(.press)
    #expect(try await board.ask(.cancel).last?.last?.code == "cancelled")
    #expect(board.count("does not end by itself") == 0)
    gate.open()
    try await board.stop()
  }

  @Test func aSensorThatDoesNotAnswerKeepsNoWindowFromBeingCancelled() async throws {
    let gate = Gate()
    let sensor = StuckSensor(describing: gate)
    let board = Board(relay: nowhere, sensor: sensor)
    _ = try await board.ask(.press)
    try await until("it samples") { sensor.streams.withLock { $0.begun } == 1 }
    #expect(try await board.ask(.cancel).last?.last?.code == "cancelled")
    try await board.says("does not end by itself")
    // It does not sample on while it is asked.
    #expect(sensor.streams.withLock { $0.over } == 1)
    // What the window that is over says when it gets its answer is no news.
    gate.open()
    _ = try await board.ask(.press)
    try await board.says("relay cannot be reached")
    #expect(try await board.ask(.status).last?.state == "window-open")
    try await board.stop()
  }

  @Test func aSensorThatDoesNotAnswerKeepsNoWindowOpen() async throws {
    let gate = Gate()
    let board = Board(relay: nowhere, sensor: StuckSensor(describing: gate), settings: [("window.seconds", "5")])
    let end = try #require(try await board.ask(.press, follow: true).last?.last)
    #expect(end.code == "sensor-failed" && (end.seconds ?? 0) < 7)
    #expect(try await board.ask(.status).last?.state == "waiting")
    gate.open()
    try await board.stop()
  }

  @Test func terminatingEndsInTimeWhileASensorDoesNotAnswer() async throws {
    let gate = Gate()
    let board = Board(relay: nowhere, sensor: StuckSensor(describing: gate, settling: gate), limits: shortLimits)
    async let answers = board.ask(.press, follow: true)
    try await board.reaches("window-open")
    let start = ContinuousClock.now
    try await board.stop()
    #expect(ContinuousClock.now - start < .seconds(1))
    #expect(try await answers.last?.last?.code == "stopped")
    gate.open()
  }

  @Test func aRelayThatIsReachedLateInAWindowInWhichNobodyComes() async throws {
    var address = ""
    try await withRelay { address = $0 }
    let port = try #require(Int(address.split(separator: ":").last ?? ""))
    let board = Board(relay: address, sensor: StuckSensor(scans: Recording()), settings: [("window.seconds", "5")])
    async let answers = board.ask(.press, follow: true)
    try await board.says("relay cannot be reached")
    let server = RelayServer(
      configuration: RelayConfiguration(port: port), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    _ = try await server.start()
    let end = try #require(try await answers.last?.last)
    #expect(end.code == "no-partner", "\(end.message)")
    #expect(board.count("waiting in the room") == 1)
    try await board.stop()
    await server.shutdown(gracefully: false)
  }

  @Test func aRelayThatIsNotThereIsToldOfOnceInAWindow() async throws {
    // Where nothing listens any more.
    var address = ""
    try await withRelay { address = $0 }
    let board = Board(relay: address, sensor: StuckSensor(), settings: [("window.seconds", "5")])
    for window in 1...2 {
      let answers = try await board.ask(.press, follow: true)
      #expect(answers.last?.last?.code == "relay-unreachable", "\(answers)")
      #expect(answers.last?.last?.message.contains("cannot connect to 127.0.0.1") == true, "\(answers)")
      // Five seconds are four tries or five.
      #expect(answers.filter { $0.message?.contains("cannot connect") == true }.count == 1, "\(answers)")
      #expect(board.count("relay cannot be reached, trying again") == window)
    }
    try await board.stop()
  }
}

/// What a window tells of its relay.
@Suite struct RelayTroubleTests {
  private func refused(after milliseconds: Int) -> RelayLinkError {
    .unreachable(host: "relay", port: 8000, detail: "Failed to connect to relay port 8000 after \(milliseconds) ms")
  }

  @Test func aWindowInWhichNobodyCameSaysWhatWasMissing() {
    let ending = WindowSummary(paired: false, code: "no-partner", message: "nobody came")
    var relay = RelayTroubles()
    #expect(ending.explained(hasSampled: false, relay: relay).code == "sensor-failed")
    #expect(ending.explained(hasSampled: true, relay: relay).code == "relay-unreachable")
    _ = relay.passes()
    #expect(ending.explained(hasSampled: true, relay: relay) == ending)
    _ = relay.fails(with: .timedOut(stage: "joining", after: .seconds(1)))
    #expect(ending.explained(hasSampled: true, relay: relay).message.contains("joining"))
    let other = WindowSummary(paired: false, code: "too-short", message: "the shake was too short")
    #expect(other.explained(hasSampled: false, relay: relay) == other)
  }

  @Test func aKindIsToldOnceWhateverItsText() {
    var troubles = RelayTroubles()
    let tries: [RelayLinkError] = [
      refused(after: 298), refused(after: 12), .timedOut(stage: "the relay's answer", after: .seconds(10)),
      refused(after: 3), .timedOut(stage: "the connection", after: .seconds(9)),
    ]
    #expect(tries.map { troubles.fails(with: $0) } == [true, false, true, false, false])
    #expect(troubles.current == tries.last, "the end of the window tells of the last try")
  }

  @Test func thatItIsOverIsToldWhereTheTroubleWas() {
    var troubles = RelayTroubles()
    let quiet = troubles.passes()
    _ = troubles.fails(with: refused(after: 1))
    let firstEnd = troubles.passes()
    #expect(!quiet && firstEnd)
    #expect(troubles.current == nil)
    let again = troubles.fails(with: refused(after: 2))
    let secondEnd = troubles.passes()
    #expect(!again && !secondEnd, "neither the trouble nor its end is told twice")
    let other = troubles.fails(with: .closedWhileJoining(code: 1001, reason: "going away"))
    let otherEnd = troubles.passes()
    #expect(other && otherEnd)
  }
}
