import SecureChannel

/// Why something about peers cannot be done.
public enum PeerError: Error, Sendable, Equatable {
  /// The file system.
  case file(FileError)
  /// A file is not what it should be.
  case corrupt(path: String, reason: String)
  /// A file was written by a later version of this program.
  case laterFormat(path: String, format: Int)
  /// No peer has this name or fingerprint.
  case unknownPeer(String, directory: String)
  /// Several peers are meant; their fingerprints.
  case ambiguousPeer(String, fingerprints: [String])
  /// Memory or randomness.
  case crypto(CryptoError)
}

extension PeerError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .corrupt(let path, let reason):
      "\(path) is damaged (\(reason)): move it away; boards that knew this one by it must be paired again"
    case .laterFormat(let path, let format):
      "\(path) has format \(format), which a later version of tacc wrote; this one knows up to \(FileFormat.current). "
        + "Update it"
    case .unknownPeer(let text, let directory):
      "no peer is called «\(text)» in \(directory); `tacc peers` lists those there are"
    case .ambiguousPeer(let text, let fingerprints):
      "«\(text)» may be any of \(fingerprints.joined(separator: ", ")); give the fingerprint, or more of it"
    case .crypto(let error): "\(error)"
    }
  }
}

/// The format of the files of this room.
enum FileFormat {
  static let current = 1
  /// Longest file, bytes.
  static let maximumCount = 64 * 1024
}

/// Runs operations on files; what they throw is thrown as ``PeerError/file(_:)``.
func onFiles<Result>(_ body: () throws(FileError) -> Result) throws(PeerError) -> Result {
  do throws(FileError) {
    return try body()
  } catch {
    throw .file(error)
  }
}

/// Runs an operation on a file that may be missing: `nil` then.
func ifThere<Result>(_ body: () throws(FileError) -> Result) throws(FileError) -> Result? {
  do throws(FileError) {
    return try body()
  } catch {
    guard error.saysMissing else { throw error }
    return nil
  }
}
