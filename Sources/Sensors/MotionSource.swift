import Motion

/// Where motion comes from: a sensor, or something that stands in for one.
///
/// A source at rest costs nothing: no thread runs and no sensor samples before ``events()`` is called, nor after its
/// stream is over.
public protocol MotionSource: Sendable {
  /// Finds the sensor and tells what it will deliver, without sampling and without changing a setting.
  ///
  /// It returns as soon as the task is cancelled.
  ///
  /// - Throws: ``SensorError`` if there is no such sensor, or if it cannot be used.
  func describe() async throws(SensorError) -> MotionSourceDescription

  /// Starts sampling at once.
  ///
  /// The stream ends after ``MotionEvent/failed(_:)`` or ``MotionEvent/ended``. When its consumer goes, or its task is
  /// cancelled, sampling stops. Either way the sensor is switched off and the settings that were changed are restored.
  /// A consumer that falls too far behind gets ``MotionEvent/failed(_:)``: memory is bounded, and scans are not skipped
  /// in silence.
  func events() -> AsyncStream<MotionEvent>

  /// Returns once nothing of any stream of this source is left: the sensor is off, settings are restored.
  ///
  /// Cancelling the task does not end that; it ends by itself, some ten seconds later, where the sensor hangs.
  func settled() async
}

extension MotionSource {
  /// For sources that leave nothing behind.
  public func settled() async {}
}

/// What a motion source delivers.
public enum MotionEvent: Sendable {
  /// Scans, in order of arrival; at least one. A batch of a live sensor covers 20 to 50 ms, or one scan.
  case scans(Recording)
  /// Sampling failed; nothing follows.
  case failed(SensorError)
  /// There are no more; nothing follows.
  case ended
}

/// What a motion source will deliver.
public struct MotionSourceDescription: Sendable, Hashable {
  /// What it is called: "mpu6050", "accel_3d and gyro_3d", or the label of a recording.
  public var name: String
  /// Whether scans have accelerations.
  public var hasAccelerometer: Bool
  /// Whether scans have angular velocities.
  public var hasGyroscope: Bool
  /// Scans per second as the sensor will be set, Hz; nil if nobody knows.
  public var rate: Double?
  /// Full scale of the accelerometer, ± m/s²; nil if nobody knows.
  public var accelerationRange: Double?
  /// Full scale of the gyroscope, ± rad/s; nil if nobody knows.
  public var angularVelocityRange: Double?
  /// Whether the motion happens now, rather than having been recorded.
  public var isLive: Bool
  /// What else the user should know, a sentence each: a setting the sensor does not have, a clock it does not offer.
  public var notes: [String]

  /// A description.
  public init(
    name: String, hasAccelerometer: Bool, hasGyroscope: Bool, rate: Double? = nil, accelerationRange: Double? = nil,
    angularVelocityRange: Double? = nil, isLive: Bool, notes: [String] = []
  ) {
    self.name = name
    self.hasAccelerometer = hasAccelerometer
    self.hasGyroscope = hasGyroscope
    self.rate = rate
    self.accelerationRange = accelerationRange
    self.angularVelocityRange = angularVelocityRange
    self.isLive = isLive
    self.notes = notes
  }
}
