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
  package static let interrupted = SystemErrno(code: EINTR)

  /// Whether the kernel or a driver says that it does not offer what was asked for. Drivers of GPIO chips also let
  /// out 524, the kernel's internal ENOTSUPP, which no C header names.
  package var saysUnsupported: Bool { [EINVAL, EOPNOTSUPP, ENOTTY, ENOSYS, 524].contains(code) }

  /// Whether the process lacks the right.
  package var saysForbidden: Bool { self == .accessDenied || self == .notPermitted }

  /// The name of the number, such as `EBUSY`; `errno 524` for one without a name here.
  public var name: String { Self.names[code] ?? "errno \(code)" }

  /// The numbers that calls on devices, descriptors and threads return.
  private static let names: [Int32: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", EINTR: "EINTR", EIO: "EIO", ENXIO: "ENXIO", EBADF: "EBADF", EAGAIN: "EAGAIN",
    ENOMEM: "ENOMEM", EACCES: "EACCES", EFAULT: "EFAULT", EBUSY: "EBUSY", EEXIST: "EEXIST", EXDEV: "EXDEV",
    ENODEV: "ENODEV", ENOTDIR: "ENOTDIR", EISDIR: "EISDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE",
    ENOTTY: "ENOTTY", ETXTBSY: "ETXTBSY", EFBIG: "EFBIG", ENOSPC: "ENOSPC", EROFS: "EROFS", EPIPE: "EPIPE",
    ERANGE: "ERANGE", ENAMETOOLONG: "ENAMETOOLONG", ENOSYS: "ENOSYS", ELOOP: "ELOOP", EPROTO: "EPROTO",
    EOVERFLOW: "EOVERFLOW", EOPNOTSUPP: "EOPNOTSUPP", ETIMEDOUT: "ETIMEDOUT", EREMOTEIO: "EREMOTEIO",
    ECANCELED: "ECANCELED", 524: "ENOTSUPP",
  ]
}

extension SystemErrno: CustomStringConvertible {
  /// The name and what the C library says to it.
  public var description: String { "\(name), \(String(cString: strerror(code)))" }
}
