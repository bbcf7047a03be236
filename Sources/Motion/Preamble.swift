/// The two seconds of raw motion that each board shows its peer, so that the two can be aligned.
///
/// Times count from the board's own onset; nothing of the preamble ever becomes key material.
public struct Preamble: Sendable, Hashable {
  /// How long a preamble is, seconds.
  public static let duration = 2.0
  /// The most scans a preamble holds: what one message of 16 KiB carries of six axes, two seconds at 509 Hz. A faster
  /// board's preamble is that much shorter.
  public static let maximumScans = 1018
  /// The fewest scans that can be aligned (40 Hz).
  public static let minimumScans = 80
  /// Value of one code of acceleration, m/s².
  public static let accelerationQuantum = 1.0 / 128
  /// Value of one code of angular rate, rad/s.
  public static let angularQuantum = 1.0 / 512

  /// Time of each scan since the onset, µs, strictly ascending, below two million.
  public var times: [Int32]
  /// Acceleration codes, one per scan, or empty.
  public var acceleration: [SIMD3<Int16>]
  /// Angular-rate codes, one per scan, or empty.
  public var angularVelocity: [SIMD3<Int16>]
  /// Clipped axes of the acceleration, one per scan, or empty.
  public var clippedAcceleration: [AxisFlags]
  /// Clipped axes of the angular rate, one per scan, or empty.
  public var clippedAngularVelocity: [AxisFlags]

  /// A preamble from its parts, as a peer sent them.
  ///
  /// - Returns: `nil` unless the counts agree, lie in the permitted range, and the times ascend strictly within the
  ///   duration.
  public init?(
    times: [Int32], acceleration: [SIMD3<Int16>], angularVelocity: [SIMD3<Int16>],
    clippedAcceleration: [AxisFlags], clippedAngularVelocity: [AxisFlags]
  ) {
    let n = times.count
    guard n >= Preamble.minimumScans, n <= Preamble.maximumScans,
      acceleration.isEmpty || acceleration.count == n,
      angularVelocity.isEmpty || angularVelocity.count == n,
      clippedAcceleration.count == acceleration.count,
      clippedAngularVelocity.count == angularVelocity.count,
      !(acceleration.isEmpty && angularVelocity.isEmpty),
      let first = times.first, first >= 0, let last = times.last, last < Int32(Preamble.duration * 1e6),
      zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    self.times = times
    self.acceleration = acceleration
    self.angularVelocity = angularVelocity
    self.clippedAcceleration = clippedAcceleration
    self.clippedAngularVelocity = clippedAngularVelocity
  }

  /// The preamble of a burst that began at `onset` (ns, sensor clock).
  ///
  /// - Returns: `nil` where fewer than ``minimumScans`` usable scans lie within the two seconds.
  public init?(recording: Recording, onset: Int64) {
    var times: [Int32] = []
    var acceleration: [SIMD3<Int16>] = []
    var angularVelocity: [SIMD3<Int16>] = []
    var clippedAcceleration: [AxisFlags] = []
    var clippedAngularVelocity: [AxisFlags] = []
    for i in 0..<recording.count {
      let since = recording.timestamps[i] &- onset
      guard since >= 0, since < Int64(Preamble.duration * 1e9) else { continue }
      let time = Int32(since / 1000)
      if let last = times.last, time <= last { continue }
      guard times.count < Preamble.maximumScans else { break }
      times.append(time)
      if recording.hasAccelerometer {
        let (codes, saturated) = Preamble.quantise(recording.acceleration[i], Preamble.accelerationQuantum)
        acceleration.append(codes)
        clippedAcceleration.append(recording.clippedAxes(ofAccelerationAt: i).union(saturated))
      }
      if recording.hasGyroscope {
        let (codes, saturated) = Preamble.quantise(recording.angularVelocity[i], Preamble.angularQuantum)
        angularVelocity.append(codes)
        clippedAngularVelocity.append(recording.clippedAxes(ofAngularVelocityAt: i).union(saturated))
      }
    }
    self.init(
      times: times, acceleration: acceleration, angularVelocity: angularVelocity,
      clippedAcceleration: clippedAcceleration, clippedAngularVelocity: clippedAngularVelocity)
  }

  private static func quantise(_ value: SIMD3<Double>, _ quantum: Double) -> (SIMD3<Int16>, AxisFlags) {
    var codes = SIMD3<Int16>.zero
    var saturated: AxisFlags = []
    for axis in 0..<3 {
      let code = (value[axis] / quantum).rounded()
      if code.isFinite, abs(code) < 32767 {
        codes[axis] = Int16(code)
      } else {
        codes[axis] = code < 0 ? -32767 : 32767
        saturated.insert(AxisFlags(axis: axis))
      }
    }
    return (codes, saturated)
  }

  /// The preamble as a recording whose time zero is the onset.
  public var recording: Recording {
    var recording = Recording()
    recording.timestamps = times.map { Int64($0) * 1000 }
    recording.acceleration = acceleration.map { SIMD3<Double>($0) * Preamble.accelerationQuantum }
    recording.angularVelocity = angularVelocity.map { SIMD3<Double>($0) * Preamble.angularQuantum }
    recording.clippedAcceleration = clippedAcceleration
    recording.clippedAngularVelocity = clippedAngularVelocity
    return recording
  }
}
