/// Client-to-server WebSocket frames (RFC 6455, section 5.2).
///
/// libcurl could make them, but it masks all frames of a connection with one key, which section 5.3 forbids, and it
/// cannot answer a ping while a frame is partly sent. So frames are made here and go out in libcurl's raw mode: what is
/// left to send is then always a plain run of bytes.
enum ClientFrame {
  enum Opcode: UInt8 {
    case text = 0x1
    case close = 0x8
    case ping = 0x9
    case pong = 0xA
  }

  /// Largest payload of a control frame.
  static let maximumControlPayload = 125

  /// Appends one final, masked frame. A control payload that is too long is cut.
  static func append(_ opcode: Opcode, _ payload: some Collection<UInt8>, mask: UInt32, to bytes: inout [UInt8]) {
    let payload = opcode == .text ? payload.prefix(Int.max) : payload.prefix(maximumControlPayload)
    let count = payload.count
    bytes.reserveCapacity(bytes.count + count + 14)
    bytes.append(0x80 | opcode.rawValue)
    switch count {
    case ...125:
      bytes.append(0x80 | UInt8(count))
    case ...0xFFFF:
      bytes.append(0x80 | 126)
      appendBigEndian(UInt16(count), to: &bytes)
    default:
      bytes.append(0x80 | 127)
      appendBigEndian(UInt64(count), to: &bytes)
    }
    appendBigEndian(mask, to: &bytes)
    let start = bytes.count
    bytes.append(contentsOf: payload)
    bytes.withUnsafeMutableBytes { apply(mask, to: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
  }

  /// Masks bytes (RFC 6455, section 5.3), eight at a time.
  private static func apply(_ mask: UInt32, to bytes: UnsafeMutableRawBufferPointer) {
    // In memory the mask's most significant byte comes first, whatever the byte order of the machine.
    let word = (UInt64(mask) << 32 | UInt64(mask)).bigEndian
    var index = 0
    while index + 8 <= bytes.count {
      let plain = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      bytes.storeBytes(of: plain ^ word, toByteOffset: index, as: UInt64.self)
      index += 8
    }
    while index < bytes.count {
      bytes[index] ^= UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * (index & 3)))
      index += 1
    }
  }

  /// The payload of a close frame: the code and at most 123 bytes of reason.
  static func closePayload(code: UInt16, reason: String = "") -> [UInt8] {
    var payload: [UInt8] = []
    appendBigEndian(code, to: &payload)
    for character in reason {
      guard payload.count + character.utf8.count <= maximumControlPayload else { break }
      payload.append(contentsOf: character.utf8)
    }
    return payload
  }

  private static func appendBigEndian(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
