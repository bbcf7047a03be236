/// A quantity that wanders about zero: an Ornstein–Uhlenbeck process, smoothed so that its slope is finite.
///
/// It advances every `interval` steps; in between it moves in a straight line.
struct SimulatorWander {
  /// Steps from one advance to the next.
  static let interval = 32

  private let pull: Double
  private let push: Double
  private var raw = 0.0
  private var ramp = Ramp()
  /// Where the straight line now leads.
  private(set) var target = 0.0

  /// Makes a wandering quantity.
  ///
  /// - Parameters:
  ///   - time: over how many seconds it forgets where it was.
  ///   - deviation: its standard deviation before smoothing.
  init(time: Double, deviation: Double) {
    pull = Self.seconds / time
    push = deviation * (2 * pull).squareRoot()
  }

  private static let seconds = Double(interval) / SimulatorHand.rate
  private static let smoothing = seconds / 0.06

  /// Draws where it goes next.
  mutating func advance(_ random: inout SimulatorRandom) {
    raw += push * random.boundedNormal() - pull * raw
    target += (raw - target) * Self.smoothing
    ramp.aim(at: target)
  }

  /// The value at the next step.
  mutating func next() -> Double { ramp.next() }

  /// A straight line from the present value to another, over one interval.
  struct Ramp {
    private var value = 0.0
    private var slope = 0.0

    /// Sets where to arrive after one interval.
    mutating func aim(at target: Double) { slope = (target - value) / Double(interval) }

    /// The value at the next step.
    mutating func next() -> Double {
      value += slope
      return value
    }
  }
}
