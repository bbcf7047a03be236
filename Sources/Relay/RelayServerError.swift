import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a relay could not be started.
public enum RelayServerError: Error, Equatable, CustomStringConvertible {
  /// A value of the configuration is out of its range.
  case invalidConfiguration(String)
  /// Certificate and key cannot be used.
  case unusableTLS(String)
  /// Somebody else listens there already.
  case addressInUse(host: String, port: Int)
  /// This user may not listen on that port.
  case notPermitted(host: String, port: Int)
  /// The host is no address of this machine.
  case addressNotAvailable(host: String)
  /// The host name has no address.
  case unknownHost(String)
  /// The server was started before; it can be started once.
  case alreadyStarted
  /// A socket that was handed over cannot be listened on.
  case unusableSocket(descriptor: Int32, cause: String)
  /// Another failure of the system, in its words.
  case cannotListen(host: String, port: Int, cause: String)

  /// What happened, what to do.
  public var description: String {
    switch self {
    case .invalidConfiguration(let text), .unusableTLS(let text): text
    case .addressInUse(let host, let port):
      "port \(port) on \(host) is in use: stop the program that listens there, or choose another port (0 takes a free one)"
    case .notPermitted(let host, let port):
      "not permitted to listen on port \(port) of \(host): choose a port from 1024 up, or grant CAP_NET_BIND_SERVICE"
    case .addressNotAvailable(let host):
      "\(host) is not an address of this machine: use one that `ip address` shows, or 0.0.0.0 for all"
    case .unknownHost(let host):
      "\(host) has no address: check its spelling, or give a numeric address"
    case .unusableSocket(let descriptor, let cause):
      "descriptor \(descriptor), which was handed over, is no TCP socket that listens: \(cause); "
        + "see ListenStream= in systemd.socket(5)"
    case .alreadyStarted: "this relay was started before: make a new one to start again"
    case .cannotListen(let host, let port, let cause): "cannot listen on port \(port) of \(host): \(cause)"
    }
  }

  /// Sorts what binding a socket may throw.
  init(binding host: String, port: Int, _ error: any Error) {
    if let error = error as? IOError {
      switch error.errnoCode {
      case EADDRINUSE: self = .addressInUse(host: host, port: port)
      case EACCES, EPERM: self = .notPermitted(host: host, port: port)
      case EADDRNOTAVAIL: self = .addressNotAvailable(host: host)
      default: self = .cannotListen(host: host, port: port, cause: "\(error)")
      }
    } else if error is SocketAddressError || error is SocketAddressError.UnknownHost {
      self = .unknownHost(host)
    } else {
      self = .cannotListen(host: host, port: port, cause: "\(error)")
    }
  }
}
