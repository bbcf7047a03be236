/// Whether somebody may use what the agent needs: the sensor's node and attributes, and chips of GPIO lines.
struct AccessCheck {
  let tree: SystemTree
  let shell: Shell
  let subject: Subject

  static let rules = "70-tacc.rules"
  static let ruleFolders = ["/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"]

  /// The node of an IIO device, and the files that a stream needs to be written.
  func sensor(_ id: String) -> Finding {
    let folder = "/sys/bus/iio/devices/\(id)"
    let node = "/dev/\(id)"
    guard tree.exists(node) else {
      return Finding(
        "access", .problem, "there is no \(node), though there is a device: udev, or devtmpfs, has not made it",
        command: shell.root("udevadm trigger --action=add --subsystem-match=iio"))
    }
    var files = [node]
    // Those of udev/70-tacc.rules.
    for name in [
      "sampling_frequency", "current_timestamp_clock", "trigger/current_trigger", "buffer/enable", "buffer/length",
    ] {
      files.append("\(folder)/\(name)")
    }
    files += tree.names(in: folder).filter {
      $0.hasPrefix("in_") && ($0.hasSuffix("_scale") || $0.hasSuffix("_sampling_frequency"))
    }
    .map { "\(folder)/\($0)" }
    files += tree.names(in: "\(folder)/scan_elements").filter { $0.hasSuffix("_en") }.map {
      "\(folder)/scan_elements/\($0)"
    }
    let refused = files.filter { path in
      guard let rights = tree.rights(path) else { return false }
      // Read-only to everybody is what the driver has made it, not a lack of rights.
      return rights.mode & 0o222 != 0 && !subject.may(.readAndWrite, rights)
    }
    return judge(refused, group: "iio", what: "\(node) and its settings", "access")
  }

  /// The chip of a GPIO line; the finding is one of that line's check.
  func chip(_ path: String, for check: String) -> Finding {
    guard let rights = tree.rights(path) else { return Finding(check, .problem, "there is no \(path)") }
    return judge(subject.may(.readAndWrite, rights) ? [] : [path], group: "gpio", what: path, check)
  }

  private func judge(_ refused: [String], group: String, what: String, _ check: String) -> Finding {
    guard let first = refused.first else { return Finding(check, .ok, "\(subject.name) may use \(what)") }
    let more = refused.count > 1 ? " and \(refused.count - 1) of its other files" : ""
    let (commands, advice) = remedies(first, group: group)
    return Finding(
      check, .problem, "\(subject.name) may not use \(first)\(more)\(advice)",
      command: commands.isEmpty ? nil : shell.root(all: commands))
  }

  /// What is to be done so that somebody may use a file, in this order.
  private func remedies(_ file: String, group: String) -> (commands: [String], advice: String) {
    var commands: [String] = []
    let number = tree.group(group)
    if number == nil {
      // Both, so that the rules are read once with both there: udev passes over names that it does not know.
      commands += ["iio", "gpio"].filter { tree.group($0) == nil }.map { "groupadd --system --force \($0)" }
    }
    if !Self.ruleFolders.contains(where: { tree.exists("\($0)/\(Self.rules)") }) {
      // From a copy of the sources; a package brings it along.
      commands.append("install -m 644 udev/\(Self.rules) /etc/udev/rules.d/")
    }
    if !commands.isEmpty || tree.rights(file)?.group != number {
      commands += [
        "udevadm control --reload",
        "udevadm trigger --action=add --subsystem-match=iio --subsystem-match=gpio", "udevadm settle",
      ]
    }
    guard number == nil || !subject.groups.contains(number ?? 0) else { return (commands, "") }
    if let account = subject.account {
      if let number, tree.groups(of: account).contains(number) {
        return (commands, ": log out and in again, so that group \(group) counts")
      }
      commands.append("usermod --append --groups \(group) \(account)")
      return (commands, ": it is not in group \(group); after the command log out and in again")
    }
    if number != nil {
      let folder = "/etc/systemd/system/\(Subject.unit).d"
      commands += [
        "install -d \(folder)",
        "sh -c 'printf \"[Service]\\nSupplementaryGroups=\(group)\\n\" >\(folder)/\(group).conf'",
        "systemctl daemon-reload", "systemctl restart \(Subject.unit)",
      ]
    }
    return (commands, ": it is not in group \(group)")
  }
}
