internal import Platform

/// Why a sensor could not be found, set up or read.
///
/// The text says what was being done to what, what happened, and what to do.
public struct SensorError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The sort of trouble, for callers that act on it.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The settings cannot work, whatever the sensor.
    case invalidSettings
    /// The place where sensors are looked for cannot be reached.
    case unreachable
    /// There is no such sensor.
    case notFound
    /// There is a sensor, but of a kind that cannot be used.
    case unsuitable
    /// This user may not do that.
    case permission
    /// Somebody else is using the sensor.
    case busy
    /// The sensor is gone.
    case unplugged
    /// The sensor does not deliver.
    case stalled
    /// The consumer takes scans more slowly than the sensor makes them.
    case consumerTooSlow
    /// The sensor's time stamps are of no use.
    case timestamps
    /// What the sensor measures cannot be true.
    case implausible
    /// A setting was refused.
    case refused
    /// Anything else that went wrong between here and the sensor.
    case inputOutput
    /// The recording could not be written.
    case unwritable
    /// The operating system refused memory, a thread or a descriptor.
    case resources
    /// The task that waited for it was cancelled.
    case cancelled
  }

  /// The sort of trouble.
  public let kind: Kind
  /// What was being done, to be read after "cannot": "write 200", "find a motion sensor".
  public let operation: String
  /// What it was done to: the path of an attribute, a device, a URI.
  public let subject: String
  /// The error number of the operating system, if there was one.
  public let code: Int32?
  /// What happened, what was expected.
  public let problem: String
  /// What to do about it.
  public let remedy: String

  /// Makes an error; `problem` and `remedy` are sentences without full stop.
  public init(
    kind: Kind, operation: String, subject: String, code: Int32? = nil, problem: String, remedy: String
  ) {
    self.kind = kind
    self.operation = operation
    self.subject = subject
    self.code = code
    self.problem = problem
    self.remedy = remedy
  }

  /// One line: subject, operation, problem with the error's name and number, remedy.
  public var description: String {
    let number = code.map { " (\(SystemErrno(code: $0).name) \($0))" } ?? ""
    // The URI of this machine ends in a colon itself.
    return "\(subject)\(subject.hasSuffix(":") ? "" : ":") cannot \(operation): \(problem)\(number); \(remedy)"
  }
}
