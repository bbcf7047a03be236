/// A value of a configuration.
public enum SettingValue: Sendable, Hashable, CustomStringConvertible {
  /// Text.
  case string(String)
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// true or false.
  case boolean(Bool)
  /// Texts in an order; from the environment and options, with commas between them.
  case list([String])

  /// As it would stand in the file.
  public var description: String {
    switch self {
    case .string(let text): SettingValue.quoted(text)
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .list(let texts): "[" + texts.map(SettingValue.quoted).joined(separator: ", ") + "]"
    }
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
  }

  /// What kind of value it is, in words.
  var kind: String {
    switch self {
    case .string: "a text in quotes"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .list: "a list of texts in quotes"
    }
  }

  /// This value as the kind of another; `nil` where it cannot be.
  func converted(like other: SettingValue) -> SettingValue? {
    switch (other, self) {
    case (.string, .string), (.integer, .integer), (.number, .number), (.boolean, .boolean),
      (.list, .list):
      self
    case (.number, .integer(let value)): .number(Double(value))
    default: nil
    }
  }

  /// A value from text as the environment and options give it; `nil` where the text is none of this kind.
  static func parsed(_ text: String, like other: SettingValue) -> SettingValue? {
    switch other {
    case .string: .string(text)
    case .integer: Int(text).map(SettingValue.integer)
    case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
    case .boolean:
      ["true": true, "yes": true, "1": true, "false": false, "no": false, "0": false][text.lowercased()]
        .map(SettingValue.boolean)
    case .list:
      .list(
        text.split(separator: ",").compactMap {
          let item = $0.trimming(while: { $0 == " " })
          return item.isEmpty ? nil : String(item)
        })
    }
  }
}

extension Substring {
  fileprivate func trimming(while isPadding: (Character) -> Bool) -> Substring {
    let start = drop(while: isPadding)
    return start.lastIndex { !isPadding($0) }.map { start[...$0] } ?? ""
  }
}
