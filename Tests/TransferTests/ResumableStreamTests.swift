import Testing

@testable import Transfer

@Suite("Streams that outlive sessions")
struct ResumableStreamTests {
  /// Two sides that have greeted each other.
  private func together() throws -> (ResumableStream, ResumableStream) {
    var (a, b) = (ResumableStream.numbered(1), ResumableStream.numbered(2))
    a.sessionBegan()
    b.sessionBegan()
    for frame in a.frames() { _ = try b.take(frame) }
    for frame in b.frames() { _ = try a.take(frame) }
    return (a, b)
  }

  @Test(
    "whatever is lost when sessions end, every byte arrives once and in order, both ways",
    arguments: 0..<40 as Range<UInt64>)
  func anyLoss(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var sides = [ResumableStream.numbered(1), ResumableStream.numbered(2)]
    let messages = [random.bytes(400_000), random.bytes(Int.random(in: 0...90_000, using: &random))]
    var written = [0, 0]
    var got: [[UInt8]] = [[], []]
    var sessions = 0
    while !(sides[0].isComplete && sides[1].isComplete) {
      sessions += 1
      try #require(sessions < 3_000, "seed \(seed) does not end")
      for side in 0...1 { sides[side].sessionBegan() }
      // What each sent and the other has not taken yet.
      var wire: [[[UInt8]]] = [[], []]
      for _ in 0..<Int.random(in: 1...60, using: &random) {
        let side = Int.random(in: 0...1, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0:
          let count = min(
            sides[side].room, messages[side].count - written[side], Int.random(in: 1...40_000, using: &random))
          if count > 0 { sides[side].write(Array(messages[side][written[side]..<(written[side] + count)])) }
          written[side] += max(0, count)
          if written[side] == messages[side].count { sides[side].finish() }
        case 1: for frame in sides[side].frames() { wire[side].append(frame) }
        case 2:
          for _ in 0..<Int.random(in: 1...6, using: &random) where !wire[1 - side].isEmpty {
            _ = try sides[side].take(wire[1 - side].removeFirst())
          }
        default: if let bytes = sides[side].read() { got[side] += bytes }
        }
        let under = wire.map { $0.filter { $0[0] == 2 }.map(\.count).reduce(0, +) }
        #expect(under.allSatisfy { $0 <= ResumableStream.window + 64 }, "more under way than there was credit for")
      }
      for side in 0...1 { sides[side].sessionEnded() }
    }
    for side in 0...1 { while let bytes = sides[side].read() { got[side] += bytes } }
    #expect(got[1] == messages[0] && got[0] == messages[1], "seed \(seed)")
    #expect(sides[0].isEndReached && sides[1].isEndReached)
  }

  @Test("who does not read is sent no more than a window")
  func backPressure() throws {
    var (a, b) = try together()
    var sent = 0
    for _ in 0..<100 {
      if a.room > 0 { a.write([UInt8](repeating: 7, count: min(a.room, 10_000))) }
      for frame in a.frames() {
        sent += frame.count - 1
        _ = try b.take(frame)
      }
      for frame in b.frames() { _ = try a.take(frame) }
    }
    #expect(sent <= ResumableStream.window)
    #expect(a.room == 0 || sent == ResumableStream.window)
    var read = 0
    while let bytes = b.read() { read += bytes.count }
    #expect(read == sent)
    for frame in b.frames() { _ = try a.take(frame) }
    #expect(a.room > 0)
  }

  @Test("half-closed: one side ends, the other still speaks")
  func halfClose() throws {
    var (a, b) = try together()
    a.write([1])
    a.finish()
    for frame in a.frames() { _ = try b.take(frame) }
    let atB = b.read()
    #expect(atB == [1] && b.isEndReached && !b.isComplete)
    b.write([2])
    for frame in b.frames() { _ = try a.take(frame) }
    let atA = a.read()
    #expect(atA == [2] && !a.isEndReached && a.isEndConfirmed)
    b.finish()
    for frame in b.frames() { _ = try a.take(frame) }
    for frame in a.frames() { _ = try b.take(frame) }
    #expect(a.isComplete && b.isComplete)
  }

  @Test("after the announcement of another session nothing more is sent in this one")
  func next() throws {
    var (a, b) = try together()
    a.announceNext(code: "ABCDEFGH")
    a.write([1, 2, 3])
    let frames = a.frames()
    #expect(frames.count == 1)
    let event = try b.take(frames[0])
    #expect(event == .next(code: "ABCDEFGH"))
  }

  // MARK: Lies

  private func expectViolation(_ frames: [StreamFrame], sourceLocation: SourceLocation = #_sourceLocation) throws {
    var (a, _) = try together()
    a.write([UInt8](repeating: 0, count: 100))
    _ = a.frames()
    let last = try #require(frames.last)
    for frame in frames.dropLast() { _ = try a.take(frame.encoded) }
    #expect(sourceLocation: sourceLocation) { try a.take(last.encoded) } throws: {
      guard case TransferError.protocolViolation = $0 else { return false }
      return true
    }
  }

  @Test("lies about data, receipts, credits and ends are refused")
  func lies() throws {
    let window = UInt64(ResumableStream.window)
    let most = [UInt8](repeating: 0, count: ResumableStream.maximumChunk)
    try expectViolation([StreamFrame](repeating: .data(most[...]), count: 11))
    try expectViolation([.credit(.init(received: 101, limit: window + 101, isEnded: false))])
    try expectViolation([.credit(.init(received: 0, limit: window - 1, isEnded: false))])
    try expectViolation([.credit(.init(received: 0, limit: window + 1, isEnded: false))])
    try expectViolation([.credit(.init(received: 0, limit: .max, isEnded: false))])
    try expectViolation([
      .credit(.init(received: 50, limit: window + 50, isEnded: false)),
      .credit(.init(received: 49, limit: window + 49, isEnded: false)),
    ])
    try expectViolation([.credit(.init(received: 100, limit: window + 100, isEnded: true))])
    try expectViolation([.end(count: 1)])
    try expectViolation([.data([1]), .end(count: 2)])
    try expectViolation([.end(count: 0), .data([1])])
    let nonces = ([UInt8](repeating: 2, count: 16), [UInt8](repeating: 1, count: 16))
    try expectViolation([.hello(own: nonces.0, others: nonces.1, .init(received: 0, limit: window, isEnded: false))])
  }

  @Test("greetings: none before data, none that speaks of what was not sent, none of another process")
  func greetings() throws {
    var fresh = ResumableStream.numbered(1)
    #expect(throws: TransferError.self) { try fresh.take(StreamFrame.data([1]).encoded) }
    fresh.sessionBegan()
    #expect(throws: TransferError.self) { try fresh.take(StreamFrame.data([1]).encoded) }
    let window = UInt64(ResumableStream.window)
    func hello(_ own: UInt8, _ others: UInt8, _ received: UInt64) -> [UInt8] {
      StreamFrame.hello(
        own: [UInt8](repeating: own, count: 16), others: [UInt8](repeating: others, count: 16),
        .init(received: received, limit: received + window, isEnded: false)
      ).encoded
    }
    #expect(throws: TransferError.unknownToPeer) { try fresh.take(hello(2, 3, 0)) }
    #expect(throws: TransferError.self) { try fresh.take(hello(2, 1, 5)) }
    #expect(throws: TransferError.self) { try fresh.take(hello(2, 0, 5)) }
    _ = try fresh.take(hello(2, 0, 0))
    fresh.sessionEnded()
    fresh.sessionBegan()
    #expect(throws: TransferError.peerRestarted) { try fresh.take(hello(4, 0, 0)) }
    #expect(throws: TransferError.laterVersion(2)) {
      var later = hello(2, 1, 0)
      later[1] = 2
      _ = try fresh.take(later)
    }
  }

  @Test("a farewell is told, without what could not be shown")
  func farewell() throws {
    var (a, _) = try together()
    #expect(throws: TransferError.endedByPeer("disk full")) {
      try a.take(ResumableStream.farewell("disk\u{1B} full\u{202E}\n"))
    }
    #expect(throws: TransferError.endedByPeer("xy")) { try a.take([5] + Array("x\u{7}y".utf8)) }
    #expect(ResumableStream.farewell(String(repeating: "é", count: 500)).count <= 201)
  }

  @Test("frames that are cut, too long or of no type are refused")
  func malformed() throws {
    let window = UInt64(ResumableStream.window)
    let frames: [StreamFrame] = [
      .hello(
        own: [UInt8](repeating: 1, count: 16), others: [UInt8](repeating: 0, count: 16),
        .init(received: 0, limit: window, isEnded: false)),
      .credit(.init(received: 1, limit: 2, isEnded: true)), .end(count: 3), .next(code: "ABCDEFGH"),
    ]
    for frame in frames {
      let whole = frame.encoded
      #expect(try StreamFrame(decoding: whole) == frame)
      for count in 0..<whole.count {
        #expect(throws: TransferError.self) { try StreamFrame(decoding: Array(whole.prefix(count))) }
      }
      #expect(throws: TransferError.self) { try StreamFrame(decoding: whole + [0]) }
    }
    #expect(throws: TransferError.self) { try StreamFrame(decoding: [2]) }
    #expect(throws: TransferError.self) { try StreamFrame(decoding: [3] + [UInt8](repeating: 0, count: 16) + [2]) }
    #expect(throws: TransferError.self) { try StreamFrame(decoding: [6] + Array("ABCDEF/\n".utf8)) }
    for type in [0, 7, 255] as [UInt8] {
      #expect(throws: TransferError.self) { try StreamFrame(decoding: [type, 1, 2]) }
    }
  }

  @Test("random frames never do worse than an error", arguments: 0..<200 as Range<UInt64>)
  func fuzz(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var (a, _) = try together()
    for _ in 0..<50 {
      var frame = random.bytes(Int.random(in: 0...60, using: &random))
      if !frame.isEmpty { frame[0] = UInt8.random(in: 0...7, using: &random) }
      _ = try? a.take(frame)
      _ = a.frames()
      _ = a.read()
    }
  }
}
