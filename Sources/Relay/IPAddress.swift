import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An IPv4 or IPv6 address as 128 bits, the former as IPv4-mapped (RFC 4291 section 2.5.5.2), which is how a socket for
/// both kinds shows it: so the same client is the same address whatever socket it came by.
struct IPAddress: Sendable, Hashable, CustomStringConvertible {
  let high: UInt64
  let low: UInt64

  var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// An IPv4 address as 32 bits.
  init(ipv4: UInt32) {
    high = 0
    low = 0xFFFF << 32 | UInt64(ipv4)
  }

  /// An IPv6 address as its 16 bytes.
  init?(ipv6 bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    high = bytes[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    low = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  /// Reads an address as inet_pton(3) does.
  init?(_ text: some StringProtocol) {
    // The longest there is has 45 characters; a NUL would end the text early.
    guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
    var ipv4 = in_addr()
    if inet_pton(AF_INET, String(text), &ipv4) == 1 {
      self.init(ipv4: UInt32(bigEndian: ipv4.s_addr))
      return
    }
    var ipv6 = in6_addr()
    guard inet_pton(AF_INET6, String(text), &ipv6) == 1 else { return nil }
    self.init(ipv6: withUnsafeBytes(of: ipv6) { Array($0) })
  }

  /// The address of a socket; `nil` for those that tell nobody apart, such as Unix sockets.
  init?(_ address: SocketAddress?) {
    switch address {
    case .v4(let address): self.init(ipv4: UInt32(bigEndian: address.address.sin_addr.s_addr))
    case .v6(let address): self.init(ipv6: withUnsafeBytes(of: address.address.sin6_addr) { Array($0) })
    case .unixDomainSocket, nil: return nil
    }
  }

  /// As people write it.
  var description: String {
    if isIPv4 { return (0..<4).map { "\(low >> (24 - 8 * $0) & 0xFF)" }.joined(separator: ".") }
    var address = in6_addr()
    withUnsafeMutableBytes(of: &address) { bytes in
      bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
      bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    var text = [CChar](repeating: 0, count: 46)
    guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
