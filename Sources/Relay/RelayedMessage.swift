import NIOCore
import NIOWebSocket

/// A client's message on its way through: collected from its fragments, unmasked, and wrapped as a `relay` message in
/// a finished WebSocket frame, all in one buffer and with one copy.
///
/// ```
/// | room for the frame header | {"type":"relay",…,"msg": | the message as sent | }} |
/// ```
struct RelayedMessage {
  private static let alicePrefix = prefix(of: .alice)
  private static let bobPrefix = prefix(of: .bob)
  private static let suffix: StaticString = "}}"

  private static func prefix(of role: Role) -> [UInt8] {
    let whole = JSONText.message(type: "relay", payload: "{\"from\":\"\(role.rawValue)\",\"msg\":")
    return Array(whole.utf8.dropLast())
  }

  private let prefix: [UInt8]
  private let start: Int
  private var buffer: ByteBuffer

  /// Begins a message from `role` for which `capacity` bytes are expected.
  init(from role: Role, capacity: Int) {
    prefix = role == .alice ? Self.alicePrefix : Self.bobPrefix
    start = ServerFrame.maximumHeaderBytes + prefix.count
    buffer = ByteBufferAllocator().buffer(capacity: start + capacity + Self.suffix.utf8CodeUnitCount)
    buffer.moveWriterIndex(to: start)
  }

  /// Bytes of the message so far.
  var byteCount: Int { buffer.writerIndex - start }

  /// Adds the payload of one frame.
  mutating func append(_ payload: ByteBuffer, mask: WebSocketMaskingKey) {
    let from = buffer.writerIndex
    buffer.writeImmutableBuffer(payload)
    buffer.withUnsafeMutableReadableBytes { bytes in
      Self.unmask(UnsafeMutableRawBufferPointer(rebasing: bytes[from...]), with: mask)
    }
  }

  /// Masking is the same exclusive or everywhere (RFC 6455 section 5.3), so eight bytes are done at a time.
  private static func unmask(_ bytes: UnsafeMutableRawBufferPointer, with mask: WebSocketMaskingKey) {
    let key = UInt64(mask[0]) | UInt64(mask[1]) << 8 | UInt64(mask[2]) << 16 | UInt64(mask[3]) << 24
    // In memory the first byte of the key comes first, whatever the byte order of the machine.
    let word = (key | key << 32).littleEndian
    var index = 0
    while index + 8 <= bytes.count {
      let masked = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      bytes.storeBytes(of: masked ^ word, toByteOffset: index, as: UInt64.self)
      index += 8
    }
    while index < bytes.count {
      bytes[index] ^= mask[index & 3]
      index += 1
    }
  }

  /// Reads the envelope of the whole message.
  func scan() throws(EnvelopeFault) -> Envelope {
    let result: Result<Envelope, EnvelopeFault> = buffer.withUnsafeReadableBytes { bytes in
      do throws(EnvelopeFault) {
        return .success(try Envelope(scanning: UnsafeRawBufferPointer(rebasing: bytes[start...])))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Takes the finished frame for the other side, which empties this message.
  mutating func finish() -> ByteBuffer {
    let payload = prefix.count + byteCount + Self.suffix.utf8CodeUnitCount
    let header = start - prefix.count - ServerFrame.headerBytes(forLength: payload)
    buffer.writeStaticString(Self.suffix)
    buffer.setBytes(prefix, at: start - prefix.count)
    ServerFrame.setHeader(.text, length: payload, in: &buffer, at: header)
    buffer.moveReaderIndex(to: header)
    defer { buffer = ByteBuffer() }
    return buffer
  }
}
