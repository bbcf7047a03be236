/// Why a capture could not be read or written.
///
/// The text names the file and the place in it, what was found and expected, and what to do.
public struct CaptureError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The sort of trouble, for callers that act on it.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// There is no such file or directory.
    case notFound
    /// The file exists but cannot be read: permissions, a directory instead of a file, a device.
    case unreadable
    /// The file or its content exceeds a limit.
    case tooLarge
    /// The content is not what the format says.
    case malformed
    /// Something needed is absent: a channel, a scale, all scans.
    case missing
    /// Valid, but of a kind this reader does not handle.
    case unsupported
    /// The capture could not be written.
    case unwritable
  }

  /// The sort of trouble.
  public let kind: Kind
  /// The file or directory.
  public let file: String
  /// Where in the file: a line, a byte offset, a key; empty if the whole file is meant.
  public let place: String
  /// What was found and what was expected.
  public let problem: String
  /// What to do about it.
  public let advice: String

  /// Makes an error; `problem` and `advice` are sentences without full stop.
  public init(kind: Kind, file: String, place: String = "", problem: String, advice: String) {
    self.kind = kind
    self.file = file
    self.place = place
    self.problem = problem
    self.advice = advice
  }

  /// One line: file, place, problem, advice.
  public var description: String {
    let location = place.isEmpty ? file : "\(file): \(place)"
    return "\(location): \(problem); \(advice)"
  }
}

extension String {
  /// The string as it may be shown inside an error text: printable, and no longer than 60 characters.
  ///
  /// Names and values in captures come from elsewhere; they shall neither flood a log nor write control characters.
  package var quotedForError: String {
    var text = ""
    for scalar in unicodeScalars.prefix(60) {
      let isPlain = scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80...0x9F).contains(scalar.value)
      text += isPlain && scalar.properties.generalCategory != .format ? String(scalar) : "?"
    }
    return unicodeScalars.count > 60 ? "\"\(text)…\"" : "\"\(text)\""
  }
}
