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
    guard !host.isEmpty else {
      throw .invalidConfiguration("relay host is empty: give an address of this machine, such as 127.0.0.1 or ::")
    }
    guard (0...65_535).contains(port) else {
      throw .invalidConfiguration("relay port is \(port), but must be 0 to 65535: choose another")
    }
    guard (1...64).contains(eventLoopThreads) else {
      throw .invalidConfiguration("eventLoopThreads is \(eventLoopThreads), but must be 1 to 64: choose another")
    }
  }
}
