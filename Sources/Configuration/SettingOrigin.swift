/// Where a value came from.
public enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
  /// Nobody set it.
  case builtIn
  /// A configuration file.
  case file(String)
  /// A variable of the environment.
  case environment(String)
  /// An option on the command line.
  case option(String)

  /// In words.
  public var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let path): path
    case .environment(let name): "environment \(name)"
    case .option(let name): "option \(name)"
    }
  }
}
