/// Watches the time stamps of one device: gaps, stray stamps, and clocks that are of no use.
///
/// It judges and counts only; scans pass as they are, since the signal chain knows what to do with stray ones.
struct ScanMonitor: Sendable {
  /// Scans seen.
  private(set) var scans = 0
  /// Places where scans are missing.
  private(set) var gaps = 0
  /// How many scans are missing there, by the clock.
  private(set) var missing = 0
  /// Stamps that are not later than the one before.
  private(set) var strays = 0
  /// The stamp of the last scan, ns; nil before the first.
  private(set) var last: Int64?
  /// Whether most stamps of a window did not advance: a clock that stands still, or runs backwards.
  private(set) var isHopeless = false

  /// Nominal time between scans, ns; nil if it is not known.
  private let period: Double?
  private var windowScans = 0
  private var windowStrays = 0

  /// So many scans are judged together.
  static let window = 100

  /// Watches a device of a nominal rate in Hz.
  init(rate: Double?) { period = rate.flatMap { $0 > 0 ? 1e9 / $0 : nil } }

  /// Takes the stamps of a batch.
  mutating func watch(_ stamps: some Sequence<Int64>) {
    for stamp in stamps {
      if let last {
        let step = Double(stamp) - Double(last)
        if step <= 0 {
          strays += 1
          windowStrays += 1
        } else if let period, step > 1.5 * period {
          gaps += 1
          missing += Int(min(1e6, (step / period).rounded() - 1))
        }
      }
      last = stamp
      scans += 1
      windowScans += 1
      if windowScans == Self.window {
        if windowStrays > Self.window / 2 { isHopeless = true }
        (windowScans, windowStrays) = (0, 0)
      }
    }
  }
}
