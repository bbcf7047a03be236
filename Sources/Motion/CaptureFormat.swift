/// The forms in which a recording can lie on disk.
public enum CaptureFormat: String, Sendable, Hashable, CaseIterable {
  /// A directory with `context.xml` and a `.bin` file; see `Capture`.
  case directory
  /// A file `samples.json`; see `SamplesFile`.
  case samples

  /// The format of what a path leads to: a directory is a capture, anything else `samples.json`.
  public static func detect(path: String) -> CaptureFormat {
    CaptureFile.kind(of: path) == .directory ? .directory : .samples
  }

  /// Reads whatever a path leads to.
  ///
  /// - Throws: `CaptureError`, as `Capture.read(directory:)` and `SamplesFile.read(path:)` do.
  public static func load(path: String) throws(CaptureError) -> Capture {
    try CaptureFile.requireCapture(at: path)
    return switch detect(path: path) {
    case .directory: try Capture.read(directory: path)
    case .samples: try SamplesFile.read(path: path)
    }
  }

  /// Writes a capture in this format.
  public func write(_ capture: Capture, to path: String) throws(CaptureError) {
    switch self {
    case .directory: try capture.write(to: path)
    case .samples: try SamplesFile.write(capture.recording, to: path)
    }
  }
}
