import Platform

/// The few operations on files that ``AtomicFile`` and ``PeerStore`` stand on, so that tests can cut the power at each.
///
/// Paths are absolute. Files are made with mode 0600 and directories with 0700.
public protocol FileLayer: Sendable {
  /// Makes a directory; what leads to it must be there.
  ///
  /// - Returns: whether it was made now, and not there before.
  func makeDirectory(_ path: String) throws(FileError) -> Bool
  /// The names in a directory.
  func names(in directory: String) throws(FileError) -> [String]
  /// A file's bytes, which the caller wipes. A file that others than its owner may read is refused, as is anything that is
  /// no regular file, or longer than `limit` bytes.
  func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]
  /// Makes a file that must not be there yet, and opens it for writing.
  func create(_ path: String) throws(FileError) -> Int32
  /// Writes bytes to an open file; returns how many, at least one.
  func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(FileError) -> Int
  /// Returns when the file's contents are on the disk (fsync(2)).
  func sync(_ descriptor: Int32) throws(FileError)
  /// Closes an open file, or lets go of a lock.
  func close(_ descriptor: Int32)
  /// Gives a file another name, in place of what had it (rename(2)).
  func rename(_ path: String, to newPath: String) throws(FileError)
  /// Gives a file a second name, which must be free (link(2)).
  func link(_ path: String, to newPath: String) throws(FileError)
  /// Removes a name.
  func remove(_ path: String) throws(FileError)
  /// Returns when the names in a directory are on the disk.
  func syncDirectory(_ path: String) throws(FileError)
  /// Waits for the lock that a file stands for (flock(2)), which ends with the process at the latest. The file is made
  /// where it is not there.
  ///
  /// - Returns: what ``close(_:)`` takes.
  func lock(_ path: String) throws(FileError) -> Int32
}

/// Why an operation on a file failed.
public struct FileError: Error, Sendable, Hashable {
  /// What went wrong.
  public enum Kind: Sendable, Hashable {
    /// The kernel said no.
    case system(SystemErrno)
    /// It is no regular file.
    case notAFile
    /// Others than its owner may read or write it, or it is somebody else's; its mode.
    case tooOpen(mode: UInt32)
    /// It is longer than anything that belongs here, bytes.
    case tooLong(limit: Int)
  }

  /// What was tried: "open", "write", …
  public let operation: String
  /// On which file.
  public let path: String
  /// What went wrong.
  public let kind: Kind

  /// An error.
  public init(operation: String, path: String, kind: Kind) {
    self.operation = operation
    self.path = path
    self.kind = kind
  }

  /// Whether the file is simply not there.
  var saysMissing: Bool { kind == .system(.noEntry) }
  /// Whether the name is taken.
  var saysExisting: Bool { kind == .system(.alreadyThere) }
}

extension FileError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch kind {
    case .system(let code) where code.saysForbidden:
      "cannot \(operation) \(path): \(code); run this as the user that the agent runs as, or as root"
    case .system(let code): "cannot \(operation) \(path): \(code); check the disk and the directory"
    case .notAFile: "\(path) is no regular file; move it away"
    case .tooOpen(let mode):
      "\(path) holds secrets, and others may get at it (mode \(String(mode & 0o7777, radix: 8))); make it its owner's "
        + "alone (chmod 600, and chown where it is another user's)"
    case .tooLong(let limit): "\(path) is longer than \(limit) bytes, which nothing of tacc's is; move it away"
    }
  }
}
