/// The two uses the relay has for base64 (RFC 4648 section 4): writing a session id, and the length of a commitment.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The padded encoding of `bytes`.
  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var start = 0
    while start < bytes.count {
      let count = min(3, bytes.count - start)
      var group: UInt32 = 0
      for offset in 0..<3 {
        group = group << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0)
      }
      for position in 0..<4 {
        let digit = Int(group >> UInt32(18 - 6 * position) & 63)
        text.append(position <= count ? alphabet[digit] : UInt8(ascii: "="))
      }
      start += 3
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The number of bytes that `text` encodes, or `nil` where it is not padded canonical base64.
  static func decodedCount(_ text: [UInt8]) -> Int? {
    guard text.count % 4 == 0 else { return nil }
    guard let last = text.last else { return 0 }
    let padding = last != UInt8(ascii: "=") ? 0 : text[text.count - 2] != UInt8(ascii: "=") ? 1 : 2
    var digit = 0
    for character in text.dropLast(padding) {
      guard let value = value(of: character) else { return nil }
      digit = value
    }
    // The bits of the last character that encode nothing must be zero, so that one value has one spelling.
    guard digit & (1 << (2 * padding) - 1) == 0 else { return nil }
    return text.count / 4 * 3 - padding
  }

  private static func value(of character: UInt8) -> Int? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(character) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(character) - 97 + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(character) - 48 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
