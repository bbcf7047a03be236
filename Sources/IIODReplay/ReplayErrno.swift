/// The error numbers that the protocol's answers carry, negated. Fixed numbers of the Linux ABI rather than this
/// machine's constants: they travel.
enum ReplayErrno: Int, Error {
  /// No such attribute or trigger.
  case notFound = 2
  /// No buffer is open.
  case notOpen = 9
  /// The attribute is read-only.
  case readOnly = 13
  /// The device's buffer is open.
  case busy = 16
  /// No such device or channel.
  case noDevice = 19
  /// Malformed, or a value that cannot be had.
  case invalid = 22
  /// More open buffers than allowed.
  case tooMany = 24
  /// Not a thing this server does.
  case unsupported = 38
  /// No scan came in time.
  case timedOut = 110
}
