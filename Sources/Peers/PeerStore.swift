import SecureChannel

/// The boards that this one was paired with: one file each in the directory `peers` of the state directory, named by the
/// peer's fingerprint.
///
/// Every change is atomic, whenever the power fails, and takes the directory's lock, so that the agent and the commands of
/// a user do not undo each other's. Reading takes no lock.
public struct PeerStore: Sendable {
  /// Where the files are.
  public let directory: String
  private let files: any FileLayer

  /// The peers of a board. Nothing is made yet.
  ///
  /// - Parameter stateDirectory: an absolute path.
  public init(stateDirectory: String, files: any FileLayer = PosixFiles()) {
    directory = stateDirectory + "/peers"
    self.files = files
  }

  /// What the directory holds.
  public struct Listing: Sendable {
    /// A file that is no peer.
    public struct Problem: Sendable {
      /// What is wrong with it, and what to do.
      public let error: PeerError
      /// Where it was moved to, if it was.
      public let setAside: String?
    }
    /// The peers, by name and then fingerprint.
    public var peers: [PeerRecord] = []
    /// The files that are none.
    public var problems: [Problem] = []
  }

  /// Reads all peers. A damaged file is renamed to end in `.corrupt`, so that it is told of once and stays for whoever can
  /// mend it.
  public func list() throws(PeerError) -> Listing {
    var listing = Listing()
    let names = try onFiles { () throws(FileError) in
      try ifThere { () throws(FileError) in try files.names(in: directory) }
    }
    for name in (names ?? []).sorted() where !name.hasPrefix(".") && name.hasSuffix(PeerStore.suffix) {
      do throws(PeerError) {
        listing.peers.append(try read("\(directory)/\(name)"))
      } catch {
        switch error {
        // Forgotten in between.
        case .file(let reason) where reason.saysMissing: continue
        case .corrupt(let path, _): listing.problems.append(.init(error: error, setAside: setAside(path)))
        default: listing.problems.append(.init(error: error, setAside: nil))
        }
      }
    }
    listing.peers.sort {
      ($0.shownName.text, $0.identity.fingerprint) < ($1.shownName.text, $1.identity.fingerprint)
    }
    return listing
  }

  /// The peer that a user means: by its fingerprint, by at least four digits that one begins with, or by its name.
  public func find(_ text: String) throws(PeerError) -> PeerRecord {
    let peers = try list().peers
    if let exact = peers.first(where: { $0.identity.fingerprint == text }) { return exact }
    // Whoever gives itself a name like another's fingerprint makes it ambiguous, no more.
    let meant = peers.filter {
      $0.shownName.text == text || (text.utf8.count >= 4 && $0.identity.fingerprint.hasPrefix(text))
    }
    guard let one = meant.first else { throw .unknownPeer(text, directory: directory) }
    guard meant.count == 1 else { throw .ambiguousPeer(text, fingerprints: meant.map(\.identity.fingerprint)) }
    return one
  }

  /// Keeps a peer. One that was known before is replaced; the name that it was given here stays.
  ///
  /// - Returns: what was replaced.
  @discardableResult public func keep(_ record: PeerRecord) throws(PeerError) -> PeerRecord? {
    try onFiles { () throws(FileError) in try AtomicFile.makeDirectory(directory, on: files) }
    return try locked { () throws(PeerError) in
      let path = path(of: record)
      var old: PeerRecord?
      do throws(PeerError) {
        old = try read(path)
      } catch {
        // What is damaged is set aside and not lost; what is missing is no fault.
        if case .corrupt = error { _ = setAside(path) }
      }
      var record = record
      record.alias = record.alias ?? old?.alias
      try write(record)
      return old
    }
  }

  /// Changes a peer in place.
  ///
  /// - Returns: the peer as it is now.
  @discardableResult public func update(
    _ peer: PeerRecord, _ change: (inout PeerRecord) -> Void
  ) throws(PeerError) -> PeerRecord {
    try locked { () throws(PeerError) in
      // Read again under the lock: it may have been paired anew.
      var record = try read(path(of: peer))
      change(&record)
      try write(record)
      return record
    }
  }

  /// Forgets a peer.
  public func forget(_ peer: PeerRecord) throws(PeerError) {
    try locked { () throws(PeerError) in
      try onFiles { () throws(FileError) in
        try files.remove(path(of: peer))
        try files.syncDirectory(directory)
      }
    }
  }

  private static let suffix = ".json"

  private func path(of record: PeerRecord) -> String {
    "\(directory)/\(record.identity.fingerprint)\(PeerStore.suffix)"
  }

  private func read(_ path: String) throws(PeerError) -> PeerRecord {
    var text = try onFiles { () throws(FileError) in try files.read(path, limit: FileFormat.maximumCount) }
    let record = try PeerRecord(decoding: &text, path: path)
    guard self.path(of: record) == path else {
      throw .corrupt(path: path, reason: "its name is not the fingerprint of the keys in it")
    }
    return record
  }

  private func write(_ record: PeerRecord) throws(PeerError) {
    var text = try record.encoded()
    defer { wipe(&text) }
    try AtomicFile.replace(path(of: record), with: text, on: files)
  }

  private func setAside(_ path: String) -> String? {
    let place = path + ".corrupt"
    do {
      try files.rename(path, to: place)
      try files.syncDirectory(directory)
      return place
    } catch {
      return nil
    }
  }

  private func locked<Result>(_ body: () throws(PeerError) -> Result) throws(PeerError) -> Result {
    let lock = try onFiles { () throws(FileError) in try files.lock("\(directory)/.lock") }
    defer { files.close(lock) }
    try onFiles { () throws(FileError) in try AtomicFile.removeUnfinished(in: directory, on: files) }
    return try body()
  }
}
