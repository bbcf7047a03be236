import NIOCore

extension RelayServer {
  /// What a relay that was started listens on; ports are those that were chosen where 0 was configured.
  public struct Addresses: Sendable, Equatable {
    /// Where clients come.
    public let boundHost: String
    /// Its TCP port.
    public let boundPort: Int
    /// The path of a Unix socket that was handed over, where clients come to one; host and port say nothing then.
    public let boundPath: String?
    /// Where metrics are shown, if apart.
    public let metricsHost: String?
    /// Its TCP port.
    public let metricsPort: Int?
    /// The path of a Unix socket that was handed over for metrics.
    public let metricsPath: String?

    /// Where clients come, in words.
    public var clients: String { boundPath ?? "\(boundHost) port \(boundPort)" }

    /// Where metrics are shown if apart, in words.
    public var metrics: String? {
      if let metricsPath { return metricsPath }
      if let metricsHost, let metricsPort { return "\(metricsHost) port \(metricsPort)" }
      return nil
    }
  }
}

extension SocketAddress {
  /// The path of a Unix socket; one without a path says what it is.
  var unixPath: String? {
    guard case .unixDomainSocket = self else { return nil }
    return pathname.flatMap { $0.isEmpty ? nil : $0 } ?? "an abstract Unix socket"
  }
}
