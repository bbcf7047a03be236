/// Counts what each address did in a time that starts with its first act.
///
/// Memory is bounded: past `capacity` addresses the oldest is forgotten, which under a flood from very many
/// addresses lets some of them start anew rather than shutting new ones out.
struct AddressQuota: Sendable {
  static let minute: Int64 = 60 * 1_000_000_000
  static let hour: Int64 = 60 * minute

  private struct Window {
    var start: Int64
    var count: Int
  }

  private let limit: Int
  private let length: Int64
  private let capacity: Int
  private var windows: [AddressKey: Window] = [:]
  /// Addresses in the order in which their times began, which is the order in which they end.
  private var order: [AddressKey] = []
  private var first = 0

  /// - Parameters:
  ///   - limit: How often an address may act in the time.
  ///   - length: The time in nanoseconds.
  ///   - capacity: How many addresses are remembered.
  init(limit: Int, per length: Int64 = AddressQuota.hour, capacity: Int = 65_536) {
    self.limit = limit
    self.length = length
    self.capacity = max(1, capacity)
  }

  /// The number of addresses remembered.
  var trackedAddresses: Int { windows.count }

  /// How many nanoseconds after `now` the address may act again; `nil` where it may at once.
  func wait(of address: AddressKey, at now: Int64) -> Int64? {
    guard let window = windows[address], window.count >= limit, now < window.start + length else { return nil }
    return window.start + length - now
  }

  /// Counts one act of `address` at `now` (monotonic nanoseconds).
  /// - Returns: `nil` when it is within the limit; otherwise the nanoseconds until the address may try again.
  mutating func admit(_ address: AddressKey, at now: Int64) -> Int64? {
    forgetEnded(at: now)
    if let window = windows[address] {
      guard window.count < limit else { return window.start + length - now }
      windows[address]?.count += 1
    } else {
      if windows.count >= capacity { forgetOldest() }
      windows[address] = Window(start: now, count: 1)
      order.append(address)
    }
    return nil
  }

  private mutating func forgetEnded(at now: Int64) {
    while first < order.count, let window = windows[order[first]], window.start + length <= now {
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
