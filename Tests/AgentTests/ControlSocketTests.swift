import Foundation
import Platform
import Testing

@testable import Agent

/// The control socket between local programs and the agent.
@Suite struct ControlSocketTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("c-\(UUID().uuidString.prefix(8))")
    .path

  /// Asks from another thread than the test's.
  private func ask(_ request: ControlRequest) async throws -> [ControlAnswer] {
    try await onThread { [path] in
      var answers: [ControlAnswer] = []
      try ControlClient(path: path).ask(request) { answers.append($0) }
      return answers
    }
  }

  /// What comes back for these bytes; the connection's end is the end.
  private func raw(_ bytes: [UInt8]) async throws -> String {
    try await onThread { [path] in
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      guard UnixSocketAddress(path: path)?.withPointer({ connect(descriptor, $0, $1) }) == 0 else { return "" }
      _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      shutdown(descriptor, Int32(SHUT_WR))
      var answer: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count <= 0 { break }
        answer += chunk[..<count]
      }
      return String(decoding: answer, as: UTF8.self)
    }
  }

  @Test func answersArriveInOrderUntilTheLast() async throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    try server.start { request, connection in
      #expect(request.command == .press && request.follow)
      connection.send(ControlAnswer(state: .windowOpen))
      connection.send(ControlAnswer(state: .shaking(0.5)))
      var last = ControlAnswer(state: .waiting, done: true)
      last.last = WindowSummary(paired: true, code: "paired", message: "PAIRED", sas: "000042")
      connection.send(last)
      connection.end()
    }
    let answers = try await ask(ControlRequest(command: .press, follow: true))
    #expect(answers.map(\.state) == ["window-open", "shaking", "waiting"])
    #expect(answers[1].progress == 0.5)
    #expect(answers.last?.last?.sas == "000042")
  }

  @Test(arguments: ["", "nonsense\n", "{}\n", "{\"command\":\"reboot\"}\n", "[1,2]\n"])
  func whatIsNoRequestIsRefused(text: String) async throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    try server.start { request, _ in Issue.record("taken as \(request)") }
    #expect(try await raw(Array(text.utf8)).contains("\"refused\":true"))
  }

  @Test func anEndlessRequestIsRefused() async throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    try server.start { request, _ in Issue.record("taken as \(request)") }
    #expect(
      try await raw([UInt8](repeating: 0x20, count: 3 * ControlServer.maximumRequest)).contains("\"refused\":true"))
  }

  @Test func theOwnerAloneMayConnectUnlessAGroupIsNamed() throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func anUnknownGroupIsNamed() {
    #expect(throws: ControlError.unknownGroup("no-such-group-here")) {
      _ = try ControlServer(path: path, group: "no-such-group-here")
    }
  }

  @Test func aGroupThatTheUserIsNotInIsNamedWithWhatToDo() throws {
    // What chown(2) says to a user without privileges who is not in the group.
    let error = #expect(throws: ControlError.groupRefused("root", path: path)) {
      _ = try ControlServer(path: path, group: "root") { _, _ in
        errno = EPERM
        return -1
      }
    }
    let text = try #require(error).description
    #expect(text.contains("usermod -aG root") && text.contains("leave control.group empty"), "\(text)")
    // Nothing is left behind that nobody listens on.
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func anotherTroubleWithTheGroupKeepsItsErrno() {
    #expect(
      throws: ControlError.unavailable(
        operation: "cannot give the control socket to its group:", path: path, code: EROFS)
    ) {
      _ = try ControlServer(path: path, group: "root") { _, _ in
        errno = EROFS
        return -1
      }
    }
  }

  @Test func aGroupMayConnectThatTheSocketWasGivenTo() throws {
    let given = Locked<[gid_t]>([])
    let server = try ControlServer(path: path, group: "root") { _, group in
      given.withLock { $0.append(group) }
      return 0
    }
    defer { server.stop() }
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o660 && given.withLock { $0 } == [0])
  }

  @Test func aSocketWhoseAgentHangsIsNotTakenEither() throws {
    let first = try ControlServer(path: path, group: nil)
    defer { first.stop() }
    // Nobody accepts: those who wait fill the kernel's queue.
    var waiting: [Int32] = []
    defer { for descriptor in waiting { close(descriptor) } }
    let address = try #require(UnixSocketAddress(path: path))
    while waiting.count < 64 {
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      waiting.append(descriptor)
      if address.withPointer({ connect(descriptor, $0, $1) }) != 0 { break }
    }
    #expect(throws: ControlError.inUse(path: path)) { _ = try ControlServer(path: path, group: nil) }
  }

  @Test func aSocketThatAnotherAgentPutInItsPlaceStays() throws {
    let first = try ControlServer(path: path, group: nil)
    try first.start { _, _ in }
    #expect(first.isInPlace)
    unlink(path)
    let second = try ControlServer(path: path, group: nil)
    try second.start { _, _ in }
    defer { second.stop() }
    #expect(!first.isInPlace && second.isInPlace)
    first.stop()
    #expect(second.isInPlace)
  }

  @Test func aSocketThatIsServedIsNotTaken() throws {
    let first = try ControlServer(path: path, group: nil)
    try first.start { _, _ in }
    defer { first.stop() }
    #expect(throws: ControlError.inUse(path: path)) { _ = try ControlServer(path: path, group: nil) }
  }

  @Test func aSocketLeftBehindIsReplaced() async throws {
    // What a killed agent leaves: a bound socket that nobody listens on any more.
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let address = try #require(UnixSocketAddress(path: path))
    #expect(address.withPointer { bind(descriptor, $0, $1) } == 0)
    close(descriptor)
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    try server.start { _, connection in
      connection.send(ControlAnswer(state: .waiting, done: true))
      connection.end()
    }
    #expect(try await ask(ControlRequest(command: .status)).count == 1)
  }

  @Test func somethingElseAtThePathIsLeftAlone() throws {
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: ControlError.self) { _ = try ControlServer(path: path, group: nil) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
  }

  @Test func withoutAnAgentTheClientSaysSo() async {
    do {
      _ = try await ask(ControlRequest(command: .status))
      Issue.record("somebody answered")
    } catch {
      #expect("\(error)".contains("is the agent running?"), "\(error)")
    }
  }

  @Test func anAgentThatDiesIsNoticed() async throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    try server.start { _, connection in
      connection.send(ControlAnswer(state: .windowOpen))
      connection.end()
    }
    await #expect(throws: ControlError.self) { _ = try await ask(ControlRequest(command: .press, follow: true)) }
  }

  @Test func aFollowerThatSaysThatItWillAskNoMoreIsStillTold() async throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    let held = Locked<[ControlConnection]>([])
    try server.start { request, connection in
      guard request.follow else {
        connection.send(ControlAnswer(state: .waiting, done: true))
        connection.end()
        return
      }
      held.withLock { $0.append(connection) }
    }
    // It shuts its sending side down and listens on, as `socat` and `nc -N` do.
    async let told = raw(Array("{\"command\":\"status\",\"follow\":true}\n".utf8))
    try await until("it follows") { held.withLock { $0.count == 1 } }
    #expect(try await ask(ControlRequest(command: .status)).count == 1)
    let connection = try #require(held.withLock { $0.first })
    #expect(!connection.hasLeft)
    connection.send(ControlAnswer(state: .windowOpen, done: true))
    connection.end()
    #expect(try await told.contains("window-open"))
  }

  @Test func noMoreThanItsConnectionsAreServed() async throws {
    let server = try ControlServer(path: path, group: nil)
    defer { server.stop() }
    let held = Locked<[ControlConnection]>([])
    let (arrivals, feed) = AsyncStream.makeStream(of: Void.self)
    try server.start { _, connection in
      held.withLock { $0.append(connection) }
      feed.yield()
    }
    var descriptors: [Int32] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    let request = Array("{\"command\":\"status\",\"follow\":true}\n".utf8)
    var arrived = arrivals.makeAsyncIterator()
    for _ in 0..<ControlServer.maximumConnections {
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      descriptors.append(descriptor)
      #expect(UnixSocketAddress(path: path)?.withPointer { connect(descriptor, $0, $1) } == 0)
      #expect(send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
      _ = await arrived.next()
    }
    #expect(try await raw(request).contains("\"refused\":true"))
    #expect(try await ask(ControlRequest(command: .status)).last?.refused == true)
    // One that is over makes room for another.
    held.withLock { $0.removeFirst() }.end()
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    descriptors.append(descriptor)
    #expect(UnixSocketAddress(path: path)?.withPointer { connect(descriptor, $0, $1) } == 0)
    #expect(send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
    #expect(await arrived.next() != nil)
  }
}
