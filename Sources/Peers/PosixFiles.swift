import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The file system of the machine.
public struct PosixFiles: FileLayer {
  /// The file system.
  public init() {}

  /// mkdir(2).
  public func makeDirectory(_ path: String) throws(FileError) -> Bool {
    if mkdir(path, 0o700) == 0 {
      try giveToOwner(of: parent(of: path), path)
      return true
    }
    guard errno == EEXIST else { throw failure("make the directory", path) }
    return false
  }

  /// readdir(3).
  public func names(in directory: String) throws(FileError) -> [String] {
    guard let stream = opendir(directory) else { throw failure("read the directory", directory) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw failure("read the directory", directory) }
        return names
      }
      // d_name is an array of fixed size in C, a tuple here.
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  /// open(2) and read(2), following no symbolic link.
  public func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("examine", path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(operation: "read", path: path, kind: .notAFile) }
    let user = geteuid()
    guard status.st_mode & 0o077 == 0, status.st_uid == user || user == 0 else {
      throw FileError(operation: "read", path: path, kind: .tooOpen(mode: UInt32(status.st_mode)))
    }
    // Room for all of it at once, so that no half of it stays behind when the array grows.
    guard status.st_size <= limit else { throw FileError(operation: "read", path: path, kind: .tooLong(limit: limit)) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < bytes.count {
      let start = count
      let got = bytes.withUnsafeMutableBytes { raw in
        readDescriptor(descriptor, raw.baseAddress.map { $0 + start }, raw.count - start)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw failure("read", path) }
      guard got > 0 else { break }
      count += got
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// open(2) with O_EXCL.
  public func create(_ path: String) throws(FileError) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure("create", path) }
    do {
      try giveToOwner(of: parent(of: path), path)
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// write(2).
  public func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(FileError) -> Int {
    while true {
      let count = bytes.withUnsafeBytes { writeDescriptor(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { return count }
      guard count < 0, errno == EINTR else { throw failure("write to", "a new file") }
    }
  }

  /// fsync(2).
  public func sync(_ descriptor: Int32) throws(FileError) {
    guard fsync(descriptor) == 0 else { throw failure("bring to the disk", "a new file") }
  }

  /// close(2).
  public func close(_ descriptor: Int32) { closeDescriptor(descriptor) }

  /// rename(2).
  public func rename(_ path: String, to newPath: String) throws(FileError) {
    guard renameFile(path, newPath) == 0 else { throw failure("rename", path) }
  }

  /// link(2).
  public func link(_ path: String, to newPath: String) throws(FileError) {
    guard linkFile(path, newPath) == 0 else { throw failure("link", newPath) }
  }

  /// unlink(2).
  public func remove(_ path: String) throws(FileError) {
    guard unlink(path) == 0 else { throw failure("remove", path) }
  }

  /// fsync(2) of the directory.
  public func syncDirectory(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("bring to the disk", path) }
  }

  /// flock(2).
  public func lock(_ path: String) throws(FileError) -> Int32 {
    let existed = access(path, F_OK) == 0
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure("open", path) }
    do {
      if !existed { try giveToOwner(of: parent(of: path), path) }
    } catch {
      close(descriptor)
      throw error
    }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        defer { close(descriptor) }
        throw failure("lock", path)
      }
    }
    return descriptor
  }

  /// What root makes in the state directory belongs to whom that belongs to: the agent, which is not root, must be able
  /// to read what `sudo tacc peers rename` wrote.
  private func giveToOwner(of directory: String, _ path: String) throws(FileError) {
    guard geteuid() == 0 else { return }
    var status = stat()
    guard stat(directory, &status) == 0 else { throw failure("examine", directory) }
    guard status.st_uid != 0 else { return }
    guard lchown(path, status.st_uid, status.st_gid) == 0 else { throw failure("change the owner of", path) }
  }

  private func failure(_ operation: String, _ path: String) -> FileError {
    FileError(operation: operation, path: path, kind: .system(.current))
  }
}

// The calls whose names are also those of methods above.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
private func readDescriptor(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
private func writeDescriptor(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
private func renameFile(_ path: String, _ newPath: String) -> Int32 { rename(path, newPath) }
private func linkFile(_ path: String, _ newPath: String) -> Int32 { link(path, newPath) }

/// The directory that a path stands in.
func parent(of path: String) -> String {
  let parts = path.split(separator: "/")
  return "/" + parts.dropLast().joined(separator: "/")
}
