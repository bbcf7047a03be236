import Motion
internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Puts a directory of files in its place, whole or not at all.
///
/// The files are written to a directory beside it and reach the disk before that is renamed; a crash leaves at most a
/// directory that is called `.NAME.partial-…`.
enum CaptureDirectory {
  /// Refuses a place where something is, or where nothing can be.
  static func check(_ path: String) throws(SensorError) {
    guard !path.isEmpty, !path.utf8.contains(0), parts(path) != nil else {
      throw unwritable("", path, "is no path", "give the name of a directory to make")
    }
    var information = stat()
    if lstat(path, &information) == 0 {
      throw unwritable("make it", path, "it exists already", "give another name, or remove it first")
    }
    guard let (parent, _) = parts(path) else { return }
    guard access(parent, W_OK | X_OK) == 0 else {
      throw unwritable("make it", path, errno, "make sure that \(parent) is a directory that you may write to")
    }
  }

  /// Writes the files and puts the directory in its place.
  ///
  /// - Parameters:
  ///   - files: names and contents.
  ///   - path: the directory; nothing may be there.
  static func write(_ files: [(name: String, bytes: [UInt8])], to path: String) throws(SensorError) {
    try check(path)
    guard let (parent, name) = parts(path) else { return }
    var template = Array("\(parent)/.\(name).partial-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw unwritable("make a directory beside", path, errno) }
    let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do throws(SensorError) {
      for file in files { try write(file.bytes, to: "\(temporary)/\(file.name)") }
      chmod(temporary, 0o755)
      try sync(temporary)
      // Fails if something has come there meanwhile, unless that is an empty directory.
      guard rename(temporary, path) == 0 else { throw unwritable("put it in its place", path, errno) }
      try sync(parent)
    } catch {
      for file in files { unlink("\(temporary)/\(file.name)") }
      rmdir(temporary)
      throw error
    }
  }

  private static func parts(_ path: String) -> (parent: String, name: String)? {
    let trimmed = path.reversed().drop { $0 == "/" }.reversed()
    let name = String(trimmed.reversed().prefix { $0 != "/" }.reversed())
    guard !name.isEmpty, name != ".", name != ".." else { return nil }
    let above = String(trimmed.dropLast(name.count))
    return (above.isEmpty ? "." : above, name)
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(SensorError) {
    let descriptor = SystemCalls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw unwritable("make it", path, errno) }
    defer { SystemCalls.close(descriptor) }
    var done = 0
    while done < bytes.count {
      let written = SystemCalls.write(descriptor, bytes[done...])
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw unwritable("write it", path, errno) }
      done += written
    }
    guard fsync(descriptor) == 0 else { throw unwritable("bring it to the disk", path, errno) }
  }

  private static func sync(_ directory: String) throws(SensorError) {
    let descriptor = SystemCalls.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unwritable("open it", directory, errno) }
    defer { SystemCalls.close(descriptor) }
    // Some file systems have no such thing for directories.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw unwritable("bring it to the disk", directory, errno) }
  }

  private static func unwritable(
    _ operation: String, _ path: String, _ code: Int32, _ remedy: String = "check permissions and free space"
  ) -> SensorError {
    SensorError(
      kind: .unwritable, operation: operation, subject: path, code: code, problem: SystemErrno(code: code).text,
      remedy: remedy)
  }

  private static func unwritable(
    _ operation: String, _ path: String, _ problem: String, _ remedy: String
  ) -> SensorError {
    SensorError(
      kind: .unwritable, operation: operation.isEmpty ? "write there" : operation, subject: path.quotedForError,
      problem: problem, remedy: remedy)
  }
}
