import SecureChannel

/// Files that are there whole or not at all, whenever the power fails: written under another name, brought to the disk,
/// then given their name, and the directory brought to the disk.
enum AtomicFile {
  /// How names of files begin and end that are not done; whoever holds the directory's lock may remove them.
  static func isUnfinished(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".tmp") }

  /// Puts a file in the place of what has its name, or has not.
  static func replace(_ path: String, with contents: [UInt8], on files: any FileLayer) throws(PeerError) {
    try write(contents, for: path, on: files) { (temporary) throws(FileError) in
      try files.rename(temporary, to: path)
    }
  }

  /// Makes a file unless its name is taken.
  ///
  /// - Returns: whether it was made.
  static func create(_ path: String, with contents: [UInt8], on files: any FileLayer) throws(PeerError) -> Bool {
    do throws(PeerError) {
      try write(contents, for: path, on: files) { (temporary) throws(FileError) in
        try files.link(temporary, to: path)
        try files.remove(temporary)
      }
      return true
    } catch {
      if case .file(let reason) = error, reason.saysExisting, reason.operation == "link" { return false }
      throw error
    }
  }

  /// Makes a directory and, where it is missing too, the one it stands in.
  static func makeDirectory(_ path: String, on files: any FileLayer) throws(FileError) {
    let outer = parent(of: path)
    let isNew: Bool
    do throws(FileError) {
      isNew = try files.makeDirectory(path)
    } catch {
      guard error.saysMissing, outer != "/" else { throw error }
      try makeDirectory(outer, on: files)
      isNew = try files.makeDirectory(path)
    }
    if isNew { try files.syncDirectory(outer) }
  }

  /// Removes what a process left behind that did not get to its end. The caller holds the directory's lock.
  static func removeUnfinished(in directory: String, on files: any FileLayer) throws(FileError) {
    for name in try files.names(in: directory) where isUnfinished(name) { try files.remove("\(directory)/\(name)") }
  }

  private static func write(
    _ contents: [UInt8], for path: String, on files: any FileLayer, _ name: (String) throws(FileError) -> Void
  ) throws(PeerError) {
    let directory = parent(of: path)
    let random: [UInt8]
    do { random = try SystemRandom.bytes(count: 8) } catch { throw .crypto(error) }
    let temporary = "\(directory)/.\(path.dropFirst(directory.count + 1)).\(Hexadecimal.text(random)).tmp"
    do throws(FileError) {
      try fill(temporary, with: contents, on: files)
      try name(temporary)
      try files.syncDirectory(directory)
    } catch {
      // Where it has its name by now there is nothing to remove.
      try? files.remove(temporary)
      throw .file(error)
    }
  }

  private static func fill(_ path: String, with contents: [UInt8], on files: any FileLayer) throws(FileError) {
    let descriptor = try files.create(path)
    defer { files.close(descriptor) }
    var rest = contents[...]
    while !rest.isEmpty { rest = rest.dropFirst(try files.write(rest, to: descriptor)) }
    try files.sync(descriptor)
  }
}
