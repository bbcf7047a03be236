@testable import Relay

extension AddressKey {
  /// An IPv4 address as 32 bits.
  init(ipv4: UInt32) { self.init(IPAddress(ipv4: ipv4)) }

  /// An IPv6 address as its 16 bytes.
  init?(ipv6 bytes: [UInt8]) {
    guard let address = IPAddress(ipv6: bytes) else { return nil }
    self.init(address)
  }
}
