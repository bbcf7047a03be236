/// What a board calls itself: for people to read, and no proof of anything.
///
/// 1 to 64 bytes of UTF-8 that can be shown on a line without harm: no control characters, none that change the direction
/// of writing or are otherwise invisible, no line ends, no white space at either end.
public struct DeviceName: Sendable, Hashable, CustomStringConvertible {
  /// The longest name, bytes of UTF-8.
  public static let maximumCount = 64

  /// The name.
  public let text: String
  /// The name.
  public var description: String { text }

  /// A name that is one already; `nil` otherwise.
  public init?(_ text: String) {
    guard !text.isEmpty, text.utf8.count <= Self.maximumCount, text.unicodeScalars.allSatisfy(Self.isAllowed),
      text.first?.isWhitespace == false, text.last?.isWhitespace == false
    else { return nil }
    self.text = text
  }

  /// A name that is made of whatever there is: what may not be in it is left out, and what is too long is cut between
  /// characters. "board" where nothing remains.
  public init(sanitizing text: String) {
    var name = ""
    for character in text {
      let allowed = String(String.UnicodeScalarView(character.unicodeScalars.filter(Self.isAllowed)))
      guard name.utf8.count + allowed.utf8.count <= Self.maximumCount else { break }
      if name.isEmpty && allowed.allSatisfy(\.isWhitespace) { continue }
      name += allowed
    }
    while name.last?.isWhitespace == true { name.removeLast() }
    self.text = name.isEmpty ? "board" : name
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }
}
