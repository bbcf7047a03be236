public import RelayLink

/// The relay that two boards meet at, and how to reach it.
public struct RelayAccess: Sendable {
  /// Where it is.
  public let endpoint: RelayEndpoint
  /// Deadlines, certificates, proxies.
  public let options: RelayLinkOptions

  /// A relay.
  public init(endpoint: RelayEndpoint, options: RelayLinkOptions) {
    self.endpoint = endpoint
    self.options = options
  }
}

extension RelayLinkError {
  /// Whether another attempt would end the same way.
  var isFinal: Bool {
    switch self {
    case .unsuitableLibcurl, .invalidEndpoint, .invalidRoom, .invalidOptions, .cancelled: true
    default: false
    }
  }

  /// Whether it says that the relay is not there, or is none: worth telling at once where it never was.
  var saysUnreachable: Bool {
    switch self {
    case .nameNotFound, .unreachable, .tlsFailed, .notARelay, .unexpectedAnswer: true
    default: false
    }
  }
}
