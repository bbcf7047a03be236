/// What is wrong with a configuration: where, what, and what to do.
public enum ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file cannot be read: its path and the system's reason.
  case unreadable(path: String, reason: String)
  /// The file is no TOML, or not one of this size or encoding.
  case malformed(path: String, line: Int?, reason: String)
  /// A key that does not exist.
  case unknownKey(key: String, origin: SettingOrigin, nearest: String?, command: String)
  /// A value of another kind than the key takes.
  case wrongKind(key: String, origin: SettingOrigin, found: String, expected: String)
  /// A value that cannot be.
  case impossible(key: String, origin: SettingOrigin, value: String, expected: String)

  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "cannot read the configuration \(path): \(reason); give the path of a file that this user may read"
    case .malformed(let path, let line, let reason):
      "\(path)\(line.map { ", line \($0)" } ?? ""): \(reason); the file is TOML: [table], then key = value"
    case .unknownKey(let key, let origin, let nearest, let command):
      "\(origin): there is no key \(key)"
        + (nearest.map { "; did you mean \($0)?" } ?? "; `\(command) --check-config` lists all keys")
    case .wrongKind(let key, let origin, let found, let expected):
      "\(origin): \(key) is \(found), \(expected) was expected"
    case .impossible(let key, let origin, let value, let expected):
      "\(origin): \(key) = \(value); give \(expected)"
    }
  }
}
