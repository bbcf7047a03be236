import Foundation
import Motion
import Peers
import SecureChannel
import Testing

@testable import Agent

// With the other whole agents, one pairing at a time.
extension AgentDaemonTests {
  /// Whole agents that keep whom they were paired with.
  @Suite(.serialized, .timeLimit(.minutes(3))) struct PeerKeepingTests {
    private let place = FileManager.default.temporaryDirectory.appendingPathComponent("state-\(UUID().uuidString)").path

    private func settings(_ name: String) -> [(String, String)] {
      [
        ("state.directory", "\(place)/\(name)"), ("device.name", name), ("hooks.directory", "\(place)/hooks-\(name)"),
        ("hooks.as_root", "true"), ("hooks.key_label", "test"),
      ]
    }

    private func pair(_ first: Board, _ second: Board) async throws -> (WindowSummary, WindowSummary) {
      async let a = first.ask(.press, follow: true)
      async let b = second.ask(.press, follow: true)
      let ends = try await [a, b].map { try #require($0.last?.last) }
      return (ends[0], ends[1])
    }

    private func players() throws -> (Player, Player) {
      var parameters = SimulatorParameters(seed: 7)
      parameters.seconds = 14
      let pair = try Simulator.simulate(parameters)
      return (Player(pair.alice.recording), Player(pair.bob.recording))
    }

    @Test func bothKeepTheOtherRunHooksAndReplaceItLater() async throws {
      defer { try? FileManager.default.removeItem(atPath: place) }
      let hooks = "\(place)/hooks-first/on-paired.d"
      try FileManager.default.createDirectory(
        atPath: hooks, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
      _ = FileManager.default.createFile(
        atPath: "\(hooks)/x", contents: Data("#!/bin/sh\nod -An -v -tx1 <&3 | tr -d ' \\n' > \(place)/key\n".utf8),
        attributes: [.posixPermissions: 0o755])
      let (one, two) = try players()
      try await withRelay { relay in
        let first = Board(relay: relay, sensor: one, settings: settings("first"))
        let second = Board(relay: relay, sensor: two, settings: settings("second"))
        let stores = ["first", "second"].map { PeerStore(stateDirectory: "\(place)/\($0)") }
        var fingerprints: [Set<String>] = [[], []]
        var keys: Set<String> = []
        for round in 0..<2 {
          let (a, b) = try await pair(first, second)
          #expect(a.paired && b.paired, "\(a.message) / \(b.message)")
          #expect(a.peer?.name == "second" && b.peer?.name == "first")
          #expect(a.peer?.replaced == (round == 1) && b.peer?.replaced == (round == 1))
          try await until("the hook has run") { first.count("hook done") == round + 1 }
          let peers = try stores.map { try #require(try $0.list().peers.first) }
          #expect(try stores.allSatisfy { try $0.list().peers.count == 1 })
          #expect(peers[0].identity == peers[1].ownIdentity && peers[1].identity == peers[0].ownIdentity)
          #expect(peers[0].sas == a.sas && peers.allSatisfy { $0.justifiedBits >= 128 && $0.marginBits == 512 })
          #expect(peers[0].exportedLabels == ["test"] && peers[1].exportedLabels.isEmpty)
          let label = try #require(ExportLabel("test"))
          let exported = try peers.map { try $0.exportedKey(label, count: 32).withExposedText(.hexadecimal) { $0 } }
          #expect(exported[0] == exported[1])
          let hookKey = try String(contentsOfFile: "\(place)/key", encoding: .utf8)
          #expect(Array(hookKey.utf8) == exported[0])
          keys.insert(hookKey)
          for (index, peer) in peers.enumerated() { fingerprints[index].insert(peer.identity.fingerprint) }
        }
        // The same boards, another key.
        #expect(fingerprints.allSatisfy { $0.count == 1 } && keys.count == 2)
        // No key is in a log.
        for key in keys { #expect(first.count(key) == 0 && second.count(key) == 0) }
        try await first.stop()
        try await second.stop()
      }
    }

    @Test func aBoardWithoutStatePairsAsBefore() async throws {
      defer { try? FileManager.default.removeItem(atPath: place) }
      let (one, two) = try players()
      try await withRelay { relay in
        let first = Board(relay: relay, sensor: one, settings: settings("first"))
        let second = Board(relay: relay, sensor: two)
        let (a, b) = try await pair(first, second)
        #expect(a.paired && b.paired && a.peer == nil && b.peer == nil)
        #expect(try PeerStore(stateDirectory: "\(place)/first").list().peers.isEmpty)
        try await first.stop()
        try await second.stop()
      }
    }

    @Test func aPeerThatCannotBeKeptIsNoPairing() async throws {
      defer { try? FileManager.default.removeItem(atPath: place) }
      let (one, two) = try players()
      try await withRelay { relay in
        let first = Board(relay: relay, sensor: one, settings: settings("first"))
        let second = Board(relay: relay, sensor: two, settings: settings("second"))
        // Where the directory should be is a file.
        _ = try await first.ask(.status)
        _ = FileManager.default.createFile(atPath: "\(place)/first/peers", contents: Data())
        let (a, b) = try await pair(first, second)
        #expect(!a.paired && a.code == "peer-not-kept" && a.message.contains("ENOTDIR"), "\(a.message)")
        #expect(b.paired)
        #expect(first.lamp.shown.withLock { $0 }.last == .aborted)
        try await first.stop()
        try await second.stop()
      }
    }

    @Test func aStateDirectoryThatCannotBeUsedKeepsTheAgentFromStarting() async throws {
      let (one, _) = try players()
      let board = Board(relay: "ws://127.0.0.1:1", sensor: one, settings: [("state.directory", "/dev/null/state")])
      await #expect(throws: PeerError.self) { try await board.ended() }
    }
  }
}
