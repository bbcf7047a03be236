import SecureChannel

/// The sender's side of one file, inside a ``ResumableStream``. It reads no file: the program does what the actions say
/// and tells what came of it.
///
/// ```
///   offered ──have──▶ comparing ──compared──▶ sending ──contentsEnded──▶ awaiting ──done──▶ delivered
///      └──────────────────────── refuse, at any time ─────────────────────────────▶ refused
/// ```
public struct FileSender: Sendable {
  /// What the program is to do.
  public enum Action: Equatable, Sendable {
    /// Hash the file's beginnings up to these parts' ends and tell by ``FileSender/compared(longest:)`` which is the
    /// longest that is the same.
    case compare([Checkpoint])
    /// The other side has the file, under this name (safe to show).
    case delivered(name: String)
  }

  private enum Phase: Equatable {
    case offered
    case comparing([UInt64])
    case sending
    case awaiting
    case over
  }

  private let size: UInt64
  private var phase = Phase.offered
  private var parser = MessageParser()

  /// A sender, and its first message.
  ///
  /// - Parameters:
  ///   - name: of the file, without its directory.
  ///   - size: bytes.
  public static func offering(name: String, size: UInt64) -> (sender: FileSender, message: [UInt8]) {
    (FileSender(size: size), FileMessage.offer(size: size, name: name).encoded)
  }

  private init(size: UInt64) { self.size = size }

  /// Takes bytes of the stream.
  public mutating func take(_ bytes: ArraySlice<UInt8>) throws(TransferError) -> [Action] {
    parser.append(bytes)
    var actions: [Action] = []
    while let message = try parser.next() {
      switch (message, phase) {
      case (.have(let checkpoints), .offered):
        guard checkpoints.last?.offset ?? 0 <= size else { throw .protocolViolation("more than all of the file") }
        phase = .comparing(checkpoints.map(\.offset))
        actions.append(.compare(checkpoints))
      case (.done(let name), .awaiting):
        phase = .over
        actions.append(.delivered(name: name))
      case (.refuse(let reason), _):
        phase = .over
        throw .refused(reason)
      default: throw .protocolViolation("a message out of turn")
      }
    }
    return actions
  }

  /// What to send before the contents from `longest` on.
  ///
  /// - Parameter longest: the end of the longest part that the other side has rightly; 0 for none.
  public mutating func compared(longest: UInt64) -> [UInt8] {
    guard case .comparing(let offsets) = phase, longest == 0 || offsets.contains(longest) else { return [] }
    phase = .sending
    return FileMessage.begin(offset: longest).encoded
  }

  /// Notes that all contents were sent, and their hash with them.
  public mutating func contentsEnded() {
    if phase == .sending { phase = .awaiting }
  }
}
