/// What counts as one client address: an IPv4 address, or the /64 network of an IPv6 address, which one household
/// or one server typically has for itself.
struct AddressKey: Sendable, Hashable {
  private let isIPv4: Bool
  private let value: UInt64

  private init(isIPv4: Bool, value: UInt64) {
    self.isIPv4 = isIPv4
    self.value = value
  }

  /// An IPv4 address as 32 bits.
  init(ipv4: UInt32) {
    self.init(isIPv4: true, value: UInt64(ipv4))
  }

  /// An IPv6 address as its 16 bytes; an IPv4-mapped one (RFC 4291 section 2.5.5.2) counts as the IPv4 address.
  init?(ipv6 bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    let high = bytes[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if high == 0, low >> 32 == 0xFFFF {
      self.init(ipv4: UInt32(truncatingIfNeeded: low))
    } else {
      self.init(isIPv4: false, value: high)
    }
  }
}

/// Counts what each address did in an hour that starts with its first act.
///
/// Memory is bounded: past `capacity` addresses the oldest hour is forgotten, which under a flood from very many
/// addresses lets some of them start anew rather than shutting new ones out.
struct AddressQuota: Sendable {
  static let hour: Int64 = 3_600 * 1_000_000_000

  private struct Window {
    var start: Int64
    var count: Int
  }

  private let limit: Int
  private let capacity: Int
  private var windows: [AddressKey: Window] = [:]
  /// Addresses in the order in which their hours began, which is the order in which they end.
  private var order: [AddressKey] = []
  private var first = 0

  init(limit: Int, capacity: Int = 65_536) {
    self.limit = limit
    self.capacity = max(1, capacity)
  }

  /// The number of addresses remembered.
  var trackedAddresses: Int { windows.count }

  /// How many nanoseconds after `now` the address may act again; `nil` where it may at once.
  func wait(of address: AddressKey, at now: Int64) -> Int64? {
    guard let window = windows[address], window.count >= limit, now < window.start + Self.hour else { return nil }
    return window.start + Self.hour - now
  }

  /// Counts one act of `address` at `now` (monotonic nanoseconds).
  /// - Returns: `nil` when it is within the limit; otherwise the nanoseconds until the address may try again.
  mutating func admit(_ address: AddressKey, at now: Int64) -> Int64? {
    forgetEnded(at: now)
    if let window = windows[address] {
      guard window.count < limit else { return window.start + Self.hour - now }
      windows[address]?.count += 1
    } else {
      if windows.count >= capacity { forgetOldest() }
      windows[address] = Window(start: now, count: 1)
      order.append(address)
    }
    return nil
  }

  private mutating func forgetEnded(at now: Int64) {
    while first < order.count, let window = windows[order[first]], window.start + Self.hour <= now {
      forgetOldest()
    }
  }

  private mutating func forgetOldest() {
    guard first < order.count else { return }
    windows[order[first]] = nil
    first += 1
    if first > 1_024, first > order.count / 2 {
      order.removeFirst(first)
      first = 0
    }
  }
}
