/// Padded base64 (RFC 4648, section 4) of packets, which is most of what crosses the wire: by tables, without a copy.
///
/// Decoding is strict: the padding is there and belongs to the length, and the bits that encode nothing are zero, so that
/// one value has one spelling.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The two characters of every twelve bits, the first in the lower byte.
  private static let pairs: [UInt16] = (0..<4096).map { UInt16(alphabet[$0 & 63]) << 8 | UInt16(alphabet[$0 >> 6]) }

  private static let invalid: UInt16 = 0xFFFF

  /// The twelve bits of every two characters, the first in the lower byte, or ``invalid``. What is used of it is so little
  /// that it stays in a processor's nearest cache.
  private static let values: [UInt16] = {
    var values = [UInt16](repeating: invalid, count: 65_536)
    for (bits, pair) in pairs.enumerated() { values[Int(pair)] = UInt16(bits) }
    return values
  }()

  /// How many characters encode so many bytes.
  static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

  /// Writes the characters of `bytes` to `text`, which has room for ``encodedCount(_:)`` of them.
  static func encode(_ bytes: UnsafeRawBufferPointer, to text: UnsafeMutableRawBufferPointer) {
    pairs.withUnsafeBufferPointer { pairs in
      var from = 0
      var to = 0
      // Six bytes at a time, of eight that are read.
      while from + 8 <= bytes.count {
        let group = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: from, as: UInt64.self))
        let first = UInt64(pairs[Int(group >> 52)]) | UInt64(pairs[Int(group >> 40 & 4095)]) << 16
        let second = UInt64(pairs[Int(group >> 28 & 4095)]) | UInt64(pairs[Int(group >> 16 & 4095)]) << 16
        text.storeBytes(of: (first | second << 32).littleEndian, toByteOffset: to, as: UInt64.self)
        from += 6
        to += 8
      }
      while from + 3 <= bytes.count {
        let group = Int(bytes[from]) << 16 | Int(bytes[from + 1]) << 8 | Int(bytes[from + 2])
        text.storeBytes(of: pairs[group >> 12].littleEndian, toByteOffset: to, as: UInt16.self)
        text.storeBytes(of: pairs[group & 4095].littleEndian, toByteOffset: to + 2, as: UInt16.self)
        from += 3
        to += 4
      }
      guard from < bytes.count else { return }
      let isOne = from + 1 == bytes.count
      let group = Int(bytes[from]) << 16 | (isOne ? 0 : Int(bytes[from + 1]) << 8)
      text.storeBytes(of: pairs[group >> 12].littleEndian, toByteOffset: to, as: UInt16.self)
      text.storeBytes(of: pairs[group & 4095].littleEndian, toByteOffset: to + 2, as: UInt16.self)
      if isOne { text[to + 2] = UInt8(ascii: "=") }
      text[to + 3] = UInt8(ascii: "=")
    }
  }

  /// The bytes that a text of at most `limit` of them encodes; `nil` for anything else.
  static func decode(_ text: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    guard !text.isEmpty else { return [] }
    let equals = UInt8(ascii: "=")
    let padding = text[text.count - 1] != equals ? 0 : text[text.count - 2] != equals ? 1 : 2
    let count = text.count / 4 * 3 - padding
    guard count <= limit else { return nil }
    var isValid = false
    let decoded = [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      isValid = decode(text, padding: padding, to: UnsafeMutableRawBufferPointer(bytes))
      initialized = isValid ? count : 0
    }
    return isValid ? decoded : nil
  }

  private static func decode(
    _ text: UnsafeRawBufferPointer, padding: Int, to bytes: UnsafeMutableRawBufferPointer
  ) -> Bool {
    values.withUnsafeBufferPointer { values in
      var seen: UInt16 = 0
      func group(_ characters: UInt32) -> UInt32 {
        let high = values[Int(characters & 0xFFFF)]
        let low = values[Int(characters >> 16)]
        seen |= high | low
        return UInt32(high) << 12 | UInt32(low)
      }
      var from = 0
      var to = 0
      // Four characters at a time; the fourth byte that is written is the next group's, for which there is room.
      while from + 8 <= text.count {
        let bits = group(UInt32(littleEndian: text.loadUnaligned(fromByteOffset: from, as: UInt32.self)))
        bytes.storeBytes(of: (bits << 8).bigEndian, toByteOffset: to, as: UInt32.self)
        from += 4
        to += 3
      }
      // "A" in the place of padding stands for no bits.
      var last = UInt32(littleEndian: text.loadUnaligned(fromByteOffset: from, as: UInt32.self))
      let a = UInt32(UInt8(ascii: "A"))
      if padding > 0 { last = last & 0x00FF_FFFF | a << 24 }
      if padding > 1 { last = last & 0xFF00_FFFF | a << 16 }
      let bits = group(last)
      for place in 0..<3 - padding { bytes[to + place] = UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * place)) }
      let unused: UInt32 = padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0
      return seen < 4096 && bits & unused == 0
    }
  }
}
