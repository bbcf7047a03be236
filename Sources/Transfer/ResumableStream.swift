import SecureChannel

/// Two directions of bytes between two boards that go on where they were when the session under them is replaced by
/// another, in the life of one process on each side. No I/O and no clock.
///
/// What was written is kept until the other side has it, and no more is kept than it has given credit for; so both sides'
/// memory and what lies in the relay between them are bounded by ``window`` for each direction. In every session each side
/// first says how far it is (``StreamFrame``); what the other has not got is sent again.
///
/// ```
///   apart ──sessionBegan──▶ greeting ──their hello──▶ together ──┐
///     ▲                                                          │ sessionEnded
///     └──────────────────────────────────────────────────────────┘
/// ```
public struct ResumableStream: Sendable {
  /// Bytes that may be under way in one direction. Ten packets as the relay sees them, in base64 and an envelope, are
  /// under the 256 KiB that it keeps at most for a client which does not read.
  public static let window = 10 * maximumChunk
  /// The most that is best written at once, bytes: what fills a packet.
  public static let maximumChunk = StreamFrame.maximumData

  /// What the other side asks for beside the stream.
  public enum Event: Equatable, Sendable {
    /// Go on in another session: its code.
    case next(code: String)
  }

  private enum Phase { case apart, greeting, together }

  private let nonce: [UInt8]
  private var peerNonce: [UInt8]?
  private var phase = Phase.apart
  /// Frames about the session that go out before data.
  private var urgent: [StreamFrame] = []

  // Outgoing. All offsets count from the first byte ever written.
  private var kept = KeptBytes()
  private var sent: UInt64 = 0
  /// The furthest that was ever sent.
  private var furthest: UInt64 = 0
  private var outgoingLimit: UInt64 = 0
  private var isFinished = false
  private var isEndSent = false
  /// Whether the other side has all, and knows that it is all.
  public private(set) var isEndConfirmed = false

  // Incoming.
  private var arrived = ByteQueue()
  private var received: UInt64 = 0
  private var consumed: UInt64 = 0
  private var announced = StreamFrame.Position(received: 0, limit: 0, isEnded: false)
  private var end: UInt64?

  /// A stream of this process.
  ///
  /// - Parameter nonce: 16 random bytes, by which the other side knows it again.
  public init(nonce: [UInt8]) { self.nonce = nonce }

  /// A stream with a nonce of its own.
  public static func fresh() throws(TransferError) -> ResumableStream {
    do { return ResumableStream(nonce: try SystemRandom.bytes(count: StreamFrame.nonceCount)) } catch {
      throw .crypto(error)
    }
  }

  // MARK: The program's side

  /// Bytes that may be written now.
  public var room: Int { isFinished ? 0 : max(0, Self.window - kept.count) }
  /// Whether anything was ever heard from the other side's stream.
  public var hasMet: Bool { peerNonce != nil }
  /// Bytes that the other side has.
  public var confirmedCount: UInt64 { kept.start }
  /// Bytes that arrived from it.
  public var receivedCount: UInt64 { received }
  /// Bytes that were written.
  public var writtenCount: UInt64 { kept.end }
  /// Whether something arrived that was not read.
  public var hasArrived: Bool { !arrived.isEmpty }
  /// Whether both directions are ended, and both sides know.
  public var isComplete: Bool { isEndConfirmed && end != nil && announced.isEnded }
  /// Whether all of the other side's bytes are here and read.
  public var isEndReached: Bool { end == consumed }

  /// Adds bytes; the caller heeds ``room``.
  public mutating func write(_ bytes: [UInt8]) {
    guard !isFinished, !bytes.isEmpty else { return }
    kept.append(bytes)
  }

  /// Nothing more will be written.
  public mutating func finish() { isFinished = true }

  /// The next bytes from the other side, a packet's worth at most; taking them gives it credit for more.
  public mutating func read() -> ArraySlice<UInt8>? {
    guard let bytes = arrived.popFirst() else { return nil }
    consumed += UInt64(bytes.count)
    return bytes
  }

  // MARK: The session's side

  /// A session has begun: ``nextFrame()`` has a greeting.
  public mutating func sessionBegan() {
    phase = .greeting
    isEndSent = false
    announced = position
    urgent = [
      .hello(own: nonce, others: peerNonce ?? [UInt8](repeating: 0, count: StreamFrame.nonceCount), announced)
    ]
  }

  /// The session is over, or not to be used for more.
  public mutating func sessionEnded() {
    phase = .apart
    urgent = []
  }

  /// Tells the other side to go on in another session; after it nothing more is sent in this one.
  public mutating func announceNext(code: String) {
    guard phase == .together else { return }
    urgent.append(.next(code: code))
    phase = .greeting
  }

  /// The sealed words of giving up, for the session under way.
  public static func farewell(_ reason: String) -> [UInt8] {
    StreamFrame.farewell(DeviceText.filtered(reason, limit: StreamFrame.maximumText)).encoded
  }

  /// The next frame to send, if there is one.
  public mutating func nextFrame() -> [UInt8]? {
    if !urgent.isEmpty { return urgent.removeFirst().encoded }
    guard phase == .together else { return nil }
    let position = position
    if position.isEnded != announced.isEnded || position.limit - announced.limit >= UInt64(Self.window / 4) {
      announced = position
      return StreamFrame.credit(position).encoded
    }
    if sent < kept.end {
      let most = min(UInt64(StreamFrame.maximumData), outgoingLimit - min(sent, outgoingLimit))
      guard most > 0 else { return nil }
      let piece = kept.piece(at: sent, most: Int(most))
      // Rather later and whole than at once and in pieces.
      guard piece.isWhole || sent == kept.start else { return nil }
      sent += UInt64(piece.bytes.count)
      furthest = max(furthest, sent)
      return StreamFrame.data(piece.bytes).encoded
    }
    if isFinished, !isEndSent, !isEndConfirmed {
      isEndSent = true
      return StreamFrame.end(count: kept.end).encoded
    }
    return nil
  }

  /// Takes the other side's next frame.
  ///
  /// - Throws: ``TransferError``; the session is of no more use then.
  public mutating func take(_ frame: [UInt8]) throws(TransferError) -> Event? {
    let frame = try StreamFrame(decoding: frame)
    if case .farewell(let reason) = frame { throw .endedByPeer(reason) }
    if case .hello(let own, let others, let position) = frame {
      guard phase == .greeting else { throw .protocolViolation("a second greeting") }
      try meet(own, knowing: others, position)
      phase = .together
      return nil
    }
    guard phase != .apart, phase == .together || hasMet else { throw .protocolViolation("no greeting first") }
    switch frame {
    case .data(let bytes):
      guard end == nil else { throw .protocolViolation("data after the end") }
      guard UInt64(bytes.count) <= announced.limit - received else {
        throw .protocolViolation("more data than asked for")
      }
      received += UInt64(bytes.count)
      arrived.append(bytes)
    case .credit(let position): try heed(position)
    case .end(let count):
      guard count == received, end == nil || end == count else { throw .protocolViolation("an end that is elsewhere") }
      end = count
    case .next(let code): return .next(code: code)
    case .hello, .farewell: break
    }
    return nil
  }

  private var position: StreamFrame.Position {
    StreamFrame.Position(received: received, limit: consumed + UInt64(Self.window), isEnded: end != nil)
  }

  private mutating func meet(
    _ own: [UInt8], knowing others: [UInt8], _ position: StreamFrame.Position
  ) throws(TransferError) {
    if let peerNonce, peerNonce != own { throw .peerRestarted }
    let isUnknown = others.allSatisfy { $0 == 0 }
    guard isUnknown || others == nonce else { throw .unknownToPeer }
    guard !isUnknown || position.received == 0 else { throw .protocolViolation("data from nobody") }
    peerNonce = own
    try heed(position)
    sent = position.received
  }

  private mutating func heed(_ position: StreamFrame.Position) throws(TransferError) {
    guard position.received >= kept.start, position.received <= furthest else {
      throw .protocolViolation("a receipt for what was not sent")
    }
    guard position.limit >= outgoingLimit, position.limit >= position.received,
      position.limit - position.received <= UInt64(Self.window)
    else { throw .protocolViolation("a credit that shrinks or is too large") }
    guard !position.isEnded || (isFinished && position.received == kept.end) else {
      throw .protocolViolation("a receipt for an end that was not sent")
    }
    kept.drop(upTo: position.received)
    outgoingLimit = position.limit
    if position.isEnded { isEndConfirmed = true }
  }
}

/// Bytes that were written and not confirmed, with where they stand in the stream.
private struct KeptBytes: Sendable {
  private(set) var start: UInt64 = 0
  private(set) var count = 0
  /// Pieces as they were written, the first perhaps in part; those before `first` are gone.
  private var pieces: [ArraySlice<UInt8>] = []
  private var first = 0

  var end: UInt64 { start + UInt64(count) }

  mutating func append(_ bytes: [UInt8]) {
    pieces.append(bytes[...])
    count += bytes.count
  }

  mutating func drop(upTo offset: UInt64) {
    var rest = Int(offset - start)
    start = offset
    count -= rest
    while rest > 0 {
      if pieces[first].count <= rest {
        rest -= pieces[first].count
        pieces[first] = []
        first += 1
      } else {
        pieces[first] = pieces[first].dropFirst(rest)
        rest = 0
      }
    }
    if first == pieces.count {
      pieces.removeAll(keepingCapacity: true)
      first = 0
    } else if first >= 64 {
      pieces.removeFirst(first)
      first = 0
    }
  }

  /// What stands at an offset, of one piece only.
  func piece(at offset: UInt64, most: Int) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
    var skip = Int(offset - start)
    for piece in pieces[first...] {
      if skip < piece.count {
        let rest = piece.dropFirst(skip)
        return (rest.prefix(most), rest.count <= most || most == StreamFrame.maximumData)
      }
      skip -= piece.count
    }
    return ([], true)
  }
}

/// Bytes that arrived and were not read.
private struct ByteQueue: Sendable {
  private var pieces: [ArraySlice<UInt8>] = []
  private var first = 0

  var isEmpty: Bool { first == pieces.count }

  mutating func append(_ bytes: ArraySlice<UInt8>) { pieces.append(bytes) }

  mutating func popFirst() -> ArraySlice<UInt8>? {
    guard first < pieces.count else { return nil }
    let bytes = pieces[first]
    pieces[first] = []
    first += 1
    if first == pieces.count {
      pieces.removeAll(keepingCapacity: true)
      first = 0
    }
    return bytes
  }
}
