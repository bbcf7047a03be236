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

  /// Whether the first stamps were not those of the nominal rate. Gaps are then judged by the median step of a window,
  /// once there is one: a first batch can be a burst.
  private(set) var contradictsRate = false

  /// Time between scans, ns; nil if it is not known.
  private var period: Double?
  /// Steps, while the period is being learnt.
  private var steps: [Double] = []
  private var windowScans = 0
  private var windowStrays = 0

  /// So many scans are judged together.
  static let window = 100

  /// Watches a device of a nominal rate in Hz.
  init(rate: Double?) { period = rate.flatMap { $0 > 0 ? 1e9 / $0 : nil } }

  /// The step that half of the steps between stamps do not exceed, ns; nil for fewer than four stamps.
  static func medianStep(_ stamps: [Int64]) -> Double? {
    let steps = zip(stamps, stamps.dropFirst()).map { Double($1) - Double($0) }.sorted()
    return steps.count >= 3 ? steps[steps.count / 2] : nil
  }

  /// Takes the stamps of a batch.
  mutating func watch(_ stamps: [Int64]) {
    if scans == 0, let nominal = period, let step = Self.medianStep(stamps), !(0.6...1.4).contains(step / nominal) {
      contradictsRate = true
      period = nil
    }
    for stamp in stamps {
      if let last {
        let step = Double(stamp) - Double(last)
        if contradictsRate, period == nil { learn(step) }
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

  private mutating func learn(_ step: Double) {
    steps.append(step)
    guard steps.count == Self.window else { return }
    steps.sort()
    let median = steps[steps.count / 2]
    if median > 0 { period = median }
    steps = []
  }
}
