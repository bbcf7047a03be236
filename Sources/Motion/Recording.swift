/// A set of axes of one three-axis sensor.
public struct AxisFlags: OptionSet, Sendable, Hashable {
  /// Bit 0 is x, bit 1 is y, bit 2 is z; the other bits are unused.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The x axis.
  public static let x = AxisFlags(rawValue: 1)
  /// The y axis.
  public static let y = AxisFlags(rawValue: 2)
  /// The z axis.
  public static let z = AxisFlags(rawValue: 4)
  /// All three axes.
  public static let all: AxisFlags = [.x, .y, .z]

  /// The set that holds one axis: 0 is x, 1 is y, 2 is z; any other number gives the empty set.
  public init(axis: Int) {
    self = (0..<3).contains(axis) ? AxisFlags(rawValue: 1 << UInt8(axis)) : []
  }
}

/// What one inertial sensor measured: a struct of arrays, one entry per scan, in arrival order.
///
/// Scans are kept as they arrived: time stamps may repeat, run backwards or leave gaps, and a value may be NaN where a
/// scan lacked it. Whoever computes with a recording decides what such scans are worth.
///
/// Every non-empty array has `count` entries (`isConsistent`); `append` keeps it so.
public struct Recording: Sendable, Hashable {
  /// Time of each scan in nanoseconds, by the clock of the sensor's host.
  ///
  /// Stamps that come from a capture lie strictly between −2^62 and 2^62, so that differences cannot overflow.
  public var timestamps: [Int64]
  /// Specific force in m/s² (at rest it points up and measures 9.81), empty if there is no accelerometer.
  public var acceleration: [SIMD3<Double>]
  /// Angular velocity in rad/s, empty if there is no gyroscope.
  public var angularVelocity: [SIMD3<Double>]
  /// Axes whose acceleration is at full scale; as many entries as `acceleration`, or none if nothing is known.
  public var clippedAcceleration: [AxisFlags]
  /// Axes whose angular velocity is at full scale; as many entries as `angularVelocity`, or none if nothing is known.
  public var clippedAngularVelocity: [AxisFlags]
  /// The rate the sensor was set to, in Hz, if known. The true rate follows from `timestamps`.
  public var nominalRate: Double?

  /// Makes a recording from its arrays.
  public init(
    timestamps: [Int64] = [],
    acceleration: [SIMD3<Double>] = [],
    angularVelocity: [SIMD3<Double>] = [],
    clippedAcceleration: [AxisFlags] = [],
    clippedAngularVelocity: [AxisFlags] = [],
    nominalRate: Double? = nil
  ) {
    self.timestamps = timestamps
    self.acceleration = acceleration
    self.angularVelocity = angularVelocity
    self.clippedAcceleration = clippedAcceleration
    self.clippedAngularVelocity = clippedAngularVelocity
    self.nominalRate = nominalRate
  }

  /// The number of scans.
  public var count: Int { timestamps.count }
  /// Whether there is no scan.
  public var isEmpty: Bool { timestamps.isEmpty }
  /// Whether there are accelerations.
  public var hasAccelerometer: Bool { !acceleration.isEmpty }
  /// Whether there are angular velocities.
  public var hasGyroscope: Bool { !angularVelocity.isEmpty }

  /// Whether every array that is not empty has `count` entries.
  public var isConsistent: Bool {
    [
      acceleration.count, angularVelocity.count, clippedAcceleration.count, clippedAngularVelocity.count,
    ].allSatisfy { $0 == 0 || $0 == count }
  }

  /// Time from the first scan to the last in seconds, 0 for fewer than two scans; negative if time runs backwards.
  public var duration: Double {
    guard let first = timestamps.first, let last = timestamps.last else { return 0 }
    let (difference, overflow) = last.subtractingReportingOverflow(first)
    return overflow ? Double(last) * 1e-9 - Double(first) * 1e-9 : Double(difference) * 1e-9
  }

  /// Reserves room for a number of scans.
  public mutating func reserveCapacity(_ scans: Int) {
    timestamps.reserveCapacity(scans)
    acceleration.reserveCapacity(scans)
    angularVelocity.reserveCapacity(scans)
    clippedAcceleration.reserveCapacity(scans)
    clippedAngularVelocity.reserveCapacity(scans)
  }

  /// Appends one scan.
  ///
  /// A sensor that is missing in some scans only is filled with NaN there, so that all arrays stay equally long.
  ///
  /// - Parameters:
  ///   - timestamp: nanoseconds.
  ///   - acceleration: specific force in m/s², nil if the scan has none.
  ///   - angularVelocity: rad/s, nil if the scan has none.
  ///   - clippedAcceleration: axes of `acceleration` that are at full scale.
  ///   - clippedAngularVelocity: axes of `angularVelocity` that are at full scale.
  public mutating func append(
    timestamp: Int64,
    acceleration: SIMD3<Double>? = nil,
    angularVelocity: SIMD3<Double>? = nil,
    clippedAcceleration: AxisFlags = [],
    clippedAngularVelocity: AxisFlags = []
  ) {
    let scans = timestamps.count
    Self.append(acceleration, clippedAcceleration, after: scans, to: &self.acceleration, &self.clippedAcceleration)
    Self.append(
      angularVelocity, clippedAngularVelocity, after: scans, to: &self.angularVelocity, &self.clippedAngularVelocity)
    timestamps.append(timestamp)
  }

  /// Appends all scans of another recording.
  ///
  /// Within the room reserved before, no array moves.
  public mutating func append(contentsOf other: Recording) {
    for index in 0..<other.count {
      append(
        timestamp: other.timestamps[index],
        acceleration: other.acceleration.indices.contains(index) ? other.acceleration[index] : nil,
        angularVelocity: other.angularVelocity.indices.contains(index) ? other.angularVelocity[index] : nil,
        clippedAcceleration: other.clippedAcceleration.indices.contains(index) ? other.clippedAcceleration[index] : [],
        clippedAngularVelocity: other.clippedAngularVelocity.indices.contains(index)
          ? other.clippedAngularVelocity[index] : [])
    }
  }

  /// Overwrites every sample with zeros, in place. The number of scans and their times stay.
  ///
  /// Like any change it is made to this value alone: a copy that shares its memory is left as it was, so wipe a
  /// recording whose copies are gone.
  public mutating func wipe() {
    wipeSamples(&acceleration)
    wipeSamples(&angularVelocity)
  }

  /// The scans of a range; the part of the range beyond either end is ignored.
  public subscript(range: Range<Int>) -> Recording {
    func slice<Element>(_ array: [Element]) -> [Element] { Array(array[range.clamped(to: array.indices)]) }
    return Recording(
      timestamps: slice(timestamps), acceleration: slice(acceleration), angularVelocity: slice(angularVelocity),
      clippedAcceleration: slice(clippedAcceleration), clippedAngularVelocity: slice(clippedAngularVelocity),
      nominalRate: nominalRate)
  }

  /// The first scans, at most `maxLength` of them.
  public func prefix(_ maxLength: Int) -> Recording { self[0..<Swift.max(0, maxLength)] }

  /// All scans from an index on.
  public func suffix(from index: Int) -> Recording {
    self[Swift.min(Swift.max(0, index), count)..<count]
  }

  private static func append(
    _ value: SIMD3<Double>?, _ clipped: AxisFlags, after scans: Int,
    to values: inout [SIMD3<Double>], _ flags: inout [AxisFlags]
  ) {
    guard value != nil || !values.isEmpty else { return }
    while values.count < scans { values.append(SIMD3(repeating: .nan)) }
    while flags.count < scans { flags.append([]) }
    values.append(value ?? SIMD3(repeating: .nan))
    flags.append(value == nil ? [] : clipped)
  }
}
