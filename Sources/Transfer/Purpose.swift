/// What two boards meet for. Each purpose has rooms and keys of its own, so that who sends a file is never brought
/// together with who waits for a connection.
public enum Purpose: Sendable, Hashable {
  /// A file goes from one board to the other; whether from the one whose identity is the lower (in the order of their
  /// bytes) or from the other.
  case file(fromLower: Bool)
  /// A pipe, both ways.
  case pipe

  /// For derivations and prologues.
  public var label: [UInt8] {
    switch self {
    case .file(fromLower: true): Array("file/up".utf8)
    case .file(fromLower: false): Array("file/down".utf8)
    case .pipe: Array("pipe".utf8)
    }
  }
}
