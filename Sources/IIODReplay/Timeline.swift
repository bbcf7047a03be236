/// When each scan of a recording is to be delivered, which is when the sensor would have delivered it.
///
/// Scans come in the order of the recording, each at its stamp. Stamps that cannot be the time of arrival do not
/// hold up the others: one that strays by more than a second alone comes with the scan before it; where all later
/// stamps have jumped backwards (a clock that was set), delivery goes on after one period. A gap lasts as long as it
/// was recorded. The stamps themselves are not changed here.
struct Timeline: Sendable {
  /// The stamp that counts as the beginning, ns.
  let origin: Int64
  /// Time of delivery of each scan, ns since the beginning, never falling.
  let due: [Int64]
  /// The mean time between scans that follow each other without a gap, ns; at least 1.
  let period: Int64

  private static let stray: Int64 = 1_000_000_000
  private static let longestGap: Int64 = 600_000_000_000
  private static let defaultPeriod: Int64 = 5_000_000
  private static let longestPeriod: Int64 = 10_000_000_000

  /// The timeline of the stamps of a recording; `nominalRate` in Hz, where too few stamps tell the rate.
  init(stamps: [Int64], nominalRate: Double? = nil) {
    let measured = Self.meanPeriod(of: stamps) ?? nominalRate.map { Int64(max(1, min(1e12, 1e9 / $0))) }
    period = min(measured ?? Self.defaultPeriod, Self.longestPeriod)
    let pairs = zip(stamps, stamps.dropFirst())
    origin = pairs.first { (0...Self.stray).contains(Self.difference($1, $0)) }?.0 ?? stamps.first ?? 0
    var due: [Int64] = []
    due.reserveCapacity(stamps.count)
    var zero = origin
    var last: Int64 = 0
    for (index, stamp) in stamps.enumerated() {
      let candidate = Self.difference(stamp, zero)
      let ahead = Self.difference(candidate, last)
      if abs(ahead) <= Self.stray {
        last = max(last, candidate)
      } else if index + 1 < stamps.count, abs(Self.difference(stamps[index + 1], stamp)) <= Self.stray {
        if ahead > 0, ahead <= Self.longestGap {
          last = candidate
        } else {
          last += period
          zero = stamp &- last
        }
      }
      due.append(last)
    }
    self.due = due
  }

  /// How long one pass lasts, ns: to one period after the last scan.
  var length: Int64 { (due.last ?? 0) + period }

  /// How many scans are due by a time in ns since the beginning.
  func count(by time: Int64) -> Int {
    var low = 0
    var high = due.count
    while low < high {
      let middle = (low + high) / 2
      if due[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func meanPeriod(of stamps: [Int64]) -> Int64? {
    let intervals = zip(stamps, stamps.dropFirst()).map { difference($1, $0) }.filter { $0 > 0 }
    guard intervals.count >= 2 else { return nil }
    let median = intervals.sorted()[intervals.count / 2]
    let regular = intervals.filter { $0 > median / 2 && $0 - median / 2 < median }
    guard !regular.isEmpty else { return median }
    let sum = regular.reduce(0.0) { $0 + Double($1) }
    return max(1, Int64((sum / Double(regular.count)).rounded()))
  }

  /// The difference, or the nearest that fits.
  static func difference(_ a: Int64, _ b: Int64) -> Int64 {
    let (result, overflow) = a.subtractingReportingOverflow(b)
    // Halved, so that adding and taking the magnitude stay safe as well.
    return overflow ? (a < b ? Int64.min / 2 : Int64.max / 2) : max(Int64.min / 2, min(Int64.max / 2, result))
  }
}
