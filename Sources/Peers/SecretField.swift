import SecureChannel

/// A secret inside JSON text, as the base64 string of one member.
///
/// Foundation's decoder and encoder would leave copies of it in memory that nobody wipes; so the text is cut out before
/// they see it, and put in after they are done.
enum SecretField {
  /// The text between the quotes of the member `key`, whose name stands in no other place before a colon.
  static func find(_ key: String, in text: [UInt8]) -> Range<Int>? {
    let name = Array("\"\(key)\"".utf8)
    let spaces = Set(" \t\r\n".utf8)
    var start = 0
    while start + name.count <= text.count {
      guard text[start] == name[0], text[start..<(start + name.count)].elementsEqual(name) else {
        start += 1
        continue
      }
      var position = start + name.count
      func skipSpaces() { while position < text.count, spaces.contains(text[position]) { position += 1 } }
      func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
      }
      if skip(":"), skip("\""), let end = text[position...].firstIndex(of: UInt8(ascii: "\"")) {
        return position..<end
      }
      start += 1
    }
    return nil
  }

  /// Takes the secret out of the text: blanks stand in its place.
  static func cut(_ key: String, count: Int, from text: inout [UInt8]) -> SecretBytes? {
    guard let range = find(key, in: text) else { return nil }
    let secret = try? SecretBytes(base64: text[range], count: count)
    for index in range { text[index] = UInt8(ascii: " ") }
    return secret
  }

  /// Puts a secret into text whose member `key` is an empty string. The caller wipes the result.
  static func filled(_ text: [UInt8], _ key: String, with secret: SecretBytes) -> [UInt8] {
    guard let range = find(key, in: text) else { return text }
    return secret.withExposedText(.base64) { base64 in
      var whole: [UInt8] = []
      // At once, so that no half of it stays behind when the array grows.
      whole.reserveCapacity(text.count + base64.count)
      whole += text[..<range.lowerBound]
      whole += base64
      whole += text[range.upperBound...]
      return whole
    }
  }
}
