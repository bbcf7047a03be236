internal import CVersion

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Such as "2.0.0-dev (0123456789)", with the commit where it is known; "+" behind it: changed since.
package let programVersion = String(cString: cversion_text())

/// How the program ends when it does not end well.
package struct ExitStatus: Error {
  package let code: Int32
  package let message: String?

  package init(code: Int32, message: String?) {
    self.code = code
    self.message = message
  }

  /// No key, for a reason that has been told.
  package static let aborted = ExitStatus(code: 3, message: nil)

  /// Bad usage or input.
  package static func badInput(_ message: String) -> ExitStatus { ExitStatus(code: 2, message: message) }

  /// A fault of this program, this machine or the network.
  package static func fault(_ message: String) -> ExitStatus { ExitStatus(code: 1, message: message) }
}

/// Ends the process, with what C's streams still hold written.
///
/// Not by exit(3): threads may be inside libraries (TLS of a link that was dropped, a resolver that does not answer), and
/// exit(3) would have those libraries clean up under them.
package func endProcess(_ status: Int32) -> Never {
  fflush(nil)
  _exit(status)
}
