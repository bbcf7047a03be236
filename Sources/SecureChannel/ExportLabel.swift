/// What an exported key is for, such as `wireguard-psk`: 1 to 64 characters of A-Za-z0-9._/-.
public struct ExportLabel: Sendable, Hashable, CustomStringConvertible {
  /// The label.
  public let text: String
  /// The label.
  public var description: String { text }

  /// A label; `nil` where the text is none.
  public init?(_ text: String) {
    let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-".utf8)
    guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(allowed.contains) else { return nil }
    self.text = text
  }
}
