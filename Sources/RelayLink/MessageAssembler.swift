/// Joins the pieces that libcurl's WebSocket decoder delivers into messages. Pieces of frames, and frames of messages
/// (RFC 6455, section 5.4), may arrive in any division, with control frames in between.
struct MessageAssembler {
  /// What kind of frame a piece belongs to.
  enum Kind: Equatable {
    case text
    case binary
    case close
    case ping
    case pong
  }

  /// One piece of one frame.
  struct Piece {
    var kind: Kind
    /// Whether the frame is the last of its message.
    var isFinal: Bool
    /// Payload bytes of this frame that are still to come after this piece; from the wire, so up to 2^63 - 1.
    var bytesLeft: Int64
  }

  enum Message: Equatable {
    case text([UInt8])
    case binary(count: Int)
    case ping([UInt8])
    case pong
    case close(code: UInt16?, reason: String)
  }

  enum Failure: Error, Equatable {
    case tooLarge
    case malformedControl

    var description: String {
      switch self {
      case .tooLarge: "a message exceeds \(MessageAssembler.maximumMessageSize) bytes"
      case .malformedControl: "a control frame is malformed"
      }
    }
  }

  /// Largest message accepted, in bytes; the relay's own limit is 64 KiB.
  static let maximumMessageSize = 96 * 1024

  private var data: [UInt8] = []
  private var control: [UInt8] = []

  /// Takes one piece; returns a message when this one completes it.
  ///
  /// Its size is judged by the frame head, before the bytes are here, so memory stays bounded.
  mutating func append(_ bytes: some Collection<UInt8>, of piece: Piece) throws(Failure) -> Message? {
    switch piece.kind {
    case .text, .binary:
      guard piece.bytesLeft >= 0, bytes.count <= Self.maximumMessageSize - data.count,
        piece.bytesLeft <= Int64(Self.maximumMessageSize - data.count - bytes.count)
      else { throw .tooLarge }
      data.append(contentsOf: bytes)
      guard piece.isFinal, piece.bytesLeft == 0 else { return nil }
      defer { data.removeAll(keepingCapacity: true) }
      return piece.kind == .text ? .text(data) : .binary(count: data.count)
    case .close, .ping, .pong:
      guard piece.bytesLeft >= 0, control.count + bytes.count <= ClientFrame.maximumControlPayload,
        piece.bytesLeft <= Int64(ClientFrame.maximumControlPayload - control.count - bytes.count)
      else { throw .malformedControl }
      control.append(contentsOf: bytes)
      guard piece.bytesLeft == 0 else { return nil }
      defer { control.removeAll(keepingCapacity: true) }
      switch piece.kind {
      case .ping: return .ping(control)
      case .pong: return .pong
      default: return try Self.close(control)
      }
    }
  }

  private static func close(_ payload: [UInt8]) throws(Failure) -> Message {
    guard !payload.isEmpty else { return .close(code: nil, reason: "") }
    guard payload.count >= 2 else { throw .malformedControl }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    return .close(code: code, reason: displayable(utf8: payload.dropFirst(2)))
  }
}
