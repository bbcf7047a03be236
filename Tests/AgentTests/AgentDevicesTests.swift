import Controls
import Foundation
import Testing

@testable import Agent

/// Whole agents whose devices cannot be opened, fail, or are slow to be released.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AgentDevicesTests {
  private let button = Line()
  private let light = Line()
  private let relay = "ws://127.0.0.1:1"

  /// An agent with this button and this light that tries again soon.
  private func board(
    _ settings: [(String, String)] = [], release: Duration = .seconds(5),
    released: @escaping @Sendable () async -> Void = { for _ in 0..<50 { await Task.yield() } }
  ) -> Board {
    var limits = AgentLimits()
    limits.retry = .milliseconds(10)
    limits.release = release
    return Board(
      relay: relay, sensor: StuckSensor(), settings: settings, limits: limits,
      button: { [button] in try button.button(released: released) }, light: { [light] in try light.light() })
  }

  /// Another way to press the same button, so that it is to be opened anew.
  private func rewire(_ board: Board) {
    board.set("button.source", "key")
    board.set("button.key", "KEY_ENTER")
  }

  @Test(arguments: [("button", "button"), ("light", "light")])
  func whatCannotBeOpenedAtTheStartIsFatalAndNamesTheRemedy(device: String, table: String) async throws {
    (device == "button" ? button : light).refuse(true)
    let board = board()
    let error = await #expect(throws: DeviceFailure.self) { try await board.ended() }
    let text = try #require(error).description
    #expect(text.contains("the \(device) cannot be opened"), "\(text)")
    #expect(text.contains("--set \(table).source=none") && text.contains("[\(table)] source = \"none\""), "\(text)")
    // Nothing stays open behind it.
    #expect(!FileManager.default.fileExists(atPath: board.socket))
    #expect(!button.isHeld && !light.isHeld)
  }

  @Test func aControlSocketThatCannotBeOpenedAtTheStartIsFatal() async throws {
    let board = board([("control.group", "no-such-group-here")])
    let error = await #expect(throws: DeviceFailure.self) { try await board.ended() }
    #expect(try #require(error).description.contains("groupadd"))
    #expect(!button.isHeld && !light.isHeld)
  }

  @Test func aReloadThatFailsClosesNothingForGood() async throws {
    let board = board()
    try await board.reaches("waiting")
    // From now on neither the new light nor the old one can be opened.
    light.refuse(true)
    board.set("light.source", "led")
    board.set("light.led", "ACT")
    rewire(board)
    board.signal(.reload)
    try await board.says("the new configuration cannot be used")
    #expect(try await board.ask(.status).last?.room == "test")
    button.press(.pressed)
    try await board.reaches("window-open")
    // What is missing is tried again, and said once.
    let tries = light.tries
    try await until("the light was tried again and again") { light.tries > tries + 3 }
    light.refuse(false)
    try await board.says("the light is back")
    let after = light.tries
    #expect(light.isHeld && board.count("the light is back") == 1 && board.count("it is tried again every") == 1)
    try await board.stop()
    #expect(light.tries == after, "nothing is tried when nothing is missing")
    #expect(!button.isHeld && !light.isHeld)
  }

  @Test func theControlSocketComesBackToo() async throws {
    let board = board()
    try await board.reaches("waiting")
    // Somebody removes the socket and puts a file in its place: a reload can neither use the old path nor, later, not.
    unlink(board.socket)
    try Data("precious".utf8).write(to: URL(fileURLWithPath: board.socket))
    board.signal(.reload)
    try await board.says("the control socket cannot be opened")
    button.press(.pressed)
    try await board.says("window open")
    try FileManager.default.removeItem(atPath: board.socket)
    try await board.says("the control socket is back")
    try await board.reaches("window-open")
    try await board.stop()
  }

  @Test func whatAReloadDoesNotChangeStaysOpen() async throws {
    let board = board()
    try await board.reaches("waiting")
    board.set("relay.room", "another")
    board.signal(.reload)
    try await board.says("configuration reloaded")
    #expect(button.tries == 1 && light.tries == 1)
    try await board.stop()
  }

  @Test func aButtonIsOpenedAgainWhenItHasBeenReleased() async throws {
    let board = board()
    try await board.reaches("waiting")
    rewire(board)
    board.signal(.reload)
    try await board.says("configuration reloaded")
    #expect(button.tries == 2 && button.isHeld)
    #expect(board.count("Busy") == 0)
    button.press(.pressed)
    try await board.reaches("window-open")
    try await board.stop()
  }

  @Test func aButtonThatIsNotReleasedHoldsUpNothingElse() async throws {
    let gate = Gate()
    let board = board(release: .milliseconds(10)) { await gate.wait() }
    try await board.reaches("waiting")
    rewire(board)
    board.signal(.reload)
    try await board.says("the button cannot be opened: it has not been released yet")
    try await board.says("configuration reloaded")
    #expect(try await board.ask(.status).last?.state == "waiting")
    gate.open()
    try await board.says("the button is back")
    #expect(button.tries == 2 && board.count("Busy") == 0)
    try await board.stop()
  }

  @Test func aButtonThatFailsIsOpenedAgain() async throws {
    let board = board()
    try await board.reaches("waiting")
    button.refuse(true)
    button.press(.failed("it is gone"))
    try await board.says("the button failed: it is gone")
    let tries = button.tries
    try await until("it was tried again and again") { button.tries > tries + 3 }
    // The configuration is not to blame for it.
    board.set("relay.room", "another")
    board.signal(.reload)
    try await board.says("configuration reloaded")
    button.refuse(false)
    try await board.says("the button is back")
    button.press(.pressed)
    try await board.reaches("window-open")
    #expect(board.count("the button failed") == 1 && board.count("the button is back") == 1)
    #expect(board.count("it is tried again every") == 0)
    try await board.stop()
  }

  @Test func oneDeviceComesBackWhileAnotherIsStillMissing() async throws {
    let board = board()
    try await board.reaches("waiting")
    light.refuse(true)
    button.refuse(true)
    board.set("light.source", "led")
    board.set("light.led", "ACT")
    board.signal(.reload)
    button.press(.failed("it is gone"))
    try await board.says("the light cannot be opened")
    try await board.says("the button failed")
    button.refuse(false)
    try await board.says("the button is back")
    #expect(!light.isHeld && button.isHeld)
    try await board.stop()
  }

  @Test func terminatingEndsInTimeWhateverIsNotReleased() async throws {
    let gate = Gate()
    let board = board(release: AgentLimits().release) { await gate.wait() }
    try await board.reaches("waiting")
    let start = ContinuousClock.now
    try await board.stop()
    #expect(ContinuousClock.now - start < .seconds(1))
    gate.open()
  }

  /// A button that remembers whether it was closed.
  private final class Knob: Button {
    let place = "knob"
    let notes: [String] = []
    let isClosed = Locked(false)
    let (stream, feed) = AsyncStream.makeStream(of: ButtonEvent.self)

    func events() -> AsyncStream<ButtonEvent> { stream }
    func close() {
      isClosed.withLock { $0 = true }
      feed.finish()
    }
  }

  @Test func closingAButtonReturnsWhenItIsClosed() async {
    let knob = Knob()
    let button = AgentButton(listeningTo: knob)
    knob.feed.yield(.pressed(monotonicNanoseconds: 1))
    knob.feed.yield(.released)
    knob.feed.yield(.held)
    var presses = button.presses.makeAsyncIterator()
    #expect(await presses.next() == .pressed)
    #expect(await presses.next() == .held)
    await button.close()
    #expect(knob.isClosed.withLock { $0 })
    #expect(await presses.next() == nil)
  }
}
