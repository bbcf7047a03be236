#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Whose rights are judged.
public struct Subject: Sendable, Hashable {
  /// What to call it: "the user pi", "the service".
  public var name: String
  /// The name of the user, for commands; `nil` for a user that systemd makes up.
  var account: String?
  /// Its number; `nil` for a user that systemd makes up, who owns nothing.
  var user: UInt32?
  /// The numbers of its groups.
  var groups: Set<UInt32>

  /// Whether it may do everything.
  var isRoot: Bool { user == 0 }

  /// Whether files with such rights can be read, or written.
  func may(_ what: Permission, _ rights: SystemTree.Rights) -> Bool {
    if isRoot { return true }
    let shift: UInt32 = rights.user == user ? 6 : groups.contains(rights.group) ? 3 : 0
    return rights.mode >> shift & what.rawValue == what.rawValue
  }

  /// What somebody may do with a file.
  enum Permission: UInt32 {
    case read = 4
    case write = 2
    case readAndWrite = 6
  }

  /// Where systemd looks for units, first first.
  static let unitFolders = [
    "/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
  ]
  static let unit = "tacc-agent.service"

  /// The path of the agent's unit, where it is installed.
  static func unitPath(in tree: SystemTree) -> String? {
    unitFolders.map { "\($0)/\(unit)" }.first(where: tree.exists)
  }

  /// The user as whom the unit runs the agent; `nil` without a unit.
  public static func service(in tree: SystemTree) -> Subject? {
    guard let path = unitPath(in: tree), let text = tree.text(path) else { return nil }
    var groups: [String] = []
    var account: String?
    for line in text.split(separator: "\n") {
      if let value = value(of: "SupplementaryGroups", line) { groups += value.split(separator: " ").map(String.init) }
      if let value = value(of: "User", line) { account = value }
    }
    let found = account.flatMap(tree.user)
    let memberships = account.map(tree.groups) ?? []
    return Subject(
      name: "the service", account: found == nil ? nil : account, user: found?.user,
      groups: Set(groups.compactMap(tree.group) + memberships + (found.map { [$0.group] } ?? [])))
  }

  private static func value(of key: String, _ line: Substring) -> String? {
    line.hasPrefix("\(key)=") ? String(line.dropFirst(key.count + 1)) : nil
  }

  /// The user of this process.
  public static func current(in tree: SystemTree) -> Subject {
    let number = geteuid()
    var groups = [gid_t](repeating: 0, count: 1024)
    let count = getgroups(Int32(groups.count), &groups)
    let name = getpwuid(number).map { String(cString: $0.pointee.pw_name) } ?? "\(number)"
    return Subject(
      name: "the user \(name)", account: name, user: number,
      groups: Set(groups.prefix(max(0, Int(count))) + [getegid()]))
  }
}
