import SecureChannel
import Testing

@testable import Transfer

@Suite("Files between two boards")
struct FileMachineTests {
  private let contents: [UInt8] = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

  /// Runs a file through both machines, the stream cut into pieces of a size.
  private func run(piece: Int, having: Int, spoilt: Bool = false) throws -> (
    got: [UInt8], sentFrom: UInt64, isGenuine: Bool
  ) {
    var stored = Array(contents.prefix(having))
    if spoilt, having > 0 { stored[having - 1] ^= 1 }
    var (sender, offer) = FileSender.offering(name: "a/b/photo.jpg", size: UInt64(contents.count))
    var receiver = FileReceiver()
    var toReceiver = offer
    var toSender: [UInt8] = []
    var result: (got: [UInt8], sentFrom: UInt64, isGenuine: Bool)?
    var isDelivered = false
    var from: UInt64 = 0
    while !isDelivered {
      while !toReceiver.isEmpty {
        let bytes = toReceiver.prefix(piece)
        toReceiver.removeFirst(bytes.count)
        for action in try receiver.take(bytes) {
          switch action {
          case .judge(let name, let size):
            #expect(name == "photo.jpg" && size == UInt64(contents.count))
            toSender += receiver.accept(
              having: Checkpoint.offsets(for: UInt64(having)).map {
                Checkpoint(offset: $0, hash: BLAKE2b.hash(stored.prefix(Int($0))))
              })
          case .truncate(let offset): stored.removeLast(stored.count - Int(offset))
          case .store(let bytes): stored += bytes
          case .verify(let hash):
            result = (stored, from, hash == BLAKE2b.hash(stored))
            toSender += receiver.placed(as: "photo.jpg")
          }
        }
      }
      while !toSender.isEmpty {
        let bytes = toSender.prefix(piece)
        toSender.removeFirst(bytes.count)
        for action in try sender.take(bytes) {
          switch action {
          case .compare(let checkpoints):
            let same = checkpoints.prefix { $0.hash == BLAKE2b.hash(contents.prefix(Int($0.offset))) }
            from = same.last?.offset ?? 0
            toReceiver += sender.compared(longest: from)
            toReceiver += contents.dropFirst(Int(from)) + BLAKE2b.hash(contents)
            sender.contentsEnded()
          case .delivered(let name):
            #expect(name == "photo.jpg")
            isDelivered = true
          }
        }
      }
    }
    return try #require(result)
  }

  @Test("a file crosses whole, however the stream is cut", arguments: [1, 2, 3, 7, 39, 40, 41, 1_000, 10_000])
  func whole(piece: Int) throws {
    let (got, from, isGenuine) = try run(piece: piece, having: 0)
    #expect(got == contents && from == 0 && isGenuine)
  }

  @Test("a receiver that has a part goes on from there", arguments: [1, 15, 16, 17, 2_500, 4_999, 5_000])
  func resume(having: Int) throws {
    let (got, from, isGenuine) = try run(piece: 100, having: having)
    #expect(got == contents && from == UInt64(having) && isGenuine)
  }

  @Test("an end that a power failure spoilt is sent again, and no more than a sixteenth of what there was")
  func spoilt() throws {
    let (got, from, isGenuine) = try run(piece: 100, having: 4_000, spoilt: true)
    #expect(got == contents && from == 3_750 && isGenuine)
  }

  @Test("an empty file")
  func empty() throws {
    var receiver = FileReceiver()
    var (sender, offer) = FileSender.offering(name: "x", size: 0)
    let offered = try receiver.take(offer[...])
    #expect(offered == [.judge(name: "x", size: 0)])
    let accepted = try sender.take(receiver.accept(having: [])[...])
    #expect(accepted == [.compare([])])
    let begin = sender.compared(longest: 0) + BLAKE2b.hash([])
    let begun = try receiver.take(begin[...])
    #expect(begun == [.truncate(to: 0), .verify(hash: BLAKE2b.hash([]))])
  }

  // MARK: Lies

  private func accepted(size: UInt64) throws -> FileReceiver {
    var receiver = FileReceiver()
    _ = try receiver.take(FileMessage.offer(size: size, name: "x").encoded[...])
    _ = receiver.accept(having: [Checkpoint(offset: 2, hash: [UInt8](repeating: 0, count: 32))])
    return receiver
  }

  @Test("a receiver refuses lengths that lie, messages out of turn and more than the file")
  func receiverLies() throws {
    var receiver = FileReceiver()
    #expect(throws: TransferError.self) { try receiver.take([1, 0xFF, 0xFF, 0xFF, 0xFF]) }
    receiver = FileReceiver()
    #expect(throws: TransferError.self) { try receiver.take(FileMessage.begin(offset: 0).encoded[...]) }
    receiver = FileReceiver()
    #expect(throws: TransferError.self) { try receiver.take(FileMessage.offer(size: 1 << 63, name: "x").encoded[...]) }
    receiver = FileReceiver()
    #expect(throws: TransferError.self) { try receiver.take(FileMessage.offer(size: 1, name: "").encoded[...]) }
    receiver = try accepted(size: 4)
    #expect(throws: TransferError.self) { try receiver.take(FileMessage.begin(offset: 3).encoded[...]) }
    receiver = try accepted(size: 4)
    #expect(throws: TransferError.self) { try receiver.take(FileMessage.offer(size: 4, name: "x").encoded[...]) }
    receiver = try accepted(size: 4)
    let whole = FileMessage.begin(offset: 2).encoded + [UInt8](repeating: 0, count: 2 + 32)
    #expect(throws: TransferError.self) { try receiver.take((whole + [0])[...]) }
    receiver = try accepted(size: 4)
    _ = try receiver.take(whole[...])
    #expect(throws: TransferError.self) { try receiver.take([0]) }
  }

  @Test("a sender refuses parts longer than the file, out of order or too many, and receipts that come too early")
  func senderLies() throws {
    func sender() -> FileSender { FileSender.offering(name: "x", size: 10).sender }
    func checkpoint(_ offset: UInt64) -> Checkpoint {
      Checkpoint(offset: offset, hash: [UInt8](repeating: 0, count: 32))
    }
    for bad in [
      FileMessage.have([checkpoint(11)]), .have([checkpoint(5), checkpoint(5)]), .have([checkpoint(0)]),
      .have((1...17).map { checkpoint($0) }), .done(name: "x"), .begin(offset: 0),
    ] {
      var machine = sender()
      #expect(throws: TransferError.self, "\(bad)") { try machine.take(bad.encoded[...]) }
    }
    var machine = sender()
    #expect(throws: TransferError.refused("no room")) {
      try machine.take(FileMessage.refuse("no\n room\u{1B}").encoded[...])
    }
    machine = sender()
    _ = try machine.take(FileMessage.have([]).encoded[...])
    let unoffered = machine.compared(longest: 3)
    #expect(unoffered.isEmpty)
    #expect(throws: TransferError.self) { try machine.take(FileMessage.have([]).encoded[...]) }
  }

  @Test("random bytes never do worse than an error", arguments: 0..<200 as Range<UInt64>)
  func fuzz(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var (sender, receiver) = (FileSender.offering(name: "x", size: 100).sender, FileReceiver())
    for _ in 0..<20 {
      let type = UInt8.random(in: 0...6, using: &random)
      let body = random.bytes(Int.random(in: 0...80, using: &random))
      let message = [type, 0, 0, 0, UInt8(body.count)] + body
      _ = try? sender.take(message[...])
      if case .judge? = try? receiver.take(message[...]).first { _ = receiver.accept(having: []) }
    }
  }

  @Test(
    "names",
    arguments: [
      ("photo.jpg", "photo.jpg"), ("/etc/passwd", "passwd"), ("../../.ssh/authorized_keys", "authorized_keys"),
      ("..", "file"), (".", "file"), ("", "file"), ("...", "file"), (".profile", "profile"), ("-rf", "rf"),
      ("C:\\Windows\\x.dll", "x.dll"), ("a\u{0}b\nc\u{1B}[31m.txt", "abc[31m.txt"), ("  x  ", "x"),
      ("gpj\u{202E}.exe", "gpj.exe"), ("a/", "a"), ("über.txt", "über.txt"), ("x.", "x"),
    ])
  func names(pair: (String, String)) { #expect(FileName.sanitised(pair.0) == pair.1) }

  @Test("long names are cut, and keep their extension; taken ones get a number")
  func longNames() {
    let long = FileName.sanitised(String(repeating: "ä", count: 300) + ".tar.gz")
    #expect(long.utf8.count <= FileName.maximumCount && long.hasSuffix(".gz"))
    #expect(FileName.sanitised("a." + String(repeating: "b", count: 400)).utf8.count <= FileName.maximumCount)
    #expect(FileName.alternative("a.txt", 0) == "a.txt")
    #expect(FileName.alternative("a.txt", 2) == "a (2).txt")
    #expect(FileName.alternative("a", 1) == "a (1)")
  }

  @Test("budgets: unknown until the relay names a limit, then kept to")
  func budgets() {
    var budget = SessionBudget()
    budget.begin()
    for _ in 0..<300 { budget.count(packet: 16_384) }
    #expect(!budget.isSpent(afterSeconds: 10))
    let wasLost = budget.sessionEnded(saying: "the connection was lost")
    #expect(!wasLost)
    let hadTooMany = budget.sessionEnded(saying: "more than 4194304 bytes of messages (limit sessionBytes)")
    #expect(hadTooMany)
    budget.begin()
    #expect(!budget.isHalfSpent(afterSeconds: 0))
    var sent = 0
    while !budget.isSpent(afterSeconds: 0) {
      budget.count(packet: 16_384)
      sent += 1
    }
    #expect(sent < 300 && sent > 270)
    #expect(budget.isSpent(afterSeconds: 1_500) && budget.isHalfSpent(afterSeconds: 750))
    var other = SessionBudget()
    for _ in 0..<4_000 { other.count(packet: 10) }
    let hadTooManyMessages = other.sessionEnded(saying: "(limit sessionMessages)")
    #expect(hadTooManyMessages)
    other.begin()
    for _ in 0..<3_968 { other.count(packet: 10) }
    #expect(other.isSpent(afterSeconds: 0))
  }
}
