internal import Configuration
public import Glibc
internal import Platform

/// The log of a service: one line an event, `message key=value …`, on standard error.
///
/// Under systemd each line begins with its priority as sd-daemon(3) describes, so that journald files it; elsewhere it
/// begins with time and level. No secret is ever passed to it.
public struct ServiceLog: Sendable {
  /// How much an event matters.
  public enum Level: Int, Sendable, Comparable, CaseIterable {
    /// For whoever works on the program.
    case trace, debug
    /// What happens as it should.
    case info, notice
    /// What should not happen, and what ends something.
    case warning, error

    /// By weight.
    public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }

    /// The priority of syslog(3).
    var priority: Int { [7, 7, 6, 5, 4, 3][rawValue] }

    /// From its name.
    public init?(name: String) {
      guard let level = Level.allCases.first(where: { "\($0)" == name }) else { return nil }
      self = level
    }
  }

  /// Least level that is written.
  public var minimum: Level
  private let forJournal: Bool
  private let write: @Sendable (String) -> Void

  /// A log.
  ///
  /// - Parameters:
  ///   - minimum: least level that is written.
  ///   - forJournal: whether lines begin with their priority; systemd says so by setting `JOURNAL_STREAM`.
  ///   - write: takes a line, its end included.
  public init(
    minimum: Level, forJournal: Bool,
    write: @escaping @Sendable (String) -> Void = ServiceLog.lines(to: STDERR_FILENO)
  ) {
    self.minimum = minimum
    self.forJournal = forJournal
    self.write = write
  }

  /// Writes an event.
  public func callAsFunction(
    _ level: Level, _ message: String, _ fields: KeyValuePairs<String, String> = [:]
  ) {
    self(level, message, fields: fields.map { ($0.key, $0.value) })
  }

  /// Writes an event.
  public func callAsFunction(_ level: Level, _ message: String, fields: [(key: String, value: String)]) {
    guard level >= minimum else { return }
    // An event is a line: nothing from outside may begin another one.
    var line = message.map { $0.isNewline ? " " : "\($0)" }.joined()
    for (key, value) in fields { line += " \(key)=\(ServiceLog.quoted(value))" }
    let prefix = forJournal ? "<\(level.priority)>" : "\(ServiceLog.timestamp()) \(level): "
    write(prefix + line + "\n")
  }

  /// Longest line written, bytes: PIPE_BUF, what a pipe or socket that is ready takes whole (pipe(7), poll(2)).
  private static let longestLine = 4096

  /// Writes lines to a descriptor, and waits for nobody: while whoever reads them has stopped (a pager, a journald on a
  /// card that stalls), lines are lost, and the next one that is not is preceded by their number.
  public static func lines(to descriptor: Int32) -> @Sendable (String) -> Void {
    let lost = Locked(0)
    return { line in
      lost.withLock { lost in
        func put(_ text: String) -> Bool {
          var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          guard poll(&ready, 1, 0) > 0, ready.revents & Int16(POLLOUT) != 0 else { return false }
          var bytes = Array(text.utf8.prefix(longestLine))
          if text.utf8.count > longestLine { bytes[longestLine - 1] = UInt8(ascii: "\n") }
          return Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        }
        if lost > 0, put("\(lost) lines of the log were lost: nobody read them\n") { lost = 0 }
        if lost > 0 || !put(line) { lost += 1 }
      }
    }
  }

  /// The time in the form of RFC 3339, in UTC.
  private static func timestamp() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func quoted(_ value: String) -> String {
    let isPlain = !value.isEmpty && value.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x3D }
    guard !isPlain else { return value }
    return SettingValue.string(shown(value)).description
  }
}
