/// The first characters of every session code of one relay among several, by which a load balancer finds the relay
/// again: it needs no table and asks nobody.
///
/// A character takes five of a code's forty random bits, so one label is at most two characters long.
public struct ShardLabel: Sendable, Equatable {
  static let maximumLength = 2

  /// The label's characters as the bits they take in a code, in the low end.
  let bits: UInt64
  /// Characters in the label.
  let length: Int
  /// The label as codes show it.
  public let text: String

  /// Reads a label; `nil` for anything but one or two characters of the codes' alphabet.
  public init?(_ text: String) {
    guard (1...Self.maximumLength).contains(text.utf8.count) else { return nil }
    var bits: UInt64 = 0
    for character in text.utf8 {
      guard let digit = SessionCode.alphabet.firstIndex(of: character) else { return nil }
      bits = bits << 5 | UInt64(digit)
    }
    self.bits = bits
    self.length = text.utf8.count
    self.text = text
  }
}
