import SecureChannel

/// What the two sides of a file's transfer say to each other inside a ``ResumableStream``: type(1) ‖ be32(length) ‖ body.
///
///     01 size(8) name                         the sender: what it has
///     02 { offset(8) hash(32) } 0…16 times    the receiver: what it has of it, in rising order
///     03 offset(8)                            the sender: where the contents begin that follow, size − offset bytes of
///                                             them and then the BLAKE2b-256 of the whole file, 32 bytes
///     04 name                                 the receiver: it is on the disk under this name
///     05 text                                 the receiver: it does not want it
enum FileMessage: Equatable {
  static let maximumBody = 1024
  static let headCount = 5
  static let maximumCheckpoints = 16
  static let maximumName = 512
  static let maximumText = 200

  case offer(size: UInt64, name: String)
  case have([Checkpoint])
  case begin(offset: UInt64)
  case done(name: String)
  case refuse(String)

  var encoded: [UInt8] {
    var body: [UInt8] = []
    let type: UInt8
    switch self {
    case .offer(let size, let name):
      type = 1
      body.append(bigEndian: size)
      body += name.utf8.prefix(Self.maximumName)
    case .have(let checkpoints):
      type = 2
      for checkpoint in checkpoints {
        body.append(bigEndian: checkpoint.offset)
        body += checkpoint.hash
      }
    case .begin(let offset):
      type = 3
      body.append(bigEndian: offset)
    case .done(let name):
      type = 4
      body += name.utf8.prefix(Self.maximumName)
    case .refuse(let text):
      type = 5
      body += DeviceText.filtered(text, limit: Self.maximumText).utf8
    }
    var message = [type]
    message.append(bigEndian: UInt32(body.count))
    return message + body
  }

  init(type: UInt8, body: ArraySlice<UInt8>) throws(TransferError) {
    var reader = ByteReader(body)
    switch type {
    case 1:
      guard let size = reader.integer(UInt64.self), size <= 1 << 62, !reader.isEmpty,
        reader.rest.count <= Self.maximumName
      else { throw .protocolViolation("an offer that is none") }
      self = .offer(size: size, name: String(decoding: reader.rest, as: UTF8.self))
    case 2:
      var checkpoints: [Checkpoint] = []
      while !reader.isEmpty {
        guard checkpoints.count < Self.maximumCheckpoints, let offset = reader.integer(UInt64.self),
          let hash = reader.bytes(BLAKE2b.hashCount), offset > checkpoints.last?.offset ?? 0
        else { throw .protocolViolation("checkpoints that are none") }
        checkpoints.append(Checkpoint(offset: offset, hash: Array(hash)))
      }
      self = .have(checkpoints)
    case 3:
      guard let offset = reader.integer(UInt64.self), reader.isEmpty else {
        throw .protocolViolation("a beginning that is none")
      }
      self = .begin(offset: offset)
    case 4: self = .done(name: displayable(body, limit: Self.maximumName))
    case 5: self = .refuse(displayable(body, limit: Self.maximumText))
    default: throw .protocolViolation("a message of an unknown type")
    }
  }
}

/// A part of a file, from its beginning, that a receiver has.
public struct Checkpoint: Equatable, Sendable {
  /// How long the part is, bytes; not 0.
  public let offset: UInt64
  /// Its BLAKE2b-256.
  public let hash: [UInt8]

  /// A part.
  public init(offset: UInt64, hash: [UInt8]) {
    self.offset = offset
    self.hash = hash
  }

  /// Where a receiver that has `count` bytes sets checkpoints: at most sixteen, at the end and evenly before it, so that
  /// an end that a power failure spoilt costs a sixteenth.
  public static func offsets(for count: UInt64) -> [UInt64] {
    guard count > 0 else { return [] }
    let step = count / UInt64(FileMessage.maximumCheckpoints)
    let before = step == 0 ? [] : (1..<UInt64(FileMessage.maximumCheckpoints)).map { $0 * step }
    return before + [count]
  }
}

/// Cuts the bytes of a stream into messages.
struct MessageParser: Sendable {
  private var buffer: [UInt8] = []

  /// Whether something of a message is there.
  var isEmpty: Bool { buffer.isEmpty }

  mutating func append(_ bytes: ArraySlice<UInt8>) { buffer += bytes }

  /// The next whole message, if it is there.
  mutating func next() throws(TransferError) -> FileMessage? {
    var reader = ByteReader(buffer[...])
    guard let type = reader.integer(UInt8.self), let length = reader.integer(UInt32.self) else { return nil }
    // Before its bytes are here, so that a length that lies costs nothing.
    guard length <= FileMessage.maximumBody else { throw .protocolViolation("a message of \(length) bytes") }
    guard let body = reader.bytes(Int(length)) else { return nil }
    let message = try FileMessage(type: type, body: body)
    buffer.removeFirst(FileMessage.headCount + body.count)
    return message
  }

  /// What is there beside messages.
  mutating func takeRest() -> [UInt8] {
    defer { buffer = [] }
    return buffer
  }
}
