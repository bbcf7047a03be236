import Foundation

/// Where text goes: data to standard output, errors and progress to standard error.
enum Terminal {
  /// Whether progress may be drawn.
  static let isInteractive = isatty(STDERR_FILENO) == 1

  /// Whether what goes to standard output may be coloured: a terminal that can, and nobody set NO_COLOR (no-color.org).
  static let isColoured: Bool = {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb" && (environment["NO_COLOR"] ?? "").isEmpty
  }()

  /// Opens what is closed of the three standard descriptors on /dev/null, so that no file or socket gets their numbers
  /// and with them what is meant for a terminal.
  static func claimDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
    }
  }

  /// A line of data for standard output, written at once: whoever reads it may wait for it.
  ///
  /// - Throws: ``ExitStatus`` where it cannot be written, since a result that nobody gets is no success.
  static func output(_ text: String) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    } catch {
      // On Linux that is a POSIXError, which is no NSError there.
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? POSIXError
      throw ExitStatus.fault(
        "cannot write to standard output: \(String(cString: strerror(cause?.code.rawValue ?? errno)))")
    }
  }

  /// An error, on a line of its own.
  static func error(_ message: String) {
    clearLine()
    try? FileHandle.standardError.write(contentsOf: Data("tacc: \(message)\n".utf8))
  }

  /// Something worth knowing that is no error, on a line of its own.
  static func note(_ message: String) {
    clearLine()
    try? FileHandle.standardError.write(contentsOf: Data("tacc: note: \(message)\n".utf8))
  }

  /// A line of a log.
  static func line(_ message: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(message)\n".utf8))
  }

  /// A line of progress: rewritten in place on a terminal, a line each elsewhere.
  static func progress(_ message: String) {
    if isInteractive {
      try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K\(message)".utf8))
    } else {
      try? FileHandle.standardError.write(contentsOf: Data("\(message)\n".utf8))
    }
  }

  /// Ends a line of progress drawn in place.
  static func clearLine() {
    if isInteractive { try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K".utf8)) }
  }
}
