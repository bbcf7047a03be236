#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What the kernel and the system tell in files: /sys, /proc, /dev, /etc. Below another root in tests.
public struct SystemTree: Sendable {
  /// Who owns a file, and who may do what with it.
  struct Rights: Sendable, Hashable {
    var user: UInt32
    var group: UInt32
    /// The nine bits of rwxrwxrwx.
    var mode: UInt32
  }

  private let root: String

  /// A tree.
  ///
  /// - Parameter root: what stands before every path; empty for this machine.
  public init(root: String = "") { self.root = root }

  /// The text of a file, 64 KiB at most, without white space at its end; `nil` if it cannot be read.
  func text(_ path: String) -> String? {
    let descriptor = open(root + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
      }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      filled += count
    }
    while filled > 0, [0x0A, 0x20, 0x00].contains(bytes[filled - 1]) { filled -= 1 }
    return String(decoding: bytes[..<filled], as: UTF8.self)
  }

  /// The names in a directory, in order; none if it cannot be read.
  func names(in path: String) -> [String] {
    guard let directory = opendir(root + path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        // d_name is an array that ends in a zero byte.
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether there is such a file.
  func exists(_ path: String) -> Bool { rights(path) != nil }

  /// Where a symbolic link leads, as it stands there; `nil` if it is none.
  func link(_ path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = readlink(root + path, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// The last name of where a symbolic link leads: of `driver`, which one.
  func linkedName(_ path: String) -> String? { link(path)?.split(separator: "/").last.map(String.init) }

  /// The path without links; `nil` if there is no such file.
  func resolved(_ path: String) -> String? {
    guard let real = realpath(root + path, nil) else { return nil }
    defer { free(real) }
    let text = String(cString: real)
    guard !root.isEmpty, let base = realpath(root, nil) else { return text }
    defer { free(base) }
    let prefix = String(cString: base)
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }

  /// Owner and mode; `nil` if there is no such file.
  func rights(_ path: String) -> Rights? {
    var status = stat()
    guard stat(root + path, &status) == 0 else { return nil }
    return Rights(user: status.st_uid, group: status.st_gid, mode: UInt32(status.st_mode) & 0o777)
  }

  /// The number of a group of /etc/group.
  func group(_ name: String) -> UInt32? {
    lines(of: "/etc/group").first { $0.first == name }.flatMap { $0.count > 2 ? UInt32($0[2]) : nil }
  }

  /// The name of a group of /etc/group.
  func groupName(_ number: UInt32) -> String? {
    lines(of: "/etc/group").first { $0.count > 2 && $0[2] == "\(number)" }?.first
  }

  /// The groups that name a user as a member.
  func groups(of user: String) -> [UInt32] {
    lines(of: "/etc/group").filter { $0.count > 3 && $0[3].split(separator: ",").contains(Substring(user)) }
      .compactMap { UInt32($0[2]) }
  }

  /// The fields of a user of /etc/passwd: number and group.
  func user(_ name: String) -> (user: UInt32, group: UInt32)? {
    guard let fields = lines(of: "/etc/passwd").first(where: { $0.first == name }), fields.count > 3,
      let user = UInt32(fields[2]), let group = UInt32(fields[3])
    else { return nil }
    return (user, group)
  }

  private func lines(of path: String) -> [[String]] {
    (text(path) ?? "").split(separator: "\n").map {
      $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// The processes that there are, with what they are called (the first 15 bytes of it).
  func processes() -> [(id: Int, name: String)] {
    names(in: "/proc").compactMap { name in
      Int(name).flatMap { id in text("/proc/\(id)/comm").map { (id, $0) } }
    }
  }

  /// The processes that have such a file open, as far as this user may know.
  func holders(of file: String) -> [(id: Int, name: String)] {
    processes().filter { process in
      names(in: "/proc/\(process.id)/fd").contains { link("/proc/\(process.id)/fd/\($0)") == file }
    }
  }
}
