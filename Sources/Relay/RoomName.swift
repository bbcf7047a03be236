/// Where agents that know nothing of each other wait to be matched: 1 to 64 characters of `A-Za-z0-9._-`.
struct RoomName: Sendable, Hashable {
  static let lengths = 1...64

  let text: String

  /// Reads a name as it stands in a request target; `nil` where it is none. Names that differ in case differ.
  init?(_ text: some StringProtocol) {
    guard Self.lengths.contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
    self.text = String(text)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
