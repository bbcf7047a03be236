/// What counts as one client address: an IPv4 address, or the /64 network of an IPv6 address, which one household
/// or one server typically has for itself.
struct AddressKey: Sendable, Hashable {
  // In this order, which takes no padding.
  private let value: UInt64
  private let isIPv4: Bool

  init(_ address: IPAddress) {
    isIPv4 = address.isIPv4
    value = address.isIPv4 ? address.low : address.high
  }
}

/// How many of something each address has at the moment. Addresses that have none take no memory.
struct AddressTally: Sendable {
  private var counts: [AddressKey: Int] = [:]

  /// Addresses that have any.
  var count: Int { counts.count }

  subscript(address: AddressKey) -> Int { counts[address, default: 0] }

  mutating func add(_ address: AddressKey) {
    counts[address, default: 0] += 1
  }

  mutating func remove(_ address: AddressKey) {
    guard let count = counts[address] else { return }
    counts[address] = count > 1 ? count - 1 : nil
  }
}
