import Foundation
import SecureChannel

/// The long-term keys of this board: `identity.json` in its state directory, made once.
public struct IdentityFile: Sendable {
  /// Where it is.
  public let path: String
  private let directory: String
  private let files: any FileLayer

  /// The identity of a board. Nothing is made yet.
  ///
  /// - Parameter stateDirectory: an absolute path.
  public init(stateDirectory: String, files: any FileLayer = PosixFiles()) {
    directory = stateDirectory
    path = stateDirectory + "/identity.json"
    self.files = files
  }

  private static let secretKey = "secret"

  private struct Contents: Codable {
    var format: Int
    /// For people; and whether the secret is whole.
    var fingerprint: String
    /// Blanks, or nothing: see ``SecretField``.
    var secret = ""
  }

  /// The keys, or `nil` where there are none yet.
  public func read() throws(PeerError) -> IdentityKeys? {
    // Its only reference, so that wiping it leaves no copy.
    var text: [UInt8] = []
    let found: Void? = try onFiles { () throws(FileError) in
      try ifThere { () throws(FileError) in text = try files.read(path, limit: FileFormat.maximumCount) }
    }
    guard found != nil else { return nil }
    defer { wipe(&text) }
    let secret = SecretField.cut(Self.secretKey, count: IdentityKeys.secretCount, from: &text)
    guard let contents = try? JSONDecoder().decode(Contents.self, from: Data(text)) else {
      throw .corrupt(path: path, reason: "not the JSON of an identity")
    }
    guard contents.format <= FileFormat.current else { throw .laterFormat(path: path, format: contents.format) }
    guard let secret, let keys = try? IdentityKeys(secret: secret) else {
      throw .corrupt(path: path, reason: "its secret is not \(IdentityKeys.secretCount) bytes of base64")
    }
    guard keys.publicIdentity.fingerprint == contents.fingerprint else {
      throw .corrupt(path: path, reason: "its secret is not that of its fingerprint")
    }
    return keys
  }

  /// The keys; made now where there are none. Whoever calls this at the same time gets the same ones, and they are on the
  /// disk when it returns. A damaged file is an error: other boards know this one by what was in it.
  public func readOrMake() throws(PeerError) -> IdentityKeys {
    try onFiles { () throws(FileError) in try AtomicFile.makeDirectory(directory, on: files) }
    let lock = try onFiles { () throws(FileError) in try files.lock(directory + "/.lock") }
    defer { files.close(lock) }
    try onFiles { () throws(FileError) in try AtomicFile.removeUnfinished(in: directory, on: files) }
    if let keys = try read() { return keys }
    let keys: IdentityKeys
    let secret: SecretBytes
    do throws(CryptoError) {
      keys = try IdentityKeys.generate()
      secret = try keys.secret()
    } catch {
      throw .crypto(error)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let contents = Contents(format: FileFormat.current, fingerprint: keys.publicIdentity.fingerprint)
    guard let text = try? encoder.encode(contents) else { throw .corrupt(path: path, reason: "not encodable") }
    var whole = SecretField.filled(Array(text) + [UInt8(ascii: "\n")], Self.secretKey, with: secret)
    defer { wipe(&whole) }
    if try AtomicFile.create(path, with: whole, on: files) { return keys }
    // A file system without locks, and somebody was faster.
    guard let others = try read() else { throw .corrupt(path: path, reason: "it came and went") }
    return others
  }
}
