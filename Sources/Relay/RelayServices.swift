import Logging
import NIOConcurrencyHelpers
import NIOCore

/// What every connection needs and all share.
final class RelayServices: Sendable {
  let configuration: RelayConfiguration
  let limits: RelayLimits
  let logger: Logger
  let metrics: RelayMetrics
  let admission: Admission
  let store: SessionStore
  let rooms: RoomStore
  /// The page at `/`.
  let page: String
  let started = RelayInstant.now()
  private let loops: [ObjectIdentifier: NIOLoopBound<LoopContext>]
  private let identity: NIOLockedValueBox<TLSIdentity?>

  /// - Parameters:
  ///   - configuration: Checked; its limits are those that hold.
  ///   - identity: Certificate and key, if connections are to be encrypted.
  ///   - loops: One for each event loop that carries connections; the first is also where timers run.
  init(
    configuration: RelayConfiguration, logger: Logger, metrics: RelayMetrics, identity: TLSIdentity? = nil,
    loops: [NIOLoopBound<LoopContext>]
  ) {
    self.configuration = configuration
    self.logger = logger
    self.metrics = metrics
    self.identity = NIOLockedValueBox(identity)
    limits = configuration.limits
    admission = Admission(limits: limits)
    page = StatusPage.html(version: configuration.version)
    store = SessionStore(
      limits: limits, shard: configuration.shard, logger: logger, metrics: metrics, timerLoop: loops[0].eventLoop)
    rooms = RoomStore(limits: limits, logger: logger, metrics: metrics, timerLoop: loops[0], sessions: store)
    self.loops = Dictionary(loops.map { (ObjectIdentifier($0.eventLoop), $0) }) { first, _ in first }
  }

  /// What the connections of `eventLoop` share; to be called on it.
  func context(of eventLoop: any EventLoop) -> LoopContext? {
    loops[ObjectIdentifier(eventLoop)]?.value
  }

  /// Certificate and key for connections from now on.
  var tls: TLSIdentity? {
    get { identity.withLockedValue { $0 } }
    set { identity.withLockedValue { $0 = newValue } }
  }

  /// What the log says of a client besides `metadata`.
  func logged(_ metadata: Logger.Metadata, of client: IPAddress?) -> Logger.Metadata {
    guard configuration.logsAddresses, let client else { return metadata }
    return metadata.merging(["address": "\(client)"]) { first, _ in first }
  }
}
