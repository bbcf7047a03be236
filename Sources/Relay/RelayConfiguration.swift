/// Where a relay listens and what it allows.
public struct RelayConfiguration: Sendable, Equatable {
  /// A name or numeric address of this machine; `0.0.0.0` or `::` for all of them.
  public var host: String
  /// The TCP port; 0 lets the system choose a free one.
  public var port: Int
  /// The bounds on what clients may do.
  public var limits: RelayLimits
  /// Threads that carry connections, 1 to 64. One is enough for a small relay and needs the least memory.
  public var eventLoopThreads: Int
  /// What every session code begins with, where a load balancer shares sessions out among several relays by it.
  public var shard: ShardLabel?

  /// Sockets that listen already and are used in place of ``host`` and ``port``, as systemd.socket(5) hands them over.
  public var inheritedSockets: [Int32] = []
  /// Where `/metrics` and `/healthz` are shown apart from everything else, in plain HTTP; `/metrics` is then shown
  /// nowhere else.
  public var metrics: MetricsAddress?
  /// Certificate and key; without them connections are not encrypted.
  public var tls: TLSFiles?
  /// The reverse proxies whose `X-Forwarded-For` says who a client is.
  public var trustedProxies = TrustedProxies()
  /// Whether the log may name clients' addresses.
  public var logsAddresses = false
  /// The program's version, shown at `/` and in `/metrics`.
  public var version = "unknown"

  /// Where metrics are shown.
  public enum MetricsAddress: Sendable, Equatable {
    /// A name or numeric address of this machine, and a TCP port; 0 lets the system choose a free one.
    case host(String, port: Int)
    /// A socket that listens already.
    case inherited(Int32)
  }

  /// Listens on the loopback address only, unless told otherwise.
  public init(
    host: String = "127.0.0.1", port: Int = 8000, limits: RelayLimits = RelayLimits(), eventLoopThreads: Int = 1
  ) {
    self.host = host
    self.port = port
    self.limits = limits
    self.eventLoopThreads = eventLoopThreads
  }

  /// Checks every value.
  /// - Throws: ``RelayServerError/invalidConfiguration(_:)``.
  public func validate() throws(RelayServerError) {
    do throws(RelayLimitsError) { try limits.validate() } catch { throw .invalidConfiguration(error.description) }
    try Self.check("relay", host: host, port: port)
    if case .host(let host, let port) = metrics { try Self.check("metrics", host: host, port: port) }
    guard (1...64).contains(eventLoopThreads) else {
      throw .invalidConfiguration("eventLoopThreads is \(eventLoopThreads), but must be 1 to 64: choose another")
    }
  }

  private static func check(_ what: String, host: String, port: Int) throws(RelayServerError) {
    guard !host.isEmpty else {
      throw .invalidConfiguration("\(what) host is empty: give an address of this machine, such as 127.0.0.1 or ::")
    }
    guard (0...65_535).contains(port) else {
      throw .invalidConfiguration("\(what) port is \(port), but must be 0 to 65535: choose another")
    }
  }
}
