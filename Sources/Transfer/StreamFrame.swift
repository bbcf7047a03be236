import SecureChannel

/// What goes through a session's sealed channel, one to a packet. Integers are big-endian.
///
///     01 version(1) own(16) other's(16, zeros if unknown) received(8) limit(8) isEnded(1)    first, from each side
///     02 bytes (1…)                                                                          data
///     03 received(8) limit(8) isEnded(1)                                                      credit
///     04 count(8)                                                                            no data follows
///     05 text (0…200)                                                                        giving up
///     06 code(8)                                                                             on to another session
enum StreamFrame: Equatable {
  static let version: UInt8 = 1
  /// The longest packet that the relay's protocol has (16 KiB), less the seal and the type.
  static let maximumData = 16 * 1024 - Transport.overheadCount - 1
  static let maximumText = 200
  static let nonceCount = 16
  static let codeCount = 8

  /// How far one side is.
  struct Position: Equatable {
    /// Bytes that arrived.
    var received: UInt64
    /// Bytes that it can take, from the beginning on.
    var limit: UInt64
    /// Whether the other's end of data arrived too.
    var isEnded: Bool
  }

  case hello(own: [UInt8], others: [UInt8], Position)
  case data(ArraySlice<UInt8>)
  case credit(Position)
  case end(count: UInt64)
  case farewell(String)
  case next(code: String)

  var encoded: [UInt8] {
    switch self {
    case .hello(let own, let others, let position): [1, Self.version] + own + others + Self.encoded(position)
    case .data(let bytes): [2] + bytes
    case .credit(let position): [3] + Self.encoded(position)
    case .end(let count): Self.integer([4], count)
    case .farewell(let text): [5] + Array(text.utf8)
    case .next(let code): [6] + Array(code.utf8)
    }
  }

  init(decoding frame: [UInt8]) throws(TransferError) {
    var reader = ByteReader(frame.dropFirst())
    switch frame.first {
    case 1:
      guard let version = reader.integer(UInt8.self) else { throw .protocolViolation("an empty greeting") }
      guard version == Self.version else { throw .laterVersion(Int(version)) }
      guard let own = reader.bytes(Self.nonceCount), let others = reader.bytes(Self.nonceCount),
        let position = Self.position(&reader)
      else { throw .protocolViolation("a greeting of \(frame.count) bytes") }
      self = .hello(own: Array(own), others: Array(others), position)
    case 2:
      guard !reader.isEmpty else { throw .protocolViolation("data without any") }
      self = .data(reader.rest)
    case 3:
      guard let position = Self.position(&reader) else {
        throw .protocolViolation("a credit of \(frame.count) bytes")
      }
      self = .credit(position)
    case 4:
      guard let count = reader.integer(UInt64.self), reader.isEmpty else {
        throw .protocolViolation("an end of \(frame.count) bytes")
      }
      self = .end(count: count)
    case 5: self = .farewell(displayable(reader.rest, limit: Self.maximumText))
    case 6:
      guard reader.rest.count == Self.codeCount, reader.rest.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw .protocolViolation("a session code that is none")
      }
      self = .next(code: String(decoding: reader.rest, as: UTF8.self))
    default: throw .protocolViolation("a frame of an unknown type")
    }
  }

  private static func encoded(_ position: Position) -> [UInt8] {
    integer(integer([], position.received), position.limit) + [position.isEnded ? 1 : 0]
  }

  private static func integer(_ bytes: [UInt8], _ value: UInt64) -> [UInt8] {
    var bytes = bytes
    bytes.append(bigEndian: value)
    return bytes
  }

  private static func position(_ reader: inout ByteReader) -> Position? {
    guard let received = reader.integer(UInt64.self), let limit = reader.integer(UInt64.self),
      let flag = reader.integer(UInt8.self), flag <= 1, reader.isEmpty
    else { return nil }
    return Position(received: received, limit: limit, isEnded: flag == 1)
  }
}
