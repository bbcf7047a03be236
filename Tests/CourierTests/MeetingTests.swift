import Foundation
import Logging
import Relay
import RelayLink
import SecureChannel
import Synchronization
import Testing
import Transfer

@testable import Courier

/// A relay of this process, which can be ended and started anew on the same port.
private actor TestRelay {
  nonisolated let access: RelayAccess
  private var configuration: RelayConfiguration
  private var server: RelayServer

  init(_ change: @Sendable (inout RelayLimits) -> Void = { _ in }) async throws {
    configuration = RelayConfiguration(port: 0)
    change(&configuration.limits)
    server = Self.server(configuration)
    let port = try await server.start().boundPort
    configuration.port = port
    access = RelayAccess(endpoint: try RelayEndpoint("ws://127.0.0.1:\(port)"), options: RelayLinkOptions())
  }

  private static func server(_ configuration: RelayConfiguration) -> RelayServer {
    RelayServer(configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Breaks every connection, forgets every session.
  func restart() async throws {
    await server.shutdown(gracefully: false)
    server = Self.server(configuration)
    _ = try await server.start()
  }

  func stop() async { await server.shutdown(gracefully: false) }
}

/// Two boards that were paired, each at its own end of the same purpose.
private struct Boards {
  let alice: IdentityKeys
  let bob: IdentityKeys
  let secret: PairingSecret

  init() throws {
    alice = try IdentityKeys.generate()
    bob = try IdentityKeys.generate()
    secret = try PairingSecret(bytes: SecretBytes.random(count: 32))
  }

  func lifelines(
    _ atAlice: Acquaintance.Activity, _ atBob: Acquaintance.Activity, at relay: TestRelay
  ) throws -> (alice: Lifeline, bob: Lifeline) {
    let ofBob = try Acquaintance(keys: alice, peer: bob.publicIdentity, secret: secret, activity: atAlice)
    let ofAlice = try Acquaintance(keys: bob, peer: alice.publicIdentity, secret: secret, activity: atBob)
    return (
      try Lifeline(to: [ofBob], at: relay.access, tell: { _ in }),
      try Lifeline(to: [ofAlice], at: relay.access, tell: { _ in })
    )
  }
}

@Suite("Two paired boards through a relay", .timeLimit(.minutes(5)))
struct MeetingTests {
  private static func contents(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ $0 >> 16) }
  }

  private func withRelay(
    _ change: @Sendable (inout RelayLimits) -> Void = { _ in }, _ body: (TestRelay) async throws -> Void
  ) async throws {
    let relay = try await TestRelay(change)
    do {
      try await body(relay)
    } catch {
      await relay.stop()
      throw error
    }
    await relay.stop()
  }

  private func meet(_ alice: Lifeline, _ bob: Lifeline) async throws {
    async let one = alice.open(waiting: nil)
    async let two = bob.open(waiting: nil)
    #expect(try await [one, two] == [0, 0])
  }

  /// Reads `count` bytes at least.
  private func read(_ count: Int, from lifeline: Lifeline) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, let pieces = try await lifeline.read() {
      for piece in pieces { bytes += piece }
    }
    return bytes
  }

  /// Reads all that is left.
  private func rest(of lifeline: Lifeline) async throws -> [UInt8] { try await read(.max, from: lifeline) }

  @Test("a file crosses whole, in as many sessions as the relay's limits make of it")
  func file() async throws {
    let directory = FileManager.default.temporaryDirectory.path + "/tacc-\(UUID())"
    try FileManager.default.createDirectory(atPath: directory + "/in", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let contents = Self.contents(3_000_000)
    try Data(contents).write(to: URL(fileURLWithPath: directory + "/data.bin"))

    // The relay breaks the first session off in the middle; of its limit the boards learn by that.
    try await withRelay({ $0.sessionBytes = 1_000_000 }) { relay in
      let boards = try Boards()
      let (alice, bob) = try boards.lifelines(.send, .receive, at: relay)
      let furthest = Atomic<UInt64>(0)
      async let sent = {
        _ = try await alice.open(waiting: nil)
        let file = try await alice.send(directory + "/data.bin") { _ in }
        await alice.leave(within: .seconds(60))
        return file
      }()
      async let received = {
        _ = try await bob.open(waiting: nil)
        let file = try await bob.receive(into: directory + "/in", from: [1], takesAlternative: false) {
          furthest.store($0.done, ordering: .relaxed)
        }
        await bob.leave(within: .seconds(60))
        return file
      }()
      let (there, here) = try await (sent, received)
      #expect(there.hash == BLAKE2b.hash(contents) && here.hash == there.hash)
      #expect(there.name == "data.bin" && here.name == "data.bin" && here.size == 3_000_000)
      #expect(furthest.load(ordering: .relaxed) == 3_000_000)
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory + "/in/data.bin"))) == contents)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/in") == ["data.bin"])
      // Four megabytes in base64, one to a session.
      #expect(await alice.sessionCount >= 4)
      #expect(await bob.sessionCount >= 4)
    }
  }

  @Test("a stream goes on where it was when the relay is started anew, both ways")
  func restarted() async throws {
    try await withRelay { relay in
      let (alice, bob) = try Boards().lifelines(.connect, .connect, at: relay)
      try await meet(alice, bob)
      let (there, back) = (Self.contents(900_000), Self.contents(700_001))
      async let written: Void = alice.write(there)
      async let answered: Void = bob.write(back)
      // Neither side takes more for now, so neither can have written all: more than a window is left.
      var atBob = try await read(200_000, from: bob)
      var atAlice = try await read(100_000, from: alice)
      #expect(atBob.count < there.count - ResumableStream.window && atAlice.count < back.count - ResumableStream.window)
      try await relay.restart()

      async let restAtBob = rest(of: bob)
      async let restAtAlice = rest(of: alice)
      try await written
      await alice.finish()
      try await answered
      await bob.finish()
      atBob += try await restAtBob
      atAlice += try await restAtAlice
      #expect(atBob == there)
      #expect(atAlice == back)
      #expect(await alice.sessionCount >= 2)
      #expect(await bob.sessionCount >= 2)
      async let gone: Void = alice.leave(within: .seconds(60))
      await bob.leave(within: .seconds(60))
      await gone
    }
  }

  @Test("a pipe into a command outlives its session, and ends with the command's status")
  func command() async throws {
    try await withRelay { relay in
      let (alice, bob) = try Boards().lifelines(.connect, .connect, at: relay)
      try await meet(alice, bob)
      async let status = bob.join(command: "cat; echo end; exit 7")
      let numbers = Self.contents(1_000_000)
      async let written: Void = alice.write(numbers)
      // The echo waits in pipes and windows, which do not hold all of it.
      var echo = try await read(50_000, from: alice)
      try await relay.restart()
      async let rest = rest(of: alice)
      try await written
      await alice.finish()
      echo += try await rest
      #expect(echo == numbers + Array("end\n".utf8))
      async let gone: Void = alice.leave(within: .seconds(60))
      #expect(try await status == .ended(status: 7))
      await gone
      #expect(await alice.sessionCount >= 2)
      #expect(await bob.sessionCount >= 2)
    }
  }

  @Test("boards that do not know each other do not meet; whoever waited is told")
  func strangers() async throws {
    try await withRelay { relay in
      let (alice, _) = try Boards().lifelines(.connect, .connect, at: relay)
      let (_, other) = try Boards().lifelines(.connect, .connect, at: relay)
      let waits = Task { try await alice.open(waiting: .milliseconds(300)) }
      await #expect(throws: CourierError.nobodyCame(seconds: 0)) { try await other.open(waiting: .milliseconds(300)) }
      await #expect(throws: CourierError.nobodyCame(seconds: 0)) { try await waits.value }
    }
  }
}
