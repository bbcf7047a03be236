#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Where text goes: data to standard output, errors and progress to standard error.
package enum Terminal {
  /// Whether progress may be drawn.
  package static let isInteractive = isatty(STDERR_FILENO) == 1

  /// Whether what goes to standard output may be coloured: a terminal that can, and nobody set NO_COLOR (no-color.org).
  package static let isColoured: Bool = {
    func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
    return isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb" && variable("NO_COLOR").isEmpty
  }()

  /// Opens what is closed of the three standard descriptors on /dev/null, so that no file or socket gets their numbers
  /// and with them what is meant for a terminal.
  package static func claimDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
    }
  }

  /// A line of data for standard output, written at once: whoever reads it may wait for it.
  ///
  /// - Throws: ``ExitStatus`` where it cannot be written, since a result that nobody gets is no success.
  package static func output(_ text: String) throws {
    let error = write(text + "\n", to: STDOUT_FILENO)
    guard error == 0 else {
      throw ExitStatus.fault("cannot write to standard output: \(String(cString: strerror(error)))")
    }
  }

  /// An error, on a line of its own.
  package static func error(_ message: String) {
    clearLine()
    line("tacc: \(message)")
  }

  /// Something worth knowing that is no error, on a line of its own.
  package static func note(_ message: String) {
    clearLine()
    line("tacc: note: \(message)")
  }

  /// A line of a log.
  package static func line(_ message: String) { _ = write(message + "\n", to: STDERR_FILENO) }

  /// A line of progress: rewritten in place on a terminal, a line each elsewhere.
  package static func progress(_ message: String) {
    _ = write(isInteractive ? "\r\u{1B}[K\(message)" : message + "\n", to: STDERR_FILENO)
  }

  /// Ends a line of progress drawn in place.
  package static func clearLine() {
    if isInteractive { _ = write("\r\u{1B}[K", to: STDERR_FILENO) }
  }

  /// Writes all of it, and waits where the descriptor does not.
  ///
  /// - Returns: 0, or an error number.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      #if canImport(Glibc)
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      #else
        let count = rest.withUnsafeBytes { Musl.write(descriptor, $0.baseAddress, $0.count) }
      #endif
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&ready, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
