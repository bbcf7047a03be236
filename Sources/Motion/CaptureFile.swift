internal import Foundation

/// Reading and writing the files of a capture, every failure a `CaptureError`.
enum CaptureFile {
  /// What a path leads to, symbolic links followed.
  enum Kind: Equatable {
    case directory
    case file
    case other
    case absent
  }

  /// What a path leads to.
  static func kind(of path: String) -> Kind {
    var information = stat()
    guard !path.isEmpty, !path.utf8.contains(0), stat(path, &information) == 0 else { return .absent }
    switch information.st_mode & S_IFMT {
    case S_IFDIR: return .directory
    case S_IFREG: return .file
    default: return .other
    }
  }

  /// Refuses a path that leads nowhere, where a capture of either format would do.
  static func requireCapture(at path: String) throws(CaptureError) {
    var information = stat()
    guard !path.isEmpty, !path.utf8.contains(0), stat(path, &information) != 0 else { return }
    let code = errno
    throw CaptureError(
      kind: code == ENOENT || code == ENOTDIR ? .notFound : .unreadable, file: path,
      problem: "cannot be opened (\(errorText(code))), expected a capture directory (context.xml and NAME.bin) or a "
        + "samples.json",
      advice: code == EACCES ? "make it readable for this user" : "check the path")
  }

  /// A path below a directory.
  static func join(_ directory: String, _ name: String) -> String {
    directory.isEmpty || directory.hasSuffix("/") ? directory + name : directory + "/" + name
  }

  /// The last component of a path, for labels: "captures/rigid-1/" gives "rigid-1".
  static func lastComponent(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Whether the names in a directory can be read.
  static func isListable(_ directory: String) -> Bool {
    (try? FileManager.default.contentsOfDirectory(atPath: directory)) != nil
  }

  /// The names in a directory, sorted; empty if it cannot be listed.
  static func names(in directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
  }

  /// Reads a whole regular file.
  ///
  /// The size is checked before and while reading, and devices and pipes are refused, so that neither `/dev/zero` nor
  /// a file that grows can exhaust memory, nor a pipe block.
  static func read(_ path: String, limit: Int, what: String) throws(CaptureError) -> [UInt8] {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw CaptureError(
        kind: .notFound, file: path.quotedForError, problem: "is no path, expected \(what)",
        advice: "give the path of a capture")
    }
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw CaptureError(
        kind: code == ENOENT || code == ENOTDIR ? .notFound : .unreadable, file: path,
        problem: "cannot be opened (\(errorText(code))), expected \(what)",
        advice: code == EACCES ? "make it readable for this user" : "check the path")
    }
    defer { close(descriptor) }

    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw CaptureError(
        kind: .unreadable, file: path, problem: "is not a regular file, expected \(what)",
        advice: "give the path of a file, not of a directory or device")
    }
    func tooLarge() -> CaptureError {
      CaptureError(
        kind: .tooLarge, file: path, problem: "is larger than \(limit) bytes, the limit for \(what)",
        advice: "record for a shorter time, or check that this is the right file")
    }
    guard information.st_size <= limit else { throw tooLarge() }

    var bytes = [UInt8](repeating: 0, count: Int(information.st_size) + 1)
    var filled = 0
    while true {
      let room = bytes.count - filled
      let got = bytes.withUnsafeMutableBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return Foundation.read(descriptor, base + filled, room)
      }
      if got < 0 {
        let code = errno
        if code == EINTR { continue }
        throw CaptureError(
          kind: .unreadable, file: path, place: "byte \(filled)", problem: "cannot be read (\(errorText(code)))",
          advice: "check the storage")
      }
      if got == 0 { break }
      filled += got
      guard filled <= limit else { throw tooLarge() }
      if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: 65_536)) }
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Makes a directory, and those above it, unless it exists.
  static func makeDirectory(_ path: String) throws(CaptureError) {
    try requireWritablePath(path)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw CaptureError(
        kind: .unwritable, file: path, problem: "cannot be made a directory (\(reason(error)))",
        advice: "choose a place that is writable and where no file of that name exists")
    }
  }

  /// Writes a file under another name first, so that it is either complete or absent.
  static func write(_ bytes: [UInt8], to path: String) throws(CaptureError) {
    try requireWritablePath(path)
    // The rename at the end would put a file in the place of a device, pipe or socket.
    guard kind(of: path) != .other, kind(of: path) != .directory else {
      throw CaptureError(
        kind: .unwritable, file: path, problem: "is a directory, device or pipe, expected a regular file or nothing",
        advice: "give the path of a file")
    }
    do {
      // A link goes on to point where it does: what it names is written.
      try Data(bytes).write(to: URL(fileURLWithPath: linked(path)), options: .atomic)
    } catch {
      throw CaptureError(
        kind: .unwritable, file: path, problem: "cannot be written (\(reason(error)))",
        advice: "check permissions and free space")
    }
  }

  /// What a path names behind symbolic links, be it there already or not.
  private static func linked(_ path: String) -> String {
    var url = URL(fileURLWithPath: path)
    // As many as the kernel follows (path_resolution(7)).
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: url.path) else { break }
      url = URL(fileURLWithPath: next, relativeTo: url.deletingLastPathComponent()).absoluteURL
    }
    return url.path
  }

  /// A path with a zero byte would be cut off there, and another file written.
  static func requireWritablePath(_ path: String) throws(CaptureError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw CaptureError(
        kind: .unwritable, file: path.quotedForError, problem: "is no path, expected one to write to",
        advice: "give another path")
    }
  }

  /// The byte offset at which text stops being UTF-8; nil if all of it is.
  static func firstInvalidUTF8(in bytes: [UInt8]) -> Int? {
    // Valid text is the rule, and checked much faster than scalar by scalar.
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let scalar): offset += scalar.count
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  private static func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

  /// Foundation's wording repeats the path; the system's says why.
  private static func reason(_ error: any Error) -> String {
    // On Linux that is a POSIXError, which is no NSError there.
    switch (error as NSError).userInfo[NSUnderlyingErrorKey] {
    case let underlying as POSIXError: return errorText(underlying.code.rawValue)
    case let underlying as NSError where underlying.domain == NSPOSIXErrorDomain:
      return errorText(Int32(truncatingIfNeeded: underlying.code))
    default: break
    }
    return String(error.localizedDescription.prefix(160))
  }
}
