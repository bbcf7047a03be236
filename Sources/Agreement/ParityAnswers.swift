/// The wire form of parity answers: one bit each in the order of the queries, most significant bit first, the last
/// byte padded with zeros.
public enum ParityAnswers {
  /// Packs answers eight to a byte.
  public static func encode(_ answers: [Bool]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (answers.count + 7) / 8)
    for (index, answer) in answers.enumerated() where answer {
      bytes[index >> 3] |= 0x80 >> UInt8(index & 7)
    }
    return bytes
  }

  /// Unpacks exactly `count` answers.
  /// - Throws: `CascadeError.malformed(.length)` unless the bytes are ⌈count/8⌉ in number with clear padding.
  public static func decode(_ bytes: [UInt8], count: Int) throws(CascadeError) -> [Bool] {
    guard count >= 0, bytes.count == count / 8 + (count % 8 == 0 ? 0 : 1) else { throw .malformed(.length) }
    if count % 8 != 0, let last = bytes.last, last & (0xFF >> UInt8(count % 8)) != 0 { throw .malformed(.length) }
    return (0..<count).map { bytes[$0 >> 3] & (0x80 >> UInt8($0 & 7)) != 0 }
  }
}
