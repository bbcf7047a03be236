import Logging
import Service

/// Writes the relay's log as the agent writes its own: one line an event, and nobody waits for who reads it.
struct RelayLogHandler: LogHandler {
  let log: ServiceLog
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(_ log: ServiceLog) {
    self.log = log
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { _, own in own }
    log(
      ServiceLog.Level(event.level), "\(event.message)",
      fields: fields.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })
  }
}

extension ServiceLog.Level {
  init(_ level: Logger.Level) {
    self =
      switch level {
      case .trace: .trace
      case .debug: .debug
      case .info: .info
      case .notice: .notice
      case .warning: .warning
      case .error, .critical: .error
      }
  }
}
