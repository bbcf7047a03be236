import NIOCore

/// The reverse proxies whose word on a client's address is taken.
public struct TrustedProxies: Sendable, Equatable {
  private struct Network: Sendable, Equatable {
    let address: IPAddress
    /// Leading bits that count, of 128.
    let prefix: Int

    func contains(_ other: IPAddress) -> Bool {
      let highMask = prefix == 0 ? 0 : UInt64.max << UInt64(64 - min(prefix, 64))
      let lowMask = prefix <= 64 ? 0 : UInt64.max << UInt64(128 - prefix)
      return (address.high ^ other.high) & highMask == 0 && (address.low ^ other.low) & lowMask == 0
    }
  }

  private var networks: [Network] = []

  /// None: the client's address is that of its connection.
  public init() {}

  /// These.
  /// - Parameter texts: Numeric addresses, and networks such as `10.0.0.0/8` or `fd00::/8`.
  /// - Throws: ``RelayServerError/invalidConfiguration(_:)`` for text that is neither.
  public init(_ texts: [String]) throws(RelayServerError) {
    for text in texts {
      guard let network = Self.network(text) else {
        throw .invalidConfiguration(
          "trusted proxy \(text.debugDescription) is neither a numeric address nor a network: "
            + "give such as 127.0.0.1, ::1 or 10.0.0.0/8")
      }
      networks.append(network)
    }
  }

  private static func network(_ text: String) -> Network? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = parts.first.flatMap({ IPAddress($0) }) else { return nil }
    let width = parts[0].contains(":") ? 128 : 32
    guard parts.count == 2 else { return Network(address: address, prefix: 128) }
    guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bits = Int(parts[1]), bits <= width else {
      return nil
    }
    return Network(address: address, prefix: bits + 128 - width)
  }

  func contains(_ address: IPAddress) -> Bool {
    networks.contains { $0.contains(address) }
  }

  /// Who the client is.
  ///
  /// Each proxy adds the address of whoever connected to it at the end of `X-Forwarded-For`; what stands further left
  /// may be anybody's invention. So the list is read from the right for as long as its words come from trusted proxies:
  /// the first address that is none of them is the client's. Where a proxy names none that can be read, all who come
  /// that way count as the proxy.
  /// - Parameters:
  ///   - peer: The other end of the connection.
  ///   - forwardedFor: The values of the fields `X-Forwarded-For`, in their order.
  func client(of peer: IPAddress, forwardedFor: [String]) -> IPAddress {
    guard contains(peer) else { return peer }
    var client = peer
    for value in forwardedFor.reversed() {
      for hop in value.split(separator: ",", omittingEmptySubsequences: false).reversed() {
        guard let address = Self.hop(hop) else { return client }
        client = address
        if !contains(address) { return client }
      }
    }
    return client
  }

  /// An address of the list; some proxies add the port.
  private static func hop(_ text: Substring) -> IPAddress? {
    let text = text.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
    if let address = IPAddress(text) { return address }
    if text.first == "[", let end = text.firstIndex(of: "]") {
      return IPAddress(text[text.index(after: text.startIndex)..<end])
    }
    guard let colon = text.lastIndex(of: ":"), !text[..<colon].contains(":") else { return nil }
    return IPAddress(text[..<colon])
  }
}
