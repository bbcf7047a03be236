import NIOCore

/// WebSocket frames as a server sends them (RFC 6455 section 5.2): whole messages, unmasked.
enum ServerFrame {
  enum Opcode: UInt8 {
    case text = 0x1
    case close = 0x8
    case ping = 0x9
    case pong = 0xA
  }

  /// The longest header of an unmasked frame.
  static let maximumHeaderBytes = 10

  /// Bytes in the header of a frame with `length` bytes of payload.
  static func headerBytes(forLength length: Int) -> Int {
    length < 126 ? 2 : length <= Int(UInt16.max) ? 4 : 10
  }

  /// Writes a header into `buffer` at `index`, where there is room for it.
  static func setHeader(_ opcode: Opcode, length: Int, in buffer: inout ByteBuffer, at index: Int) {
    buffer.setInteger(0x80 | opcode.rawValue, at: index)
    if length < 126 {
      buffer.setInteger(UInt8(length), at: index + 1)
    } else if length <= Int(UInt16.max) {
      buffer.setInteger(UInt8(126), at: index + 1)
      buffer.setInteger(UInt16(length), at: index + 2)
    } else {
      buffer.setInteger(UInt8(127), at: index + 1)
      buffer.setInteger(UInt64(length), at: index + 2)
    }
  }

  static func text(_ text: String) -> ByteBuffer {
    frame(.text, payload: text.utf8)
  }

  static func ping() -> ByteBuffer {
    frame(.ping, payload: EmptyCollection())
  }

  static func pong(_ payload: ByteBuffer) -> ByteBuffer {
    frame(.pong, payload: payload.readableBytesView)
  }

  static func close(_ reason: CloseReason) -> ByteBuffer {
    frame(.close, payload: [UInt8(reason.code >> 8), UInt8(reason.code & 0xFF)] + Array(reason.text.utf8.prefix(123)))
  }

  /// A close frame without a status code, which answers one without.
  static func emptyClose() -> ByteBuffer {
    frame(.close, payload: EmptyCollection())
  }

  private static func frame(_ opcode: Opcode, payload: some Collection<UInt8>) -> ByteBuffer {
    let length = payload.count
    let header = headerBytes(forLength: length)
    var buffer = ByteBuffer()
    buffer.reserveCapacity(header + length)
    setHeader(opcode, length: length, in: &buffer, at: 0)
    buffer.moveWriterIndex(to: header)
    buffer.writeBytes(payload)
    return buffer
  }
}
