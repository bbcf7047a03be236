/// Turns raw scans of an IIO buffer into a recording.
///
/// Channels other than `accel_*`, `anglvel_*` and `timestamp` are skipped. Values are (code + offset) · scale, then
/// turned by the mount matrix. A code at full scale flags every axis that depends on it after the mount matrix.
public struct ScanDecoder: Sendable, Hashable {
  /// The layout of a scan.
  public let layout: ScanLayout
  /// Whether all three accelerometer axes are present.
  public var hasAccelerometer: Bool { !acceleration.isEmpty }
  /// Whether all three gyroscope axes are present.
  public var hasGyroscope: Bool { !angularVelocity.isEmpty }

  /// What decoding needs of a channel, without its name: copying that for every code would cost more than decoding it.
  private struct Slot: Sendable, Hashable {
    var position: Int
    var format: ScanFormat
    var scale: Double
    var offset: Double
  }
  private let timestamp: Slot
  private let acceleration: [Slot]
  private let angularVelocity: [Slot]
  private let accelerationMount: MountMatrix
  private let angularVelocityMount: MountMatrix

  /// Prepares to decode scans.
  ///
  /// - Parameters:
  ///   - layout: the enabled channels.
  ///   - accelerationMount: the accelerometer's mount matrix.
  ///   - angularVelocityMount: the gyroscope's mount matrix.
  /// - Throws: `ScanLayoutError` if there is no time stamp, if a sensor lacks an axis, if there is neither sensor, or
  ///   if one of these channels is wider than 64 bits or repeated.
  public init(
    layout: ScanLayout, accelerationMount: MountMatrix = .identity, angularVelocityMount: MountMatrix = .identity
  ) throws(ScanLayoutError) {
    var slots: [String: Slot] = [:]
    for (channel, offset) in zip(layout.channels, layout.offsets) {
      slots[channel.id] = Slot(
        position: offset, format: channel.format, scale: channel.scale, offset: channel.offset)
    }
    let enabled = layout.channels.map(\.id.quotedForError).prefix(12).joined(separator: ", ")

    guard let timestamp = slots["timestamp"] else {
      throw ScanLayoutError(
        channel: "timestamp", isMissing: true,
        problem: "not enabled (enabled are: \(enabled.isEmpty ? "none" : enabled))",
        advice: "enable the channel timestamp and record again; samples cannot be aligned without it")
    }
    self.timestamp = timestamp
    acceleration = try Self.axes("accel", in: slots)
    angularVelocity = try Self.axes("anglvel", in: slots)
    guard !acceleration.isEmpty || !angularVelocity.isEmpty else {
      throw ScanLayoutError(
        channel: "accel_x", isMissing: true,
        problem: "neither accelerometer nor gyroscope is enabled (enabled are: \(enabled))",
        advice: "enable accel_x, accel_y, accel_z and, if there is a gyroscope, anglvel_x, anglvel_y, anglvel_z")
    }
    let used = Set(["timestamp"] + Self.names("accel") + Self.names("anglvel"))
    for channel in layout.channels where used.contains(channel.id) {
      guard channel.format.repetitions == 1, channel.format.storageBits <= 64 else {
        throw ScanLayoutError(
          channel: channel.id, isMissing: false,
          problem: "format \(channel.format), expected one code of at most 64 bits",
          advice: "record the plain axes of the sensor instead")
      }
    }
    self.layout = layout
    self.accelerationMount = accelerationMount
    self.angularVelocityMount = angularVelocityMount
  }

  /// The first time stamp of a buffer that cannot be one.
  public struct ImplausibleTimestamp: Error, Sendable, Hashable {
    /// Byte offset of the stamp in the buffer.
    public let byteOffset: Int
    /// Its value as nanoseconds.
    public let value: Int64
  }

  /// Decodes whole scans and appends them to a recording. Bytes after the last whole scan are ignored.
  ///
  /// - Throws: `ImplausibleTimestamp` for a stamp more than 2^62 ns (146 years) from zero, which only a wrong byte
  ///   order, a wrong layout or damage can produce; the scans before it have been appended by then.
  public func decode(_ bytes: [UInt8], into recording: inout Recording) throws(ImplausibleTimestamp) {
    let scans = layout.scanSize == 0 ? 0 : bytes.count / layout.scanSize
    recording.reserveCapacity(recording.count + scans)
    for scan in 0..<scans {
      let start = scan * layout.scanSize
      let stampOffset = start + timestamp.position
      let stamp = timestamp.format.decode(bytes, at: stampOffset) ?? 0
      guard (-Self.latestTimestamp...Self.latestTimestamp).contains(stamp) else {
        throw ImplausibleTimestamp(byteOffset: stampOffset, value: stamp)
      }
      let force = Self.vector(acceleration, bytes, start, accelerationMount)
      let rate = Self.vector(angularVelocity, bytes, start, angularVelocityMount)
      recording.append(
        timestamp: stamp, acceleration: force?.value, angularVelocity: rate?.value,
        clippedAcceleration: force?.clipped ?? [], clippedAngularVelocity: rate?.clipped ?? [])
    }
  }

  /// The largest magnitude of a time stamp in ns: the difference of any two then fits an `Int64`.
  static let latestTimestamp: Int64 = (1 << 62) - 1

  private static func names(_ kind: String) -> [String] { ["\(kind)_x", "\(kind)_y", "\(kind)_z"] }

  private static func axes(_ kind: String, in slots: [String: Slot]) throws(ScanLayoutError) -> [Slot] {
    let names = names(kind)
    let found = names.compactMap { slots[$0] }
    if found.count == 3 || found.isEmpty { return found }
    let missing = names.first { slots[$0] == nil } ?? kind
    throw ScanLayoutError(
      channel: missing, isMissing: true, problem: "not enabled although other axes of \(kind) are, expected all three",
      advice: "enable \(names.joined(separator: ", ")) and record again")
  }

  private static func vector(
    _ slots: [Slot], _ bytes: [UInt8], _ start: Int, _ mount: MountMatrix
  ) -> (value: SIMD3<Double>, clipped: AxisFlags)? {
    guard slots.count == 3 else { return nil }
    var value = SIMD3<Double>()
    var clipped: AxisFlags = []
    for axis in 0..<3 {
      let slot = slots[axis]
      guard let code = slot.format.decode(bytes, at: start + slot.position) else { return nil }
      value[axis] = (Double(code) + slot.offset) * slot.scale
      if slot.format.isFullScale(code) { clipped.insert(AxisFlags(axis: axis)) }
    }
    return (mount.apply(value), clipped.isEmpty ? [] : mount.apply(clipped))
  }
}
