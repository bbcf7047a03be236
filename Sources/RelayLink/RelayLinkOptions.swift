/// How ``createSession(at:options:)``, ``waitForMatch(at:room:ticket:options:joined:)`` and ``RelayConnection`` reach the relay.
///
/// Proxies come from the environment as libcurl does it: `http_proxy`, `https_proxy`, `ws_proxy`, `wss_proxy`,
/// `all_proxy`, `no_proxy`. A WebSocket passes a proxy through `CONNECT`.
public struct RelayLinkOptions: Sendable, Hashable {
  /// Which address families may be used.
  public enum AddressFamily: Sendable, Hashable {
    /// IPv6 and IPv4, whichever connects first (RFC 8305).
    case any
    /// IPv4 only.
    case ipv4
    /// IPv6 only.
    case ipv6
  }

  /// Time for everything from name resolution to the relay's `hello`.
  public var connectDeadline: Duration = .seconds(10)
  /// Time `close()` may take to send what is queued and to see the relay's close frame.
  public var closeDeadline: Duration = .seconds(2)
  /// A WebSocket ping goes out this often; a relay from which nothing at all arrived between two of them and a third
  /// is taken for gone.
  public var pingInterval: Duration = .seconds(20)
  /// A PEM file with the certificate authorities to trust instead of the system's.
  public var caFile: String?
  /// The `User-Agent` header.
  public var userAgent = "tacc-relay-link"
  /// Whether proxy variables of the environment are honoured.
  public var usesEnvironmentProxy = true
  /// Which address families may be used.
  public var addressFamily: AddressFamily = .any
  /// Addresses to use without asking DNS, in libcurl's `CURLOPT_RESOLVE` form `HOST:PORT:ADDRESS[,ADDRESS]…`.
  public var resolve: [String] = []

  /// The defaults.
  public init() {}

  /// Checks what can be checked before anything is sent.
  func validate() throws(RelayLinkError) {
    let durations = [
      ("connectDeadline", connectDeadline), ("closeDeadline", closeDeadline), ("pingInterval", pingInterval),
    ]
    for (name, value) in durations where value < .milliseconds(10) || value > .seconds(86_400) {
      throw .invalidOptions("\(name) is \(value); use a value from 10 ms to one day")
    }
    for text in [userAgent] + resolve where text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw .invalidOptions("the user agent and resolve entries must not contain control characters")
    }
    if let caFile, !isReadableFile(caFile) {
      throw .invalidOptions(
        "cannot read the CA file \(displayable(caFile)); give the path of a PEM file that this user may read")
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, within what a C `int` holds.
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 2_000_000 else { return 2_000_000_000 }
    return Int32(seconds) * 1000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
