public import Configuration
import Glibc
import Pairing
import SecureChannel

/// Where a board keeps who it is and whom it knows, what it calls itself, and what is run when that changes.
public struct StateConfiguration: Sendable {
  /// Where `systemctl` units of tacc keep their state.
  public static let standardDirectory = "/var/lib/tacc"

  /// What programs are run, and how.
  public struct Hooks: Sendable, Hashable {
    /// The directory with `on-paired.d` and `on-forgotten.d`, if there is to be one.
    public var directory: String?
    /// The label of the key that `on-paired.d` gets.
    public var label: ExportLabel
    /// How long each may take, seconds.
    public var seconds: Double
    /// Whether root runs them too.
    public var asRoot: Bool
  }

  /// Where identity and peers are kept; `nil` where the configuration names nothing.
  public let directory: String?
  /// What the board calls itself.
  public let name: DeviceName
  /// The programs.
  public let hooks: Hooks

  /// Checks settings.
  ///
  /// - Parameter environment: for systemd's STATE_DIRECTORY.
  public init(_ settings: Settings, environment: [String: String]) throws(ConfigurationError) {
    let reader = SettingsReader(settings)
    // systemd separates several by colons; the unit has one.
    let given = environment["STATE_DIRECTORY"].map { String($0.prefix { $0 != ":" }) }
    directory = try reader.optionalText("state.directory") ?? given.flatMap { $0.isEmpty ? nil : $0 }
    if let directory, !directory.hasPrefix("/") || directory.utf8.count > 3000 {
      throw reader.impossible("state.directory", "an absolute path")
    }
    if let text = try reader.optionalText("device.name") {
      guard let name = DeviceName(text) else {
        throw reader.impossible(
          "device.name", "1 to \(DeviceName.maximumCount) bytes of UTF-8 without control characters")
      }
      self.name = name
    } else {
      name = DeviceName(sanitizing: StateConfiguration.hostName())
    }
    let hooksDirectory = try reader.optionalText("hooks.directory")
    if let hooksDirectory, !hooksDirectory.hasPrefix("/") {
      throw reader.impossible("hooks.directory", "an absolute path")
    }
    guard let label = ExportLabel(try reader.text("hooks.key_label")) else {
      throw reader.impossible("hooks.key_label", "1 to 64 characters of A-Za-z0-9._/-")
    }
    hooks = Hooks(
      directory: hooksDirectory, label: label, seconds: try reader.number("hooks.seconds", in: 1...3600),
      asRoot: try reader.boolean("hooks.as_root"))
  }

  private static func hostName() -> String {
    var text = [CChar](repeating: 0, count: 256)
    guard gethostname(&text, text.count - 1) == 0 else { return "" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
