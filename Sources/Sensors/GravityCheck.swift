import Motion

/// Measures gravity while the sensor is at rest, which tells whether its range is what it is taken for.
///
/// It judges once, by the first quiet there is. Quiet is a window in which the accelerations are all but the same, by
/// their variance in relation to their mean: so the judgement does not depend on the range that it is to judge, and a
/// hand that holds the sensor counts as quiet. A sensor that is never at rest is not judged, nor are numbers that hardly
/// ever change: sensors have noise, and a replay that makes up a rest repeats a single scan of the motion.
struct GravityCheck: Sendable {
  /// What is measured at rest, m/s².
  static let standard = 9.80665
  /// The shortest quiet that counts, ns. Half a period of the slowest swing of an arm that makes a g.
  static let quiet: Int64 = 500_000_000
  /// The fewest scans of it.
  static let quietScans = 8
  /// The largest standard deviation of quiet, all axes together, in parts of the mean: a hand's tremor makes one in
  /// fifty at most.
  static let unrest = 0.03
  /// The smallest part of the scans that differ from the one before.
  static let liveliness = 0.25
  /// How far gravity may be off in a sensor that nobody has calibrated, in parts of it.
  static let tolerance = 0.25
  /// From this factor on, either way, it is another range: ranges differ by two at least, of which the errors of a sensor
  /// that nobody has calibrated may take a tenth.
  static let factor = 1.8

  /// What comes of it.
  enum Judgement: Sendable, Hashable {
    /// Gravity.
    case plausible
    /// Something near it.
    case doubtful
    /// Off by a factor of two or more.
    case implausible
  }

  /// What was measured.
  struct Verdict: Sendable, Hashable {
    /// Length of the mean acceleration at rest, m/s².
    var magnitude: Double
    var judgement: Judgement
  }

  private var isDone = false
  private var times: [Int64] = []
  private var values: [SIMD3<Double>] = []

  /// Takes scans as they come.
  ///
  /// - Returns: the verdict, once, with the scans that complete the first quiet.
  mutating func watch(_ recording: Recording) -> Verdict? {
    guard !isDone, recording.hasAccelerometer else { return nil }
    for (index, time) in recording.timestamps.enumerated() {
      let isClipped =
        recording.clippedAcceleration.indices.contains(index) && recording.clippedAcceleration[index] != []
      let follows = times.last.map { time > $0 && time < $0 &+ Self.quiet } ?? true
      // Nothing is known of the time in between.
      if isClipped || !follows { forget() }
      if isClipped { continue }
      times.append(time)
      values.append(recording.acceleration[index])
      guard let start = times.first, time &- start >= Self.quiet, times.count >= Self.quietScans else { continue }
      if let magnitude = quietMagnitude {
        isDone = true
        forget()
        return Verdict(magnitude: magnitude, judgement: Self.judge(magnitude))
      }
      // The next window begins half of this one later.
      let kept = times.count / 2
      times.removeFirst(times.count - kept)
      values.removeFirst(values.count - kept)
    }
    return nil
  }

  /// What is to be thought of a length of the acceleration at rest.
  static func judge(_ magnitude: Double) -> Judgement {
    if abs(magnitude - standard) <= tolerance * standard { return .plausible }
    let ratio = max(magnitude / standard, standard / magnitude)
    return ratio >= factor ? .implausible : .doubtful
  }

  /// The length of the mean of the window, if it is quiet.
  private var quietMagnitude: Double? {
    let count = Double(values.count)
    let mean = values.reduce(SIMD3(), +) / count
    let magnitude = (mean * mean).sum().squareRoot()
    let variance = values.reduce(0) { $0 + (($1 - mean) * ($1 - mean)).sum() } / count
    guard variance.squareRoot() <= Self.unrest * magnitude else { return nil }
    let changes = zip(values, values.dropFirst()).count { $0 != $1 }
    return Double(changes) >= Self.liveliness * count ? magnitude : nil
  }

  private mutating func forget() {
    times.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }
}
