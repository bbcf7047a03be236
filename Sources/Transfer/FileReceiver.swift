import SecureChannel

/// The receiver's side of one file, inside a ``ResumableStream``. It writes no file: the program does what the actions say
/// and tells what came of it.
///
/// ```
///   waiting ──offer──▶ judging ──accept──▶ accepted ──begin──▶ storing ──all of it──▶ hashed ──placed──▶ over
///                         └──── refuse, at any time ──────────────────────────────────────────────────▶ refused
/// ```
public struct FileReceiver: Sendable {
  /// What the program is to do.
  public enum Action: Equatable, Sendable {
    /// Judge an offer: ``FileReceiver/accept(having:)`` or ``FileReceiver/refuse(_:)``. The name is sanitised.
    case judge(name: String, size: UInt64)
    /// Go back to this length, one of those offered; contents follow.
    case truncate(to: UInt64)
    /// Store these contents at the end of what there is.
    case store(ArraySlice<UInt8>)
    /// All contents are there: compare their hash with this one and place the file, ``FileReceiver/placed(as:)``, or refuse.
    case verify(hash: [UInt8])
  }

  private enum Phase: Equatable {
    case waiting
    case judging(size: UInt64)
    case accepted(size: UInt64, offsets: [UInt64])
    case storing(left: UInt64)
    case trailing([UInt8])
    case over
    case refused
  }

  private var phase = Phase.waiting
  private var parser = MessageParser()

  /// A receiver of what comes.
  public init() {}

  /// Takes bytes of the stream.
  public mutating func take(_ bytes: ArraySlice<UInt8>) throws(TransferError) -> [Action] {
    if case .storing = phase, parser.isEmpty { return try takeContents(bytes) }
    switch phase {
    case .trailing: return try takeContents(bytes)
    // What was under way when the file was refused.
    case .refused: return []
    case .over: guard bytes.isEmpty else { throw .protocolViolation("more than all of the file") }
    case .waiting, .judging, .accepted, .storing: break
    }
    parser.append(bytes)
    var actions: [Action] = []
    while let message = try parser.next() {
      switch (message, phase) {
      case (.offer(let size, let name), .waiting):
        phase = .judging(size: size)
        actions.append(.judge(name: FileName.sanitised(name), size: size))
      case (.begin(let offset), .accepted(let size, let offsets)):
        guard offset == 0 || offsets.contains(offset) else {
          throw .protocolViolation("a beginning that was not offered")
        }
        phase = .storing(left: size - offset)
        actions.append(.truncate(to: offset))
        return actions + (try takeContents(parser.takeRest()[...]))
      default: throw .protocolViolation("a message out of turn")
      }
    }
    return actions
  }

  private mutating func takeContents(_ bytes: ArraySlice<UInt8>) throws(TransferError) -> [Action] {
    var bytes = bytes
    var actions: [Action] = []
    if case .storing(let left) = phase {
      let contents = bytes.prefix(Int(min(left, UInt64(bytes.count))))
      bytes = bytes.dropFirst(contents.count)
      if !contents.isEmpty { actions.append(.store(contents)) }
      let rest = left - UInt64(contents.count)
      phase = rest > 0 ? .storing(left: rest) : .trailing([])
    }
    if case .trailing(let hash) = phase {
      let whole = hash + bytes
      guard whole.count <= BLAKE2b.hashCount else { throw .protocolViolation("more than all of the file") }
      phase = .trailing(whole)
      if whole.count == BLAKE2b.hashCount {
        phase = .over
        actions.append(.verify(hash: whole))
      }
    }
    return actions
  }

  /// What to send to accept the offer.
  ///
  /// - Parameter checkpoints: what is there of it already, in rising order; see ``Checkpoint/offsets(for:)``.
  public mutating func accept(having checkpoints: [Checkpoint]) -> [UInt8] {
    guard case .judging(let size) = phase else { return [] }
    let usable = checkpoints.suffix(FileMessage.maximumCheckpoints).filter { $0.offset <= size }
    phase = .accepted(size: size, offsets: usable.map(\.offset))
    return FileMessage.have(usable).encoded
  }

  /// What to send where the file is not wanted, or cannot be kept.
  public mutating func refuse(_ reason: String) -> [UInt8] {
    phase = .refused
    return FileMessage.refuse(reason).encoded
  }

  /// What to send when the file is on the disk.
  public func placed(as name: String) -> [UInt8] { FileMessage.done(name: name).encoded }
}
