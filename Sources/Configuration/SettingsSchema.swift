/// One key of a configuration.
public struct Setting: Sendable {
  /// Table and name, joined by a dot.
  public let key: String
  /// Its value where nobody sets it; the kind of this value is the kind the key takes.
  public let fallback: SettingValue
  /// What it means, with units.
  public let summary: String
  /// Whether a text key also takes a whole number, as a GPIO line by its offset.
  let takesInteger: Bool

  /// A key.
  public init(key: String, fallback: SettingValue, summary: String, takesInteger: Bool = false) {
    self.key = key
    self.fallback = fallback
    self.summary = summary
    self.takesInteger = takesInteger
  }

  /// The table of the file that it stands in.
  public var tableName: Substring { key.prefix { $0 != "." } }
}

/// The keys that one program takes, and where it looks for them.
public struct SettingsSchema: Sendable {
  /// The command that reads it, as error texts name it.
  public let command: String
  /// The file that is read where none is named and this one exists.
  public let standardPath: String
  /// What the names of its variables begin with, before `_TABLE_KEY`.
  public let variablePrefix: String
  /// What the names of other programs' variables begin with, where they begin like this one's.
  public let otherVariables: [String]
  /// Every key there is, in the order of the file.
  public let settings: [Setting]
  let byKey: [String: Setting]

  /// A schema; no key occurs twice.
  public init(
    command: String, standardPath: String, variablePrefix: String, otherVariables: [String] = [], settings: [Setting]
  ) {
    self.command = command
    self.standardPath = standardPath
    self.variablePrefix = variablePrefix
    self.otherVariables = otherVariables
    self.settings = settings
    byKey = Dictionary(settings.map { ($0.key, $0) }) { first, _ in first }
  }

  /// The variable of the environment that sets a key.
  public func variable(_ setting: Setting) -> String {
    "\(variablePrefix)_" + setting.key.uppercased().map { $0 == "." ? "_" : $0 }
  }

  /// What the variables of each table begin with.
  public var variablePrefixes: [String] {
    Set(settings.map { "\(variablePrefix)_\($0.tableName.uppercased())_" }).sorted()
  }
}
