import Foundation
import Platform
import Testing

@testable import Agent

/// Whole agents and the local programs that listen to them.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FollowerTests {
  private let nowhere = "ws://127.0.0.1:1"

  /// A program that follows and has begun to hear something.
  private func follower(of board: Board, _ command: ControlRequest.Command = .status) async throws -> Int32 {
    try await onThread { [path = board.socket] in
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      let address = try #require(UnixSocketAddress(path: path))
      #expect(address.withPointer { connect(descriptor, $0, $1) } == 0)
      let request = try ControlRequest(command: command, follow: true).line()
      #expect(send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
      var byte: UInt8 = 0
      #expect(read(descriptor, &byte, 1) == 1)
      return descriptor
    }
  }

  @Test func followersThatHaveLeftMakeRoom() async throws {
    let board = Board(relay: nowhere, sensor: StuckSensor())
    try await board.reaches("waiting")
    for _ in 0..<3 {
      var descriptors: [Int32] = []
      for _ in 0..<ControlServer.maximumConnections { descriptors.append(try await follower(of: board)) }
      #expect(try await board.ask(.status).last?.refused == true)
      for descriptor in descriptors { close(descriptor) }
      // Nothing has happened that they could have been told.
      #expect(try await board.ask(.status).last?.refused == nil)
    }
    try await board.stop()
  }

  @Test func whoeverPressesAgainDoesNotGetTheOldWindowsEnd() async throws {
    let gate = Gate()
    var limits = AgentLimits()
    limits.cancellation = .milliseconds(500)
    limits.rest = .milliseconds(50)
    // The first window takes its time to end, and the second then finds the sensor busy.
    let board = Board(relay: nowhere, sensor: StuckSensor(describing: gate), limits: limits)
    async let first = board.ask(.press, follow: true)
    try await board.reaches("window-open")
    async let cancelled = board.ask(.cancel)
    try await board.reaches("cancelling")
    let second = try await board.ask(.press, follow: true)
    #expect(try await first.last?.last?.code == "cancelled")
    #expect(try await cancelled.last?.last?.code == "cancelled")
    #expect(second.first?.state == "cancelling")
    #expect(second.contains { $0.state == "window-open" })
    #expect(second.last?.last?.code == "sensor-failed", "\(second)")
    #expect(second.allSatisfy { $0.last?.code != "cancelled" })
    gate.open()
    try await board.stop()
  }

  @Test func whoeverPressedAndSeesThePressTakenBackIsTold() async throws {
    let gate = Gate()
    var limits = AgentLimits()
    limits.cancellation = .seconds(1)
    let board = Board(relay: nowhere, sensor: StuckSensor(describing: gate), limits: limits)
    _ = try await board.ask(.press)
    async let cancelled = board.ask(.cancel)
    try await board.reaches("cancelling")
    let pressed = try await follower(of: board, .press)
    #expect(try await board.ask(.cancel).last?.last?.code == "cancelled")
    #expect(try await cancelled.last?.last?.code == "cancelled")
    let told = try await onThread {
      // To the end of the connection, which comes with the end of the window that never opened.
      var answer: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 4096)
      while case let count = read(pressed, &chunk, chunk.count), count > 0 { answer += chunk[..<count] }
      close(pressed)
      return String(decoding: answer, as: UTF8.self)
    }
    #expect(told.contains("\"code\":\"cancelled\"") && !told.contains("window-open"), "\(told)")
    #expect(try await board.ask(.status).last?.state == "waiting")
    gate.open()
    try await board.stop()
  }

  @Test func aCancellationIsAnsweredWhenItIsDone() async throws {
    let board = Board(relay: nowhere, sensor: StuckSensor())
    _ = try await board.ask(.press)
    let answers = try await board.ask(.cancel)
    #expect(answers.count == 1 && answers.last?.state == "waiting" && answers.last?.last?.code == "cancelled")
    let again = try await board.ask(.cancel)
    #expect(again.last?.state == "waiting" && again.last?.message == "no window is open" && again.last?.last == nil)
    try await board.stop()
  }
}
