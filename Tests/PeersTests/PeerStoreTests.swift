import Foundation
import Platform
import SecureChannel
import Testing

@testable import Peers

@Suite struct PeerStoreTests {
  @Test func whatIsKeptIsFoundAgain() throws {
    try Samples.withDirectory { directory in
      let store = PeerStore(stateDirectory: directory)
      #expect(try store.list().peers.isEmpty)
      var record = try Samples.record("Küche \"2\"", secret: 9)
      record.exportedLabels = ["a", "b"]
      #expect(try store.keep(record) == nil)
      let again = try #require(try PeerStore(stateDirectory: directory).list().peers.first)
      #expect(again.identity == record.identity && again.ownIdentity == record.ownIdentity)
      #expect(again.name == record.name && again.alias == nil && again.shownName == record.name)
      #expect(again.pairedAt == Date(timeIntervalSince1970: 1_800_000_000))
      #expect(again.justifiedBits == 131 && again.marginBits == 512 && again.sas == "042137")
      #expect(again.handshakeHash == record.handshakeHash && again.secret.bytes == record.secret.bytes)
      #expect(again.exportedLabels == ["a", "b"])
    }
  }

  @Test func filesAreTheirOwnersAlone() throws {
    try Samples.withDirectory { directory in
      let store = PeerStore(stateDirectory: directory)
      let record = try Samples.record("a")
      try store.keep(record)
      func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
      }
      #expect(try mode(directory) == 0o700)
      #expect(try mode(store.directory) == 0o700)
      let path = "\(store.directory)/\(record.identity.fingerprint).json"
      #expect(try mode(path) == 0o600)
      // One that others may read is told of, and left where it is.
      #expect(chmod(path, 0o640) == 0)
      let listing = try store.list()
      #expect(listing.peers.isEmpty && listing.problems.count == 1 && listing.problems[0].setAside == nil)
      #expect("\(listing.problems[0].error)".contains("mode 640"))
      #expect(throws: PeerError.self) { try store.update(record) { $0.alias = nil } }
    }
  }

  @Test func pairingAgainReplacesAndKeepsTheGivenName() throws {
    try Samples.withDirectory { directory in
      let store = PeerStore(stateDirectory: directory)
      let first = try Samples.record("old name", secret: 1)
      try store.keep(first)
      try store.update(first) {
        $0.alias = DeviceName("mine")
        $0.exportedLabels = ["wireguard-psk"]
      }
      let replaced = try store.keep(try Samples.record("new name", of: first.identity, secret: 2))
      #expect(replaced?.secret.bytes == first.secret.bytes)
      let peers = try store.list().peers
      #expect(peers.count == 1)
      #expect(peers[0].name.text == "new name" && peers[0].shownName.text == "mine")
      // Keys of the new secret were not exported yet.
      #expect(peers[0].exportedLabels.isEmpty && peers[0].secret.bytes.exposed == [UInt8](repeating: 2, count: 32))
    }
  }

  @Test func peersAreFoundByNameAndFingerprint() throws {
    try Samples.withDirectory { directory in
      let store = PeerStore(stateDirectory: directory)
      let a = try Samples.record("kitchen")
      let b = try Samples.record("kitchen")
      let c = try Samples.record("garage")
      // One that calls itself like another's fingerprint does not take its place.
      let d = try Samples.record(a.identity.fingerprint)
      for record in [a, b, c, d] { try store.keep(record) }
      #expect(try store.find("garage").identity == c.identity)
      #expect(try store.find(a.identity.fingerprint).identity == a.identity)
      #expect(try store.find(String(c.identity.fingerprint.prefix(20))).identity == c.identity)
      let both = [a, b].map(\.identity.fingerprint).sorted()
      #expect(throws: PeerError.ambiguousPeer("kitchen", fingerprints: both)) { try store.find("kitchen") }
      for nobody in ["cellar", "", String(c.identity.fingerprint.prefix(3))] {
        #expect(throws: PeerError.unknownPeer(nobody, directory: store.directory)) { try store.find(nobody) }
      }
      try store.update(b) { $0.alias = DeviceName("upstairs") }
      #expect(try store.find("upstairs").identity == b.identity)
      #expect(try store.find("kitchen").identity == a.identity)
      try store.forget(a)
      #expect(throws: PeerError.self) { try store.find("kitchen") }
      #expect(throws: PeerError.self) { try store.forget(a) }
      #expect(try store.list().peers.count == 3)
    }
  }

  @Test func damagedFilesAreSetAside() throws {
    let record = try Samples.record("a")
    let text = try record.encoded()
    let name = "\(record.identity.fingerprint).json"
    func variant(_ old: String, _ new: String) -> [UInt8] {
      let changed = String(decoding: text, as: UTF8.self).replacingOccurrences(of: old, with: new)
      #expect(Array(changed.utf8) != text, "«\(old)» is not in the file")
      return Array(changed.utf8)
    }
    let damaged: [[UInt8]] = [
      [], [0], Array(text.prefix(100)), Array(text.dropLast(3)), [UInt8](repeating: 0, count: text.count),
      Array("[]".utf8), Array(String(repeating: "[", count: 60_000).utf8),
      variant("\"042137\"", "\"4213\""), variant("\"a\"", "\"a\\n\""), variant("pairing_secret", "pairing_secre"),
      variant("AQEBAQ", "AQEBAA"), variant("AQEBAQ", "AQEBA"), variant("BwcHBw", "BwcHBg"),
      variant("\"format\" : 1", "\"format\" : \"1\""),
    ]
    for bytes in damaged {
      try Samples.withDirectory { directory in
        let store = PeerStore(stateDirectory: directory)
        let other = try Samples.record("b")
        try store.keep(other)
        let path = "\(store.directory)/\(name)"
        #expect(
          FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600]))
        let listing = try store.list()
        #expect(listing.peers.map(\.identity) == [other.identity])
        #expect(listing.problems.map(\.setAside) == [path + ".corrupt"])
        #expect("\(listing.problems[0].error)".contains(path))
        // Told once.
        #expect(try store.list().problems.isEmpty)
        // And in nobody's way.
        try store.keep(record)
        #expect(try store.list().peers.count == 2)
      }
    }
  }

  @Test func aFileUnderAnotherPeersNameIsNoPeer() throws {
    try Samples.withDirectory { directory in
      let store = PeerStore(stateDirectory: directory)
      let (a, b) = (try Samples.record("a"), try Samples.record("b"))
      try store.keep(a)
      let files = PosixFiles()
      try files.rename(
        "\(store.directory)/\(a.identity.fingerprint).json", to: "\(store.directory)/\(b.identity.fingerprint).json")
      #expect(try store.list().problems.count == 1)
    }
  }

  @Test func aLaterFormatStaysWhereItIs() throws {
    try Samples.withDirectory { directory in
      let store = PeerStore(stateDirectory: directory)
      let record = try Samples.record("a")
      try store.keep(record)
      let path = "\(store.directory)/\(record.identity.fingerprint).json"
      try Data(#"{"format": 2, "what": "ever"}"#.utf8).write(to: URL(fileURLWithPath: path))
      let listing = try store.list()
      #expect(listing.problems.map(\.setAside) == [nil])
      #expect(listing.problems[0].error == .laterFormat(path: path, format: 2))
    }
  }

  @Test func everyPrefixOfAFileIsRefused() throws {
    let text = try Samples.record("a").encoded()
    // All but the last line end.
    for count in 0..<(text.count - 1) {
      var prefix = Array(text.prefix(count))
      #expect(throws: PeerError.self) { try PeerRecord(decoding: &prefix, path: "x") }
    }
    var whole = text
    #expect(throws: Never.self) { try PeerRecord(decoding: &whole, path: "x") }
    #expect(whole.allSatisfy { $0 == 0 })
  }

  @Test func randomDamageNeverTraps() throws {
    let text = try Samples.record("a").encoded()
    let seed = UInt64.random(in: 0..<1 << 48)
    var state = seed
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for _ in 0..<2000 {
      var copy = text
      for _ in 0...random(4) { copy[random(copy.count)] = UInt8(random(256)) }
      _ = try? PeerRecord(decoding: &copy, path: "x")
      #expect(copy.allSatisfy { $0 == 0 }, "seed \(seed)")
    }
  }

  @Test func theSecretIsCutOutInPlace() throws {
    // In another buffer the text would go on lying about.
    var text = try Samples.record("a").encoded()
    func place() -> UnsafeRawPointer? { text.withUnsafeBytes { $0.baseAddress } }
    let before = place()
    let secret = SecretField.cut(PeerFile.secretKey, count: 32, from: &text)
    #expect(place() == before)
    #expect(secret?.exposed == [UInt8](repeating: 1, count: 32))
    #expect(!String(decoding: text, as: UTF8.self).contains("AQEBAQ"))
  }

  @Test func namesCannotPassForTheSecret() throws {
    for name in ["\"pairing_secret\": \"AAAA\"", "pairing_secret", "\"pairing_secret\"", "\\\"pairing_secret\" :"] {
      let record = try Samples.record(name, secret: 5)
      var text = try record.encoded()
      let again = try PeerRecord(decoding: &text, path: "x")
      #expect(again.name == record.name && again.secret.bytes == record.secret.bytes)
    }
  }
}

/// The power fails at every operation and every byte.
@Suite struct PowerLossTests {
  /// Runs `change` on copies of a disk, cut at every step, and hands every disk that may be found then to `check`.
  private func cutEverywhere(
    _ start: ModelDisk.State, _ change: (PeerStore) throws -> Void, _ check: (PeerStore, _ done: Bool) throws -> Void
  ) throws {
    let whole = ModelDisk(start)
    let next = try Samples.record("next")
    try change(PeerStore(stateDirectory: "/state", files: whole))
    #expect(whole.steps > 1)
    for limit in 0...whole.steps {
      let disk = ModelDisk(start)
      disk.limit = limit
      let done = (try? change(PeerStore(stateDirectory: "/state", files: disk))) != nil
      #expect(done == (limit == whole.steps))
      for outcome in disk.afterPowerLoss() {
        let store = PeerStore(stateDirectory: "/state", files: outcome)
        try check(store, done)
        // Whatever is there, it can be worked with.
        try store.keep(next)
        #expect(try store.find("next").identity == next.identity)
        let names = try outcome.names(in: store.directory)
        #expect(names.allSatisfy { !AtomicFile.isUnfinished($0) }, "\(names)")
      }
    }
  }

  private func disk(with records: [PeerRecord]) throws -> ModelDisk.State {
    let disk = ModelDisk()
    let store = PeerStore(stateDirectory: "/state", files: disk)
    for record in records { try store.keep(record) }
    return disk.now
  }

  @Test func aNewPeerIsThereOrNot() throws {
    let (a, b) = (try Samples.record("a"), try Samples.record("b"))
    for start in [ModelDisk.State(), try disk(with: [a])] {
      let before = start.directories["/state/peers"]?.count ?? 0
      try cutEverywhere(start, { try $0.keep(b) }) { store, done in
        let listing = try store.list()
        #expect(listing.problems.isEmpty)
        #expect(listing.peers.count == before + 1 || (!done && listing.peers.count == before))
      }
    }
  }

  @Test func aReplacedPeerIsTheOldOrTheNewOne() throws {
    let old = try Samples.record("a", secret: 1)
    let new = try Samples.record("a", of: old.identity, secret: 2)
    var seen: Set<UInt8> = []
    try cutEverywhere(try disk(with: [old]), { try $0.keep(new) }) { store, done in
      let listing = try store.list()
      #expect(listing.problems.isEmpty)
      let secret = try #require(listing.peers.first).secret.bytes.exposed
      #expect(secret == new.secret.bytes.exposed || (!done && secret == old.secret.bytes.exposed))
      seen.insert(secret[0])
    }
    #expect(seen == [1, 2])
  }

  @Test func aPeerRenamedOrForgottenIsSoOrNot() throws {
    let a = try Samples.record("a")
    try cutEverywhere(try disk(with: [a]), { try $0.update(a) { $0.alias = DeviceName("b") } }) { store, done in
      let name = try #require(try store.list().peers.first).shownName.text
      #expect(name == "b" || (!done && name == "a"))
    }
    try cutEverywhere(try disk(with: [a]), { try $0.forget(a) }) { store, done in
      let count = try store.list().peers.count
      #expect(count == 0 || (!done && count == 1))
    }
  }

  @Test func anIdentityIsThereOrNotAndNeverChangesOnceItWasUsed() throws {
    let whole = ModelDisk()
    _ = try IdentityFile(stateDirectory: "/state", files: whole).readOrMake()
    for limit in 0...whole.steps {
      let disk = ModelDisk()
      disk.limit = limit
      let used = try? IdentityFile(stateDirectory: "/state", files: disk).readOrMake()
      #expect((used != nil) == (limit == whole.steps))
      for outcome in disk.afterPowerLoss() {
        let file = IdentityFile(stateDirectory: "/state", files: outcome)
        let found = try file.readOrMake().publicIdentity
        if let used { #expect(found == used.publicIdentity) }
        #expect(try file.readOrMake().publicIdentity == found)
        #expect(try outcome.names(in: "/state").allSatisfy { !AtomicFile.isUnfinished($0) })
      }
    }
  }

  @Test(arguments: ["create", "write to", "bring to the disk", "rename"])
  func aFullDiskIsAnErrorAndTheOldPeerStays(operation: String) throws {
    let old = try Samples.record("a", secret: 1)
    let disk = ModelDisk(try disk(with: [old]))
    disk.failing = [operation]
    let store = PeerStore(stateDirectory: "/state", files: disk)
    let new = try Samples.record("a", of: old.identity, secret: 2)
    do throws(PeerError) {
      try store.keep(new)
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("ENOSPC"), "\(error)")
    }
    disk.failing = []
    #expect(try store.list().peers.count == 1)
    #expect(try disk.names(in: store.directory).allSatisfy { !AtomicFile.isUnfinished($0) })
  }
}

@Suite struct IdentityFileTests {
  @Test func madeOnceAndTheSameEverAfter() throws {
    try Samples.withDirectory { directory in
      let file = IdentityFile(stateDirectory: directory + "/deep/down")
      #expect(try file.read() == nil)
      let keys = try file.readOrMake()
      #expect(try file.readOrMake().publicIdentity == keys.publicIdentity)
      #expect(try file.read()?.signingKey.sign([1]) == keys.signingKey.sign([1]))
      let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func whoeverComesAtTheSameTimeGetsTheSame() throws {
    for _ in 0..<20 {
      try Samples.withDirectory { directory in
        let found = Locked<[PublicIdentity]>([])
        let threads = try (0..<8).map { _ in
          try SystemThread(name: "agent") {
            guard let keys = try? IdentityFile(stateDirectory: directory).readOrMake() else { return }
            found.withLock { $0.append(keys.publicIdentity) }
          }
        }
        for thread in threads { thread.join() }
        let all = found.withLock { $0 }
        #expect(all.count == 8 && Set(all).count == 1)
      }
    }
  }

  @Test func aFileSystemWithoutLocksStillGivesOne() throws {
    // Somebody else makes one between this one's look and its link.
    let disk = ModelDisk()
    let file = IdentityFile(stateDirectory: "/state", files: disk)
    let first = try file.readOrMake()
    var text = try disk.read(file.path, limit: 1000)
    #expect(try AtomicFile.create(file.path, with: text, on: disk) == false)
    wipe(&text)
    #expect(try file.readOrMake().publicIdentity == first.publicIdentity)
  }

  @Test func aDamagedOneIsAnErrorAndNotReplaced() throws {
    try Samples.withDirectory { directory in
      let file = IdentityFile(stateDirectory: directory)
      _ = try file.readOrMake()
      let text = try String(contentsOfFile: file.path, encoding: .utf8)
      let other = try IdentityKeys.generate().publicIdentity.fingerprint
      let fingerprint = try #require(try file.read()).publicIdentity.fingerprint
      for bad in [
        "", "{}", String(text.dropLast(5)), text.replacingOccurrences(of: fingerprint, with: other),
        text.replacingOccurrences(of: "\"secret\" : \"", with: "\"secret\" : \"A"),
      ] {
        try Data(bad.utf8).write(to: URL(fileURLWithPath: file.path))
        do throws(PeerError) {
          _ = try file.readOrMake()
          Issue.record("«\(bad)» was accepted")
        } catch {
          guard case .corrupt(file.path, _) = error else {
            Issue.record("\(error)")
            continue
          }
        }
      }
      #expect(try String(contentsOfFile: file.path, encoding: .utf8).isEmpty == false)
    }
  }
}
