#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An error number of the kernel, which knows its name (errno(3)).
public struct SystemErrno: Error, Sendable, Hashable {
  /// The number, positive.
  public let code: Int32

  /// Wraps an error number.
  public init(code: Int32) { self.code = code }

  /// `errno` of the calling thread: to be taken directly after the call that failed.
  package static var current: SystemErrno { SystemErrno(code: errno) }

  package static let notPermitted = SystemErrno(code: EPERM)
  package static let noEntry = SystemErrno(code: ENOENT)
  package static let accessDenied = SystemErrno(code: EACCES)
  package static let busy = SystemErrno(code: EBUSY)
  package static let noDevice = SystemErrno(code: ENODEV)
  package static let invalidArgument = SystemErrno(code: EINVAL)
  package static let notATerminal = SystemErrno(code: ENOTTY)
  package static let tryAgain = SystemErrno(code: EAGAIN)
  package static let alreadyThere = SystemErrno(code: EEXIST)
  package static let interrupted = SystemErrno(code: EINTR)

  /// Whether the kernel or a driver says that it does not offer what was asked for. Drivers of GPIO chips also let
  /// out 524, the kernel's internal ENOTSUPP, which no C header names.
  package var saysUnsupported: Bool { [EINVAL, EOPNOTSUPP, ENOTTY, ENOSYS, 524].contains(code) }

  /// Whether the process lacks the right.
  package var saysForbidden: Bool { self == .accessDenied || self == .notPermitted }

  /// The name of the number, such as `EBUSY`; `errno 524` for one without a name here.
  public var name: String { Self.names[code] ?? "errno \(code)" }

  /// What the system says about it.
  public var text: String { strerror(code).map { String(cString: $0) } ?? "unknown error" }

  /// The numbers that calls on devices, descriptors and threads return.
  private static let names: [Int32: String] = [
    E2BIG: "E2BIG", EACCES: "EACCES", EADDRNOTAVAIL: "EADDRNOTAVAIL", EAGAIN: "EAGAIN", EALREADY: "EALREADY",
    EBADF: "EBADF", EBADMSG: "EBADMSG", EBUSY: "EBUSY", ECANCELED: "ECANCELED", ECONNABORTED: "ECONNABORTED",
    ECONNREFUSED: "ECONNREFUSED", ECONNRESET: "ECONNRESET", EEXIST: "EEXIST", EFAULT: "EFAULT", EFBIG: "EFBIG",
    EHOSTDOWN: "EHOSTDOWN", EHOSTUNREACH: "EHOSTUNREACH", EINPROGRESS: "EINPROGRESS", EINTR: "EINTR",
    EINVAL: "EINVAL", EIO: "EIO", EISDIR: "EISDIR", ELOOP: "ELOOP", EMFILE: "EMFILE", ENAMETOOLONG: "ENAMETOOLONG",
    ENETDOWN: "ENETDOWN", ENETUNREACH: "ENETUNREACH", ENFILE: "ENFILE", ENODATA: "ENODATA", ENODEV: "ENODEV",
    ENOENT: "ENOENT", ENOMEM: "ENOMEM", ENOSPC: "ENOSPC", ENOSYS: "ENOSYS", ENOTCONN: "ENOTCONN", ENOTDIR: "ENOTDIR",
    ENOTTY: "ENOTTY", ENXIO: "ENXIO", EOPNOTSUPP: "EOPNOTSUPP", EOVERFLOW: "EOVERFLOW", EPERM: "EPERM",
    EPIPE: "EPIPE", EPROTO: "EPROTO", ERANGE: "ERANGE", EREMOTEIO: "EREMOTEIO", EROFS: "EROFS",
    ESHUTDOWN: "ESHUTDOWN", ETIME: "ETIME", ETIMEDOUT: "ETIMEDOUT", ETXTBSY: "ETXTBSY", EXDEV: "EXDEV", 524: "ENOTSUPP",
  ]
}

extension SystemErrno: CustomStringConvertible {
  /// The name and what the C library says to it.
  public var description: String { "\(name), \(text)" }
}
