import Service
import Foundation
import Peers
import SecureChannel
import Testing

@testable import Agent

/// Programs that are run when a board was paired or forgotten.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HookTests {
  /// A hook directory of its own, and what hooks leave there.
  private struct Place {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("hooks-\(UUID().uuidString)").path
    let lines = Locked<[String]>([])

    init() throws {
      for name in ["on-paired.d", "on-forgotten.d"] {
        try FileManager.default.createDirectory(
          atPath: "\(directory)/\(name)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
      }
    }

    func add(_ name: String, _ script: String, mode: Int = 0o755, event: String = "paired") {
      _ = FileManager.default.createFile(
        atPath: "\(directory)/on-\(event).d/\(name)", contents: Data("#!/bin/sh\n\(script)\n".utf8),
        attributes: [.posixPermissions: mode])
    }

    func hooks(seconds: Double = 20, asRoot: Bool = true) throws -> Hooks {
      Hooks(
        .init(
          directory: directory, label: try #require(ExportLabel("test")), seconds: seconds, asRoot: asRoot),
        log: ServiceLog(minimum: .trace, forJournal: true) { [lines] line in lines.withLock { $0.append(line) } })
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8) }
    func says(_ text: String) -> Bool { lines.withLock { $0.contains { $0.contains(text) } } }
    func remove() { try? FileManager.default.removeItem(atPath: directory) }
  }

  private static func peer() throws -> PeerRecord {
    PeerRecord(
      identity: try IdentityKeys.generate().publicIdentity, name: try #require(DeviceName("kitchen \"1\"")),
      ownIdentity: try IdentityKeys.generate().publicIdentity, pairedAt: Date(timeIntervalSince1970: 1_800_000_000),
      justifiedBits: 128, marginBits: 512, sas: "042137", handshakeHash: [UInt8](repeating: 3, count: 32),
      secret: try PairingSecret(bytes: SecretBytes.random(count: 32)))
  }

  /// On a thread that may wait.
  private func run(
    _ hooks: Hooks, _ programs: [String], after event: Hooks.Event, with peer: PeerRecord, isReplaced: Bool = false
  ) async throws -> Bool {
    try await onThread { hooks.run(programs, after: event, with: peer, isReplaced: isReplaced) }
  }

  @Test func theyRunInOrderWithWhatTheyNeedAndNothingElse() async throws {
    let place = try Place()
    defer { place.remove() }
    let peer = try Self.peer()
    let out = "cd \(place.directory)"
    place.add("20-second", "\(out); echo second >> order")
    place.add(
      "10-first",
      """
      here=$(pwd); \(out); echo first >> order
      echo "$here" > directory; cat > input; cat <&3 > key; env | sort > environment
      ls /proc/self/fd | sort -n | tr '\\n' ' ' > descriptors; echo to the log >&2; echo out
      """)
    place.add(".hidden", "\(out); echo hidden >> order")
    let hooks = try place.hooks()
    let programs = hooks.programs(for: .paired)
    #expect(programs.map { $0.split(separator: "/").last } == ["10-first", "20-second"])
    #expect(try await run(hooks, programs, after: .paired, with: peer, isReplaced: true))
    #expect(place.text("order") == "first\nsecond\n")
    #expect(place.text("directory") == "/\n")
    let key = try #require(FileManager.default.contents(atPath: "\(place.directory)/key"))
    let label = try #require(ExportLabel("test"))
    #expect(try peer.exportedKey(label, count: 32).withExposedBytes { $0 == Array(key) })
    let variables = try #require(place.text("environment")).split(separator: "\n").map { $0.prefix { $0 != "=" } }
    // PWD, SHLVL, OLDPWD and _ are the shell's own.
    #expect(
      Set(variables).subtracting(["PWD", "OLDPWD", "SHLVL", "_"]) == ["PATH", "LANG", "TACC_EVENT"], "\(variables)")
    // ls has one more, on the directory that it reads.
    #expect(place.text("descriptors") == "0 1 2 3 4 ")
    let input = try #require(FileManager.default.contents(atPath: "\(place.directory)/input"))
    let object = try #require(try JSONSerialization.jsonObject(with: input) as? [String: Any])
    #expect(object["event"] as? String == "paired" && object["replaced"] as? Bool == true)
    #expect((object["peer"] as? [String: Any])?["name"] as? String == "kitchen \"1\"")
    #expect((object["peer"] as? [String: Any])?["fingerprint"] as? String == peer.identity.fingerprint)
    #expect((object["board"] as? [String: Any])?["fingerprint"] as? String == peer.ownIdentity.fingerprint)
    #expect((object["key"] as? [String: Any])?["label"] as? String == "test")
    #expect(object["sas"] as? String == "042137" && object["paired_at"] as? String == "2027-01-15T08:00:00Z")
    // Neither the secret nor the key is in what is told.
    for secret in [peer.secret.bytes, try peer.exportedKey(label, count: 32)] {
      for encoding in [SecretBytes.TextEncoding.base64, .hexadecimal] {
        let text = secret.withExposedText(encoding) { String(decoding: $0, as: UTF8.self) }
        #expect(!String(decoding: input, as: UTF8.self).contains(text) && !place.says(text))
      }
    }
    #expect(place.says("hook says: to the log") && place.says("hook says: out"))
  }

  @Test func aForgottenPeerGivesNoKey() async throws {
    let place = try Place()
    defer { place.remove() }
    place.add("x", "cd \(place.directory); cat > input; ls /proc/self/fd | wc -l > count", event: "forgotten")
    let hooks = try place.hooks()
    #expect(try await run(hooks, hooks.programs(for: .forgotten), after: .forgotten, with: try Self.peer()))
    #expect(place.text("count") == "4\n")
    #expect(place.text("input")?.contains("\"key\"") == false)
  }

  @Test func howTheyEndIsLogged() async throws {
    let place = try Place()
    defer { place.remove() }
    place.add("1", "exit 7")
    place.add("2", "kill -KILL $$")
    place.add("4", "head -c 1000000 /dev/zero | tr '\\0' x; echo; exit 0")
    _ = FileManager.default.createFile(
      atPath: "\(place.directory)/on-paired.d/3", contents: Data("no program".utf8),
      attributes: [.posixPermissions: 0o755])
    let hooks = try place.hooks()
    #expect(!(try await run(hooks, hooks.programs(for: .paired), after: .paired, with: try Self.peer())))
    for text in [
      "hook failed hook=\(place.directory)/on-paired.d/1 status=7", "on-paired.d/2 signal=9", "hook not started",
    ] {
      #expect(place.says(text), "\(text): \(place.lines.withLock { $0 })")
    }
    #expect(place.says("hook done hook=\(place.directory)/on-paired.d/4 status=0"))
    #expect(place.lines.withLock { $0.allSatisfy { $0.utf8.count < 1000 } })
  }

  @Test func oneThatTakesTooLongIsEndedWithAllThatItStarted() async throws {
    let place = try Place()
    defer { place.remove() }
    // Deaf to SIGTERM, with a child that is too; `read` from a terminal's end that never comes.
    place.add("deaf", "trap '' TERM; (echo $$ > \(place.directory)/leader; exec sleep 1000) & while :; do wait; done")
    place.add("hearing", "sleep 1000")
    for name in ["deaf", "hearing"] {
      let process = HookProcess(
        path: "\(place.directory)/on-paired.d/\(name)", environment: ["PATH": "/usr/bin:/bin"], input: [], key: nil,
        limit: .milliseconds(300), grace: .milliseconds(200))
      #expect(try await onThread { process.run().ending } == .overdue)
    }
    let leader = try #require(place.text("leader").flatMap { pid_t($0.dropLast()) })
    // What was killed may be a zombie until init takes it, but nothing of the group runs.
    let states = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { name -> Substring? in
      guard let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8) else { return nil }
      let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
      return fields.count > 3 && fields[3] == "\(leader)" ? fields[1] : nil
    }
    #expect(states?.allSatisfy { $0 == "Z" || $0 == "X" } == true, "\(states ?? [])")
  }

  @Test func oneThatLeavesAChildBehindIsNotWaitedFor() async throws {
    let place = try Place()
    defer { place.remove() }
    // The child keeps the pipe of standard error open.
    place.add("x", "echo before; sleep 1000 & echo $! > \(place.directory)/child; exit 0")
    let hooks = try place.hooks()
    #expect(try await run(hooks, hooks.programs(for: .paired), after: .paired, with: try Self.peer()))
    #expect(place.says("hook says: before"))
    if let child = place.text("child").flatMap({ pid_t($0.dropLast()) }) { kill(child, SIGKILL) }
  }

  @Test func whatOthersMayChangeIsNotRun() throws {
    let place = try Place()
    defer { place.remove() }
    place.add("a-group", "", mode: 0o775)
    place.add("b-all", "", mode: 0o757)
    place.add("c-plain", "", mode: 0o644)
    place.add("d-good", "")
    try FileManager.default.createSymbolicLink(
      atPath: "\(place.directory)/on-paired.d/e-link", withDestinationPath: "/bin/true")
    // What umask took away.
    for (name, mode) in [("a-group", 0o775), ("b-all", 0o757)] {
      #expect(chmod("\(place.directory)/on-paired.d/\(name)", mode_t(mode)) == 0)
    }
    let files = HookFiles(in: "\(place.directory)/on-paired.d")
    #expect(files.programs.map { $0.split(separator: "/").last } == ["d-good"])
    #expect(files.refusals.count == 4, "\(files.refusals)")
    #expect(files.refusals.filter { $0.contains("may write") }.count == 2)
    #expect(files.refusals.contains { $0.contains("c-plain") && $0.contains("chmod +x") })
    #expect(files.refusals.contains { $0.contains("e-link") && $0.contains("no regular file") })
    #expect(chmod("\(place.directory)/on-paired.d", 0o777) == 0)
    #expect(HookFiles(in: "\(place.directory)/on-paired.d").programs.isEmpty)
    #expect(HookFiles(in: "\(place.directory)/nowhere").refusals.isEmpty)
  }

  @Test func rootRunsThemOnlyWhereThatIsSaid() throws {
    let place = try Place()
    defer { place.remove() }
    place.add("x", "exit 0")
    let isRoot = geteuid() == 0
    #expect(try place.hooks(asRoot: false).programs(for: .paired).isEmpty == isRoot)
    #expect(place.says("set hooks.as_root = true") == isRoot)
    #expect(try place.hooks(asRoot: true).programs(for: .paired).count == 1)
  }
}
