internal import CTOML
import Glibc

/// The effective value of every key, and where each came from: defaults, then a TOML file, then the environment, then
/// options; the later wins.
public struct Settings: Sendable {
  /// Largest file that is read, bytes.
  static let maximumFileSize = 65_536
  /// Most dots in a line: each may open a table in the one before, and the parser calls itself for each of those.
  private static let maximumDots = 1000

  /// The keys there are.
  public let schema: SettingsSchema
  private var values: [String: (value: SettingValue, origin: SettingOrigin)] = [:]

  /// The value of a key and where it came from.
  ///
  /// - Parameter key: one of the schema's.
  public func entry(_ key: String) -> (value: SettingValue, origin: SettingOrigin)? {
    values[key] ?? schema.byKey[key].map { ($0.fallback, .builtIn) }
  }

  /// Every key with its value and origin, in the order of the file.
  public var listing: [(key: String, value: SettingValue, origin: SettingOrigin, summary: String)] {
    schema.settings.map { setting in
      let entry = values[setting.key] ?? (setting.fallback, .builtIn)
      return (setting.key, entry.value, entry.origin, setting.summary)
    }
  }

  /// The effective configuration, itself a valid file: every key with its value, where it came from, and what it means.
  public var fileText: String {
    var lines: [String] = []
    var table: Substring = ""
    for entry in listing {
      let parts = entry.key.split(separator: ".", maxSplits: 1)
      if parts[0] != table {
        table = parts[0]
        lines += [lines.isEmpty ? "[\(table)]" : "\n[\(table)]"]
      }
      let assignment = "\(parts[1]) = \(entry.value)"
      let padding = String(repeating: " ", count: max(1, 36 - assignment.count))
      lines.append("\(assignment)\(padding)# \(entry.origin): \(entry.summary)")
    }
    return lines.joined(separator: "\n")
  }

  /// The defaults.
  public init(of schema: SettingsSchema) {
    self.schema = schema
  }

  /// Reads a configuration.
  ///
  /// - Parameters:
  ///   - schema: the keys there are.
  ///   - file: a TOML file, which must exist; `nil` for the schema's standard path where that exists.
  ///   - environment: variables of the schema's tables; others are passed over.
  ///   - options: key, value and the name of the option that gave it.
  public init(
    of schema: SettingsSchema, file: String?, environment: [String: String],
    options: [(key: String, value: String, option: String)]
  ) throws(ConfigurationError) {
    self.schema = schema
    if let file {
      try read(file: file)
    } else if access(schema.standardPath, F_OK) == 0 {
      try read(file: schema.standardPath)
    }
    let tables = schema.variablePrefixes
    for (name, text) in environment.sorted(by: { $0.key < $1.key }) {
      guard tables.contains(where: { name.hasPrefix($0) }),
        !schema.otherVariables.contains(where: { name.hasPrefix($0) })
      else { continue }
      let origin = SettingOrigin.environment(name)
      guard let setting = schema.settings.first(where: { schema.variable($0) == name }) else {
        throw unknown(name, origin, among: schema.settings.map(schema.variable))
      }
      try set(setting, text: text, origin: origin)
    }
    for option in options {
      let origin = SettingOrigin.option(option.option)
      guard let setting = schema.byKey[option.key] else { throw unknown(option.key, origin) }
      try set(setting, text: option.value, origin: origin)
    }
  }

  private mutating func set(_ setting: Setting, text: String, origin: SettingOrigin) throws(ConfigurationError) {
    guard let value = SettingValue.parsed(text, like: setting.fallback) else {
      throw .wrongKind(key: setting.key, origin: origin, found: "«\(shown(text))»", expected: setting.fallback.kind)
    }
    values[setting.key] = (value, origin)
  }

  // MARK: - The file

  private mutating func read(file path: String) throws(ConfigurationError) {
    let document = Array(try Settings.text(of: path).utf8)
    let origin = SettingOrigin.file(path)
    for entry in try TOMLEntry.all(in: document, path: path) {
      guard let table = entry.table else { throw unknown(entry.key, origin) }
      let full = "\(table).\(entry.key)"
      guard let setting = schema.byKey[full] else { throw unknown(full, origin) }
      var value = entry.value?.converted(like: setting.fallback)
      if setting.takesInteger, case .integer(let number)? = entry.value { value = .string("\(number)") }
      guard let value else {
        throw .wrongKind(key: full, origin: origin, found: entry.kind, expected: setting.fallback.kind)
      }
      values[full] = (value, origin)
    }
  }

  private static func text(of path: String) throws(ConfigurationError) -> String {
    func failure() -> ConfigurationError { .unreadable(path: path, reason: String(cString: strerror(errno))) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure() }
    guard status.st_mode & S_IFMT != S_IFIFO else {
      throw .unreadable(path: path, reason: "it is a pipe, which cannot be read again on a reload")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 8192)
    while bytes.count <= maximumFileSize {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard bytes.count <= maximumFileSize else {
      throw .malformed(path: path, line: nil, reason: "larger than \(maximumFileSize) bytes")
    }
    guard let text = String(validating: bytes, as: UTF8.self), !text.contains("\0") else {
      throw .malformed(path: path, line: nil, reason: "not UTF-8 text")
    }
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.utf8.count(where: { $0 == UInt8(ascii: ".") }) > maximumDots {
        throw .malformed(path: path, line: index + 1, reason: "more than \(maximumDots) dots in one line")
      }
      // The parser would end the text there.
      if line.contains("\\u0000") || line.contains("\\U00000000") {
        throw .malformed(path: path, line: index + 1, reason: "a NUL character, which no setting can hold")
      }
    }
    return text
  }

  // MARK: - Naming what was meant

  private func unknown(_ key: String, _ origin: SettingOrigin, among names: [String]? = nil) -> ConfigurationError {
    .unknownKey(
      key: shown(key), origin: origin, nearest: Settings.nearest(to: key, among: names ?? schema.settings.map(\.key)),
      command: schema.command)
  }

  /// The name that differs in the fewest characters, if those are few; a bare last part counts too.
  private static func nearest(to name: String, among names: [String]) -> String? {
    if let whole = names.first(where: { $0.hasSuffix(".\(name)") }) { return whole }
    let ranked = names.map { ($0, editDistance(name, $0)) }.min { $0.1 < $1.1 }
    guard let ranked, ranked.1 <= 3 else { return nil }
    return ranked.0
  }

  /// Levenshtein's distance; of long names the first 64 bytes.
  private static func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.utf8.prefix(64))
    let b = Array(b.utf8.prefix(64))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}

/// Text from outside, fit to be shown: no control characters, and not endless.
public func shown(_ text: String) -> String {
  let safe = text.unicodeScalars.prefix(80).map { scalar in
    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
      ? "\u{FFFD}" : String(scalar)
  }.joined()
  return text.unicodeScalars.count > 80 ? safe + "…" : safe
}
