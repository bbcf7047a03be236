/// The relay's session codes: no `I`, `O`, `0` or `1`, so that one can be read aloud.
enum SessionCode {
  static let length = 8
  static let alphabet = Set("ABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8)

  static func isValid(_ text: String) -> Bool {
    text.utf8.count == length && text.utf8.allSatisfy(alphabet.contains)
  }
}
