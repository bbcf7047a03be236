/// Two captures that belong together, as a directory tree: `alice/`, `bob/` and `pair.json`, which says whether the two
/// boards were moved together.
public struct CapturePair: Sendable, Hashable {
  /// The capture of the board that leads.
  public var alice: Capture
  /// The capture of the other board.
  public var bob: Capture
  /// What `pair.json` holds.
  public var manifest: Manifest

  /// What `pair.json` holds; keys that are absent are nil, other keys are ignored.
  public struct Manifest: Sendable, Hashable, Encodable {
    /// Whether the two boards were moved together; nil if unknown.
    public var together: Bool?
    /// "sim" or "real".
    public var kind: String?
    /// Where the recordings come from.
    public var source: String?
    /// The simulator's seed.
    public var seed: UInt64?
    /// The simulator's fraction of independent motion.
    public var flex: Double?
    /// The simulated distance between the sensors in metres (key `lever_m`).
    public var leverArm: Double?
    /// Whether Bob imitates Alice in the simulation.
    public var mimic: Bool?
    /// Whether the simulation is without gyroscopes (key `accel_only`).
    public var accelerometerOnly: Bool?
    /// Whether the simulation has a gap.
    public var gap: Bool?

    private enum CodingKeys: String, CodingKey {
      case together, kind, source, seed, flex, mimic, gap
      case leverArm = "lever_m"
      case accelerometerOnly = "accel_only"
    }

    /// Parses the text of a `pair.json`; `file` is its path, for error texts.
    static func parse(_ json: [UInt8], file: String) throws(CaptureError) -> Manifest {
      var manifest = Manifest(together: nil, kind: nil)
      try CaptureJSON.read(json, file: file, limit: CapturePair.manifestSizeLimit, what: "a pair's pair.json") {
        (reader) throws(JSONReader.Failure) in
        try reader.object { (key, reader) throws(JSONReader.Failure) in
          if reader.takeNull() { return }
          switch CodingKeys(stringValue: key) {
          case .together: manifest.together = try reader.boolean()
          case .kind: manifest.kind = try reader.string()
          case .source: manifest.source = try reader.string()
          case .seed: manifest.seed = try reader.wholeNumber(UInt64.self)
          case .flex: manifest.flex = try reader.number()
          case .leverArm: manifest.leverArm = try reader.number()
          case .mimic: manifest.mimic = try reader.boolean()
          case .accelerometerOnly: manifest.accelerometerOnly = try reader.boolean()
          case .gap: manifest.gap = try reader.boolean()
          case nil: try reader.skip()
          }
        }
      }
      return manifest
    }

    /// Makes a manifest; what only a simulation knows is left nil.
    public init(together: Bool?, kind: String?, source: String? = nil) {
      self.together = together
      self.kind = kind
      self.source = source
    }
  }

  private static let manifestSizeLimit = 1 << 20

  /// Makes a pair.
  public init(alice: Capture, bob: Capture, manifest: Manifest) {
    self.alice = alice
    self.bob = bob
    self.manifest = manifest
  }

  /// Reads a tree; without `pair.json` nothing is known of the two.
  ///
  /// Either side may also be a file `alice.json` or `bob.json` in the form of `SamplesFile`.
  public static func read(directory: String) throws(CaptureError) -> CapturePair {
    guard CaptureFile.kind(of: directory) == .directory else {
      throw CaptureError(
        kind: CaptureFile.kind(of: directory) == .absent ? .notFound : .unreadable,
        file: directory.isEmpty ? directory.quotedForError : directory,
        problem: "is not a directory, expected one with alice and bob", advice: "give the directory of a pair")
    }
    func side(_ name: String) throws(CaptureError) -> Capture {
      let path = CaptureFile.join(directory, name)
      let json = path + ".json"
      let isFile = CaptureFile.kind(of: path) == .absent && CaptureFile.kind(of: json) == .file
      return try isFile ? SamplesFile.read(path: json) : Capture.read(directory: path)
    }
    let manifestPath = CaptureFile.join(directory, "pair.json")
    var manifest = Manifest(together: nil, kind: nil)
    if CaptureFile.kind(of: manifestPath) != .absent {
      manifest = try Manifest.parse(
        CaptureFile.read(manifestPath, limit: manifestSizeLimit, what: "a pair's pair.json"), file: manifestPath)
    }
    return CapturePair(alice: try side("alice"), bob: try side("bob"), manifest: manifest)
  }

  /// The directories of pairs in a tree: those with a `pair.json`, in order of their paths; none is looked for inside a
  /// pair, and none deeper than 16 levels.
  ///
  /// - Throws: where the root is no directory or cannot be listed. Below it, what cannot be listed holds no pairs.
  public static func directories(below root: String) throws(CaptureError) -> [String] {
    guard CaptureFile.kind(of: root) == .directory, CaptureFile.isListable(root) else {
      let isAbsent = CaptureFile.kind(of: root) == .absent
      throw CaptureError(
        kind: isAbsent ? .notFound : .unreadable, file: root.isEmpty ? root.quotedForError : root,
        problem: isAbsent ? "does not exist, expected a tree of pairs" : "cannot be listed, expected a tree of pairs",
        advice: "give a directory that holds pairs (alice, bob and pair.json), at any depth")
    }
    func search(_ directory: String, depth: Int) -> [String] {
      if CaptureFile.kind(of: CaptureFile.join(directory, "pair.json")) != .absent { return [directory] }
      guard depth < 16 else { return [] }
      return CaptureFile.names(in: directory).flatMap { name -> [String] in
        let path = CaptureFile.join(directory, name)
        return CaptureFile.kind(of: path) == .directory ? search(path, depth: depth + 1) : []
      }
    }
    return search(root, depth: 0)
  }

  /// Writes the tree, made if need be.
  public func write(to directory: String) throws(CaptureError) {
    try CaptureFile.requireWritablePath(directory)
    try alice.write(to: CaptureFile.join(directory, "alice"))
    try bob.write(to: CaptureFile.join(directory, "bob"))
    try CaptureFile.write(CaptureJSON.encode(manifest), to: CaptureFile.join(directory, "pair.json"))
  }
}
