import Foundation

/// Where text goes: data to standard output, errors and progress to standard error.
enum Terminal {
  /// Whether progress may be drawn.
  static let isInteractive = isatty(STDERR_FILENO) == 1

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
