#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What everybody may know of an input device, be he allowed to open it or not.
struct InputFiles: Sendable {
  /// What sysfs tells of a device (Documentation/ABI/testing/sysfs-class-input; drivers/input/input.c).
  struct Facts: Sendable, Hashable {
    var name: String
    var isAccelerometer: Bool
  }

  /// Who may open a node.
  struct Access: Sendable, Hashable {
    /// The name of its group, or its number where it has none.
    var group: String
    /// Whether the group is one that a user can be put into for this: it may read, and is not root's.
    var isOpenToGroup: Bool

    /// How to get access.
    var remedy: String {
      isOpenToGroup
        ? "it belongs to group \(group): usermod -aG \(group) USER, and log in again"
        : "its group \(group) is of no help: install a udev rule that gives it to group input with mode 0660"
    }
  }

  /// What sysfs tells of the device behind a node; `nil` if nothing.
  var facts: @Sendable (_ path: String) -> Facts?
  /// Who may open a node; `nil` if that cannot be told.
  var access: @Sendable (_ path: String) -> Access?

  /// Those of this machine.
  static let system = InputFiles(facts: { facts($0, below: "/sys/class/input") }, access: access(to:))

  /// Reads what a directory like /sys/class/input tells of a node.
  static func facts(_ path: String, below directory: String) -> Facts? {
    guard let node = path.split(separator: "/").last, let properties = text("\(directory)/\(node)/device/properties")
    else { return nil }
    let name = text("\(directory)/\(node)/device/name") ?? ""
    return Facts(
      name: String(
        String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 })),
      isAccelerometer: hasAccelerometerProperty(properties))
  }

  /// Whether INPUT_PROP_ACCELEROMETER is in a bitmap as sysfs prints it: words in hexadecimal, the lowest last.
  static func hasAccelerometerProperty(_ bitmap: String) -> Bool {
    guard let word = bitmap.split(separator: " ").last.flatMap({ UInt64($0, radix: 16) }) else { return false }
    return word >> 6 & 1 == 1
  }

  private static func access(to path: String) -> Access? {
    var information = stat()
    guard stat(path, &information) == 0 else { return nil }
    return access(group: information.st_gid, mode: information.st_mode)
  }

  /// Who may open a node with an owner and a mode.
  static func access(group number: gid_t, mode: mode_t) -> Access {
    Access(group: name(ofGroup: number) ?? "\(number)", isOpenToGroup: number != 0 && mode & S_IRGRP != 0)
  }

  private static func name(ofGroup number: gid_t) -> String? {
    var entry = group()
    var buffer = [CChar](repeating: 0, count: 16_384)
    var found: UnsafeMutablePointer<group>?
    guard getgrgid_r(number, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.gr_name else {
      return nil
    }
    return String(cString: name)
  }

  /// The first line of a small file.
  private static func text(_ path: String) -> String? {
    let descriptor = SystemCalls.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { SystemCalls.close(descriptor) }
    return SystemCalls.read(descriptor, atMost: 4096).map {
      String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
  }
}
