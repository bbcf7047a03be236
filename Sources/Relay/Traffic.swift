/// What passed through one event loop.
struct Traffic: Sendable, Equatable {
  /// WebSocket messages received.
  var messages = 0
  /// Their bytes.
  var bytes = 0
  /// How long those that were forwarded took.
  var delays = DelayHistogram()

  static func + (left: Traffic, right: Traffic) -> Traffic {
    var sum = left
    sum.messages += right.messages
    sum.bytes += right.bytes
    sum.delays.add(right.delays)
    return sum
  }
}

/// Counts durations by powers of two of a microsecond.
struct DelayHistogram: Sendable, Equatable {
  /// The bounds of all counts but the last, which has none: 1 µs, 2 µs, 4 µs, … 1.05 s.
  static let bounds = (0...20).map { 1 << $0 }

  /// Durations up to each bound that are above the one before; those above all bounds last.
  private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
  /// All durations together, in nanoseconds.
  private(set) var sum: Int64 = 0

  var count: Int { counts.reduce(0, +) }

  mutating func add(nanoseconds: Int64) {
    let nanoseconds = max(0, nanoseconds)
    let microseconds = UInt64(nanoseconds + 999) / 1_000
    let bound = microseconds <= 1 ? 0 : UInt64.bitWidth - (microseconds - 1).leadingZeroBitCount
    counts[min(bound, Self.bounds.count)] += 1
    sum &+= nanoseconds
  }

  mutating func add(_ other: DelayHistogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    sum &+= other.sum
  }
}
