/// Reads settings and says which one is at fault.
public struct SettingsReader {
  let settings: Settings

  /// A reader.
  public init(_ settings: Settings) {
    self.settings = settings
  }

  /// The error that names a key, its value and where it came from.
  public func impossible(_ key: String, _ expected: String, shown text: String? = nil) -> ConfigurationError {
    let entry = settings.entry(key)
    return .impossible(
      key: key, origin: entry?.origin ?? .builtIn, value: text ?? entry.map { shown("\($0.value)") } ?? "nothing",
      expected: expected)
  }

  private func wrongKind(_ key: String) -> ConfigurationError { impossible(key, "a value of the right kind") }

  /// A text of at most 4096 bytes without control characters.
  public func text(_ key: String) throws(ConfigurationError) -> String {
    guard case .string(let text)? = settings.entry(key)?.value else { throw wrongKind(key) }
    guard text.utf8.count <= 4096, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw impossible(key, "at most 4096 bytes without control characters")
    }
    return text
  }

  /// A text; `nil` where it is empty.
  public func optionalText(_ key: String) throws(ConfigurationError) -> String? {
    let text = try text(key)
    return text.isEmpty ? nil : text
  }

  /// A text that is not empty.
  public func requiredText(_ key: String) throws(ConfigurationError) -> String {
    guard let text = try optionalText(key) else { throw impossible(key, "a text that is not empty") }
    return text
  }

  /// true or false.
  public func boolean(_ key: String) throws(ConfigurationError) -> Bool {
    guard case .boolean(let value)? = settings.entry(key)?.value else { throw wrongKind(key) }
    return value
  }

  /// A whole number in a range.
  public func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
    guard case .integer(let value)? = settings.entry(key)?.value, range.contains(value) else {
      throw impossible(key, "\(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number in a range.
  public func number(_ key: String, in range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
    guard case .number(let value)? = settings.entry(key)?.value, range.contains(value) else {
      throw impossible(key, "\(Int(range.lowerBound)) to \(Int(range.upperBound))")
    }
    return value
  }

  /// One of several texts.
  public func choice(_ key: String, of choices: [String]) throws(ConfigurationError) -> String {
    let text = try text(key)
    guard choices.contains(text) else { throw impossible(key, choices.joined(separator: ", ")) }
    return text
  }

  /// Texts, none empty.
  public func list(_ key: String) throws(ConfigurationError) -> [String] {
    guard case .list(let texts)? = settings.entry(key)?.value else { throw wrongKind(key) }
    guard !texts.contains("") else { throw impossible(key, "texts that are not empty") }
    return texts
  }
}
