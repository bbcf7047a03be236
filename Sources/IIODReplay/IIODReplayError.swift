import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a replay could not be started.
public enum IIODReplayError: Error, Equatable, CustomStringConvertible {
  /// A value of the configuration is out of its range.
  case invalidConfiguration(String)
  /// Somebody else listens there already.
  case addressInUse(host: String, port: Int)
  /// The server was started before; it can be started once.
  case alreadyStarted
  /// Another failure of the system, in its words.
  case cannotListen(host: String, port: Int, cause: String)

  /// Whether the user gave something wrong, rather than the system failing.
  public var isUserError: Bool {
    if case .invalidConfiguration = self { true } else { false }
  }

  /// What happened, what to do.
  public var description: String {
    switch self {
    case .invalidConfiguration(let text): text
    case .addressInUse(let host, let port):
      "port \(port) on \(host) is in use: stop the program that listens there (an iiod?), or choose another port "
        + "(0 takes a free one)"
    case .alreadyStarted: "this replay was started before: make a new one to start again"
    case .cannotListen(let host, let port, let cause):
      "cannot listen on port \(port) of \(host) (\(cause)): choose another port from 1024 up, or an address that "
        + "`ip address` shows"
    }
  }

  /// Sorts what binding a socket may throw.
  init(binding host: String, port: Int, _ error: any Error) {
    if let error = error as? IOError, error.errnoCode == EADDRINUSE {
      self = .addressInUse(host: host, port: port)
    } else {
      self = .cannotListen(host: host, port: port, cause: "\(error)")
    }
  }
}
