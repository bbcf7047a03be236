/// Finds where motion begins and ends on a board's own sensors.
///
/// The measure is the root mean square, over the last 100 ms, of the angular rate or, without a gyroscope, of the
/// acceleration less its own mean over the last 0.5 s. Motion is a measure at or above the threshold; quiet is all
/// else. A burst begins at the first motion after at least one second of quiet and ends where quiet has lasted half a
/// second.
public struct BurstDetector: Sendable {
  /// Thresholds and durations.
  public struct Settings: Sendable, Hashable {
    /// Motion threshold for the angular rate, rad/s rms.
    public var angularRate = 1.5
    /// Motion threshold for the acceleration, m/s² rms about its mean.
    public var acceleration = 4.0
    /// Quiet needed before a burst, seconds.
    public var quietBefore = 1.0
    /// Quiet that ends a burst, seconds.
    public var quietAfter = 0.5

    /// The values used by the protocol.
    public init() {}
  }

  /// What a scan told.
  public enum Transition: Sendable, Hashable {
    /// A burst began at this time (ns, sensor clock).
    case began(at: Int64)
    /// The burst ended; quiet began at this time (ns, sensor clock).
    case ended(at: Int64)
  }

  /// The most scans that 100 ms count: a clock that all but stands still must not make every scan cost more.
  private static let longestWindow = 400

  private let settings: Settings
  private let assumesOnset: Bool
  private struct Power: BitwiseCopyable {
    let time: Int64
    let power: Double
  }

  private struct Vector: BitwiseCopyable {
    let time: Int64
    let value: SIMD3<Double>
  }

  private var window = WipedSeries<Power>()
  private var history = WipedSeries<Vector>()
  private var historySum = SIMD3<Double>.zero
  /// Since when the board has been quiet (ns, sensor clock); `nil` while it moves.
  public private(set) var quietSince: Int64?
  private var lastTime: Int64?
  private var inBurst = false

  /// A detector. `assumesOnset`: take the first scan as the beginning of a burst; only for recordings that begin in
  /// motion, never for a live sensor.
  public init(settings: Settings = Settings(), assumesOnset: Bool = false) {
    self.settings = settings
    self.assumesOnset = assumesOnset
  }

  /// Whether a burst is under way.
  public var isInBurst: Bool { inBurst }

  /// Feeds one scan; scans whose time does not advance are passed over.
  ///
  /// - Parameters:
  ///   - time: ns, sensor clock.
  ///   - acceleration: m/s², `nil` without an accelerometer.
  ///   - angularVelocity: rad/s, `nil` without a gyroscope.
  public mutating func feed(
    time: Int64, acceleration: SIMD3<Double>?, angularVelocity: SIMD3<Double>?
  ) -> Transition? {
    if let lastTime, time <= lastTime { return nil }
    let first = lastTime == nil
    lastTime = time
    let moving = measure(time: time, acceleration: acceleration, angularVelocity: angularVelocity)
    if first, assumesOnset {
      inBurst = true
      quietSince = moving ? nil : time
      return .began(at: time)
    }
    if moving {
      defer { quietSince = nil }
      guard !inBurst, let quietSince, Double(time &- quietSince) >= settings.quietBefore * 1e9 else { return nil }
      inBurst = true
      return .began(at: time)
    }
    let since = quietSince ?? time
    quietSince = since
    if inBurst, Double(time &- since) >= settings.quietAfter * 1e9 {
      inBurst = false
      return .ended(at: since)
    }
    return nil
  }

  /// Whether a recording has an onset with quiet before it.
  public static func findsOnset(in recording: Recording) -> Bool {
    var detector = BurstDetector()
    for i in 0..<recording.count {
      let transition = detector.feed(
        time: recording.timestamps[i], acceleration: recording.hasAccelerometer ? recording.acceleration[i] : nil,
        angularVelocity: recording.hasGyroscope ? recording.angularVelocity[i] : nil)
      if case .began = transition { return true }
    }
    return false
  }

  private mutating func measure(
    time: Int64, acceleration: SIMD3<Double>?, angularVelocity: SIMD3<Double>?
  ) -> Bool {
    let power: Double
    let threshold: Double
    if let rate = angularVelocity {
      power = (rate * rate).sum()
      threshold = settings.angularRate
    } else if let a = acceleration {
      // A value that is none tells nothing, and must not stay in the running sum.
      guard a.sum().isFinite else { return false }
      history.append(Vector(time: time, value: a))
      historySum += a
      while let oldest = history.first,
        Double(time &- oldest.time) > 0.5e9 || history.count > 5 * BurstDetector.longestWindow
      {
        historySum -= oldest.value
        history.removeFirst()
      }
      let deviation = a - historySum / Double(history.count)
      power = (deviation * deviation).sum()
      threshold = settings.acceleration
    } else {
      return false
    }
    guard power.isFinite else { return true }
    window.append(Power(time: time, power: power))
    while let oldest = window.first, Double(time &- oldest.time) > 0.1e9 || window.count > BurstDetector.longestWindow {
      window.removeFirst()
    }
    // Summed anew, a dozen terms: a running sum would keep the rounding of large values for ever.
    let mean = window.reduce(0) { $0 + $1.power } / Double(window.count)
    return mean >= threshold * threshold
  }
}
