import Glibc

/// The programs of a hook directory, in the order in which they run.
struct HookFiles: Sendable, Equatable {
  /// Paths, in the order of their bytes.
  var programs: [String] = []
  /// What is not run, and why: each a sentence for the log.
  var refusals: [String] = []

  /// Looks into a directory. One that is not there has no programs.
  init(in directory: String) {
    var status = stat()
    guard lstat(directory, &status) == 0 else {
      if errno != ENOENT { refusals.append("cannot look into \(directory): \(String(cString: strerror(errno)))") }
      return
    }
    guard status.st_mode & S_IFMT == S_IFDIR, HookFiles.isOwn(status) else {
      refusals.append(
        "the hooks of \(directory) are not run: it is no directory, or others than root and this user may write to it; "
          + "chown and chmod go-w it")
      return
    }
    guard let stream = opendir(directory) else {
      refusals.append("cannot look into \(directory): \(String(cString: strerror(errno)))")
      return
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
      names.append(withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) })
    }
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) where name.first != UInt8(ascii: ".") {
      let path = directory + "/" + String(decoding: name, as: UTF8.self)
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT != S_IFREG {
        refusals.append("\(path) is not run: it is no regular file; copy the program there")
      } else if !HookFiles.isOwn(status) {
        refusals.append(
          "\(path) is not run: others than root and this user may write to it; chown and chmod go-w it")
      } else if access(path, X_OK) != 0 {
        refusals.append("\(path) is not run: this user may not execute it; chmod +x it, or remove it")
      } else {
        programs.append(path)
      }
    }
  }

  /// Whether nobody but root and this user can change it.
  private static func isOwn(_ status: stat) -> Bool {
    (status.st_uid == 0 || status.st_uid == geteuid()) && status.st_mode & 0o022 == 0
  }
}
