/// Cuts what a client sends into commands, however it is cut into packets, and never keeps more of it than its limits.
struct CommandReader {
  /// What was found.
  enum Item: Hashable {
    /// A command, and the bytes that follow the line of a `WRITE`.
    case command(Command, payload: [UInt8])
    /// A line that is no command, or too long, or with too large a payload; passed over.
    case malformed
  }

  /// Bytes of the longest line, its end not counted.
  static let lineLimit = 1024
  /// Bytes of the longest value of an attribute.
  static let payloadLimit = 4096

  private enum State {
    case line
    /// The rest of a line that is too long.
    case skippingLine
    /// So many bytes of a value are still to come.
    case payload(Command, Int)
    /// So many bytes of a value nobody wants.
    case skippingPayload(Int)
  }

  private var state = State.line
  private var bytes: [UInt8] = []
  private var start = 0

  /// How many bytes wait to be understood.
  var buffered: Int { bytes.count - start }

  /// Whether a command has begun and its end has not come.
  var isInsideCommand: Bool {
    if case .line = state { return buffered > 0 }
    return true
  }

  /// Takes what came.
  mutating func append(_ new: some Collection<UInt8>) {
    if start > 0 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes += new
  }

  /// The next item; nil if its end has not come.
  mutating func next() -> Item? {
    while true {
      switch state {
      case .line:
        guard let end = bytes[start...].prefix(Self.lineLimit + 2).firstIndex(of: UInt8(ascii: "\n")) else {
          if buffered > Self.lineLimit + 1 { state = .skippingLine; continue }
          return nil
        }
        var line = bytes[start..<end]
        start = end + 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.isEmpty { continue }
        guard line.count <= Self.lineLimit, let command = Command(line: line) else { return .malformed }
        guard case .write(_, _, _, let count) = command else { return .command(command, payload: []) }
        state = count <= Self.payloadLimit ? .payload(command, count) : .skippingPayload(count)
      case .skippingLine:
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
          start = bytes.count
          return nil
        }
        start = end + 1
        state = .line
        return .malformed
      case .payload(let command, let count):
        guard buffered >= count else { return nil }
        defer { start += count }
        state = .line
        return .command(command, payload: Array(bytes[start..<start + count]))
      case .skippingPayload(let count):
        let skipped = min(count, buffered)
        start += skipped
        guard skipped == count else {
          state = .skippingPayload(count - skipped)
          return nil
        }
        state = .line
        return .malformed
      }
    }
  }
}
