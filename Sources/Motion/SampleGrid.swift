/// The common time grid of a pairing: a straight line fitted to the times of the reference's own scans.
///
/// Grid point i lies at `start + i·period`, in seconds since the reference's onset.
public struct SampleGrid: Sendable, Hashable {
  /// Periods that a grid may have, ps: 1.9 ms to 25 ms.
  public static let periods: ClosedRange<Int64> = 1_900_000_000...25_000_000_000
  /// Time of point 0 since the reference's onset, ns; between minus one period and zero.
  public let start: Int64
  /// Spacing of the points, ps.
  public let period: Int64

  /// A grid as a peer sent it; `nil` unless the period is one of ``periods`` and the start within one period of the onset.
  public init?(start: Int64, period: Int64) {
    guard Self.periods.contains(period), start <= 0, start > -(period / 1000) - 1 else { return nil }
    self.start = start
    self.period = period
  }

  /// The grid of a recording: least squares over the scans up to `horizon` (ns after the onset), robust to gaps.
  ///
  /// - Returns: `nil` with fewer than ``Preamble/minimumScans`` scans, or a rate outside 40…526 Hz.
  public init?(recording: Recording, onset: Int64, horizon: Int64) {
    var times: [Double] = []
    for t in recording.timestamps {
      let since = t &- onset
      guard since > -10_000_000_000, since <= horizon else { continue }
      if let last = times.last, Double(since) <= last { continue }
      times.append(Double(since))
    }
    guard times.count >= Preamble.minimumScans else { return nil }
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }.sorted()
    let typical = gaps[gaps.count / 2]
    guard typical >= 1.5e6, typical <= 30e6 else { return nil }
    // Index of every scan, a gap counting as the whole number of periods it lasted.
    var index = 0.0
    var indices: [Double] = [0]
    for (a, b) in zip(times, times.dropFirst()) {
      index += max(1, ((b - a) / typical).rounded())
      indices.append(index)
    }
    let n = Double(times.count)
    let meanIndex = indices.reduce(0, +) / n
    let meanTime = times.reduce(0, +) / n
    var numerator = 0.0
    var denominator = 0.0
    for (i, t) in zip(indices, times) {
      numerator += (i - meanIndex) * (t - meanTime)
      denominator += (i - meanIndex) * (i - meanIndex)
    }
    guard denominator > 0 else { return nil }
    let slope = numerator / denominator
    guard slope.isFinite, slope > 0 else { return nil }
    let origin = meanTime - slope * meanIndex
    let start = origin - slope * (origin / slope).rounded(.up)
    self.init(start: Int64(start.rounded()), period: Int64((slope * 1000).rounded()))
  }

  /// Time of grid point `index`, seconds since Alice's onset.
  public func time(_ index: Int) -> Double {
    Double(start) * 1e-9 + Double(index) * Double(period) * 1e-12
  }

  /// The grid point nearest to a time in seconds since Alice's onset.
  func nearestIndex(_ time: Double) -> Int {
    Int(((time - Double(start) * 1e-9) / (Double(period) * 1e-12)).rounded())
  }

  /// Spacing, seconds.
  public var spacing: Double { Double(period) * 1e-12 }
}

/// Motion on a stretch of the common grid, with per-axis validity. Of the key zone it is secret, and wiped after use.
struct GriddedMotion {
  /// The grid points covered.
  let range: Range<Int>
  /// rad/s in Alice's frame, one per grid point, or empty.
  var angularVelocity = WipedSeries<SIMD3<Double>>()
  /// m/s² at Alice's sensor in her frame, one per grid point, or empty.
  var acceleration = WipedSeries<SIMD3<Double>>()
  /// Axes whose angular rate is missing or spoilt.
  var invalidAngularVelocity: [AxisFlags] = []
  /// Axes whose acceleration is missing or spoilt.
  var invalidAcceleration: [AxisFlags] = []
}

/// Alice's own scans on the grid. A scan whose time does not advance, and one that repeats the scan before it bit for bit (a
/// stuck FIFO), count as missing.
///
/// A grid point takes the scan that lies within a quarter of the period. Where none does, as after a pause of one and a
/// half periods, it lies between two: then it takes their spline, and is invalid only where that is, as Bob's are.
///
/// - Parameter usesLeverArm: whether Bob's accelerations need his angular rates. Where Alice's are clipped, so as a rule are his,
///   and her accelerations do without those points.
func gridOwnScans(
  _ recording: Recording, onset: Int64, grid: SampleGrid, range: Range<Int>, usesLeverArm: Bool
) -> GriddedMotion {
  var motion = GriddedMotion(range: range)
  if recording.hasGyroscope {
    motion.angularVelocity = WipedSeries(repeating: .zero, count: range.count)
    motion.invalidAngularVelocity = Array(repeating: .all, count: range.count)
  }
  if recording.hasAccelerometer {
    motion.acceleration = WipedSeries(repeating: .zero, count: range.count)
    motion.invalidAcceleration = Array(repeating: .all, count: range.count)
  }
  var isTaken = Array(repeating: false, count: range.count)
  for i in recording.indices(
    from: onset &+ Int64(grid.time(range.lowerBound - 2) * 1e9),
    to: onset &+ Int64(grid.time(range.upperBound + 2) * 1e9))
  where recording.isUsableScan(i) {
    let time = Double(recording.timestamps[i] &- onset) * 1e-9
    let index = grid.nearestIndex(time)
    guard range.contains(index), abs(grid.time(index) - time) <= 0.25 * grid.spacing else { continue }
    let place = index - range.lowerBound
    isTaken[place] = true
    if recording.hasGyroscope {
      motion.angularVelocity[place] = recording.angularVelocity[i]
      motion.invalidAngularVelocity[place] = recording.clippedAxes(ofAngularVelocityAt: i)
    }
    if recording.hasAccelerometer {
      motion.acceleration[place] = recording.acceleration[i]
      motion.invalidAcceleration[place] = recording.clippedAxes(ofAccelerationAt: i)
    }
  }
  // A clipped axis takes its spline, too, and stays invalid: filters that reach a little way look at it.
  let doubtful = range.filter { point in
    let place = point - range.lowerBound
    return !isTaken[place]
      || !motion.invalidAngularVelocity.isEmpty && motion.invalidAngularVelocity[place] != []
      || !motion.invalidAcceleration.isEmpty && motion.invalidAcceleration[place] != []
  }
  guard !doubtful.isEmpty else { return motion }
  let scans = SplinedScans(recording, onset: onset, times: doubtful.map(grid.time))
  func fill(
    _ between: SplinedScans.Series, _ values: inout WipedSeries<SIMD3<Double>>, _ invalid: inout [AxisFlags]
  ) {
    for (number, point) in doubtful.enumerated() {
      let place = point - range.lowerBound
      for axis in 0..<3 where !isTaken[place] || invalid[place].contains(AxisFlags(axis: axis)) {
        values[place][axis] = between.values[number][axis]
      }
      if !isTaken[place] { invalid[place] = between.invalid[number] }
    }
  }
  if recording.hasGyroscope {
    fill(scans.angularVelocity, &motion.angularVelocity, &motion.invalidAngularVelocity)
  }
  if recording.hasAccelerometer {
    fill(scans.acceleration, &motion.acceleration, &motion.invalidAcceleration)
    if usesLeverArm, recording.hasGyroscope {
      for place in motion.invalidAcceleration.indices where motion.invalidAngularVelocity[place] != [] {
        motion.invalidAcceleration[place] = .all
      }
    }
  }
  return motion
}

/// Bob's scans expressed at Alice's point, in Alice's frame, on her grid.
///
/// Each of his axes is a cubic spline through its own unclipped scans. A grid point between two knots further apart
/// than 1.5 of his periods has a clipped or missing scan in its support: that axis is spoilt there, and with it every
/// axis of Alice's that it maps to with more than 5 % of the map's largest entry. An acceleration depends on the
/// angular rate too, through the lever arm.
func gridPeerScans(
  _ recording: Recording, onset: Int64, alignment: Alignment, grid: SampleGrid, range: Range<Int>
) -> GriddedMotion {
  var motion = GriddedMotion(range: range)
  let scans = SplinedScans(recording, onset: onset, times: range.map { grid.time($0) - alignment.offset })
  var angularRates = WipedSeries<SIMD3<Double>>()
  if let map = alignment.angularMap, recording.hasGyroscope {
    let own = scans.angularVelocity
    motion.angularVelocity = own.values.mapSeries { map * $0 }
    angularRates = own.rates.mapSeries { map * $0 }
    motion.invalidAngularVelocity = own.invalid.map { $0.mapped(through: map) }
  }
  if let map = alignment.accelerationMap, recording.hasAccelerometer {
    let own = scans.acceleration
    motion.acceleration = own.values.mapSeries { map * $0 }
    motion.invalidAcceleration = own.invalid.map { $0.mapped(through: map) }
    if let arm = alignment.leverArm, !angularRates.isEmpty {
      for place in 0..<range.count {
        let w = motion.angularVelocity[place]
        motion.acceleration[place] += angularRates[place].cross(arm) + w.cross(w.cross(arm))
        if motion.invalidAngularVelocity[place] != [] { motion.invalidAcceleration[place] = .all }
      }
    }
  }
  return motion
}

/// A board's scans between its scans: every axis as a cubic spline through its own unclipped ones.
private struct SplinedScans {
  let recording: Recording
  let onset: Int64
  /// Seconds since the board's onset, ascending.
  let times: [Double]
  private let scans: [Int]

  init(_ recording: Recording, onset: Int64, times: [Double]) {
    self.recording = recording
    self.onset = onset
    self.times = times
    guard let first = times.first, let last = times.last else {
      scans = []
      return
    }
    // Sixteen scans of margin: a natural spline forgets its ends by a factor of 3.7 per knot.
    let margin = 16 * recording.typicalPeriod
    scans = recording.indices(
      from: onset &+ Int64((first - margin) * 1e9), to: onset &+ Int64((last + margin) * 1e9)
    ).filter(recording.isUsableScan)
  }

  /// Values, derivatives, and the axes whose spline has a clipped or missing scan next to it.
  typealias Series = (values: WipedSeries<SIMD3<Double>>, rates: WipedSeries<SIMD3<Double>>, invalid: [AxisFlags])

  var angularVelocity: Series {
    interpolate(recording.angularVelocity) { recording.clippedAxes(ofAngularVelocityAt: $0) }
  }

  var acceleration: Series {
    interpolate(recording.acceleration) { recording.clippedAxes(ofAccelerationAt: $0) }
  }

  private func interpolate(_ values: [SIMD3<Double>], _ clipped: (Int) -> AxisFlags) -> Series {
    var result = WipedSeries(repeating: SIMD3<Double>.zero, count: times.count)
    var rates = WipedSeries(repeating: SIMD3<Double>.zero, count: times.count)
    var invalid = Array(repeating: AxisFlags.all, count: times.count)
    for axis in 0..<3 {
      let flag = AxisFlags(axis: axis)
      var knots = WipedSeries<Double>(reserving: scans.count)
      var points = WipedSeries<Double>(reserving: scans.count)
      for i in scans where !clipped(i).contains(flag) {
        let t = Double(recording.timestamps[i] &- onset) * 1e-9
        if let previous = knots.last, t <= previous { continue }
        knots.append(t)
        points.append(values[i][axis])
      }
      guard let spline = CubicSpline(knots: knots, values: points) else { continue }
      var cursor = CubicSpline.Cursor(spline)
      let limit = 1.5 * recording.typicalPeriod
      for (place, t) in times.enumerated() {
        guard let sample = cursor.evaluate(at: t) else { continue }
        result[place][axis] = sample.value
        rates[place][axis] = sample.derivative
        if sample.interval <= limit { invalid[place].remove(flag) }
      }
    }
    return (result, rates, invalid)
  }
}
