/// A recording with what is known about its origin: a directory in the form of the stock tools of libiio, or a
/// `samples.json`.
///
/// The directory holds
/// - `context.xml`, the libiio context as `iio_genxml` prints it: devices, channels, scan formats, scales;
/// - `<device name>.bin`, raw scans as `iio_readdev` writes them: the enabled channels in the order of their scan
///   index, each aligned to its own size, the scan padded to a multiple of the largest;
/// - `capture.json`, optional notes (`CaptureManifest`).
public struct Capture: Sendable, Hashable {
  /// What the recording is called; the name of its directory or file unless `capture.json` says otherwise.
  public var label: String
  /// The IIO device, such as "mpu6050".
  public var deviceName: String
  /// Identifier of the board, if noted.
  public var id: String?
  /// When recording began, ISO 8601, if noted.
  public var start: String?
  /// Free text, if noted.
  public var notes: String?
  /// Name of the libiio context, such as "local".
  public var contextName: String
  /// Description of the libiio context.
  public var contextDescription: String
  /// Attributes of the libiio context, such as "local,kernel".
  public var contextAttributes: [String: String]
  /// Attribute values of the device by sysfs name, such as "current_timestamp_clock", as `capture.json` noted them.
  public var attributes: [String: String]
  /// m/s² per code of the accelerometer, if known and the same for all axes.
  public var accelerationScale: Double?
  /// rad/s per code of the gyroscope, if known and the same for all axes.
  public var angularVelocityScale: Double?
  /// The samples.
  public var recording: Recording

  /// The longest recording, in seconds.
  public static let durationLimit = 600.0
  /// The largest number of scans.
  public static let scanLimit = 2_000_000

  /// Makes a capture.
  public init(
    label: String, deviceName: String = "mpu6050", recording: Recording,
    accelerationScale: Double? = nil, angularVelocityScale: Double? = nil
  ) {
    self.label = label
    self.deviceName = deviceName
    contextName = "local"
    contextDescription = ""
    contextAttributes = [:]
    attributes = [:]
    self.accelerationScale = accelerationScale
    self.angularVelocityScale = angularVelocityScale
    self.recording = recording
  }

  /// Refuses recordings without scans and those beyond the limits.
  ///
  /// The time a recording spans is taken without the lowest and the highest hundredth of its stamps: a few wild stamps
  /// must not decide, since the signal chain drops such scans anyway.
  func checkLimits(file: String) throws(CaptureError) {
    guard !recording.isEmpty else {
      throw CaptureError(
        kind: .missing, file: file, problem: "has no scans, expected at least one", advice: "record again")
    }
    guard recording.count <= Self.scanLimit else {
      throw CaptureError(
        kind: .tooLarge, file: file, problem: "has \(recording.count) scans, the limit is \(Self.scanLimit)",
        advice: "cut it, or record for a shorter time")
    }
    let sorted = recording.timestamps.sorted()
    let margin = sorted.count / 100
    let span = Double(sorted[sorted.count - 1 - margin]) * 1e-9 - Double(sorted[margin]) * 1e-9
    guard span <= Self.durationLimit else {
      throw CaptureError(
        kind: .tooLarge, file: file,
        problem: "spans \(Int(min(span, 1e15))) s, the limit is \(Int(Self.durationLimit)) s",
        advice: "cut it, or record for a shorter time")
    }
  }
}
