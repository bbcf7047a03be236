/// Whether somebody else wants the sensor.
struct ClaimCheck {
  let tree: SystemTree
  let shell: Shell

  static let proxy = "iio-sensor-proxy"
  private static let unitFolders = ["/usr/lib/systemd/system", "/lib/systemd/system"]
  private static let mask = "systemctl mask --now iio-sensor-proxy.service"

  /// The desktop's reader of accelerometers; `nil` where there is none.
  func proxy() -> Finding? {
    // The kernel keeps 15 bytes of a name.
    if tree.processes().contains(where: { $0.name == Self.proxy.prefix(15) }) {
      return Finding(
        "claim", .problem,
        "\(Self.proxy) is running: it reads the accelerometer, and ends the stream of whoever else does",
        command: shell.root(Self.mask))
    }
    guard Self.unitFolders.contains(where: { tree.exists("\($0)/\(Self.proxy).service") }),
      tree.link("/etc/systemd/system/\(Self.proxy).service") != "/dev/null"
    else { return nil }
    return Finding(
      "claim", .warning, "\(Self.proxy) is installed, and may be started for the accelerometer at any time",
      command: shell.root(Self.mask))
  }

  /// Whether the buffer of a device is free.
  func buffer(_ id: String) -> Finding {
    let path = "/sys/bus/iio/devices/\(id)/buffer/enable"
    guard tree.text(path) == "1" else { return Finding("claim", .ok, "nobody samples \(id)") }
    let holders = tree.holders(of: "/dev/\(id)")
    guard let holder = holders.first else {
      return Finding(
        "claim", .problem,
        "\(id) is sampling, and no process that can be seen reads it: one that was killed has left its buffer on, or one "
          + "of another user has it",
        command: shell.write("0", to: path))
    }
    if holder.name == "tacc" {
      return Finding(
        "claim", .warning, "\(id) is sampling for tacc (process \(holder.id)): a window is open, try again afterwards",
        command: "tacc press --cancel")
    }
    return Finding(
      "claim", .problem, "\(id) is sampling for \(holder.name) (process \(holder.id))",
      command: shell.root("kill \(holder.id)"))
  }
}
