/// A recording as the kernel delivered it: the devices of a libiio context with their attributes, and for each recorded
/// device its scans in their own layout, undecoded.
///
/// `Capture` is what computing needs of a recording; this is what serving it as a sensor needs.
public struct RawCapture: Sendable, Hashable {
  /// What the recording is called.
  public var label: String
  /// Name of the libiio context, such as "local".
  public var contextName: String
  /// Description of the libiio context.
  public var contextDescription: String
  /// Attributes of the libiio context, such as "local,kernel".
  public var contextAttributes: [String: String]
  /// The devices, in the order of the context; at least one of them has scans.
  public var devices: [Device]

  /// The largest number of devices in one context.
  public static let deviceLimit = 32

  /// A device, or a trigger.
  public struct Device: Sendable, Hashable {
    /// Such as "iio:device0" or "trigger0".
    public var id: String
    /// Such as "mpu6050".
    public var name: String?
    /// What the device tree calls it, if anything.
    public var label: String?
    /// Its own attributes.
    public var attributes: [Attribute]
    /// Its input channels, in the order of the context.
    public var channels: [Channel]
    /// What was recorded of it; nil if nothing was.
    public var scans: Scans?
  }

  /// An input channel.
  public struct Channel: Sendable, Hashable {
    /// Such as "accel_x".
    public var id: String
    /// Its attributes, sorted by name.
    public var attributes: [Attribute]
  }

  /// An attribute.
  public struct Attribute: Sendable, Hashable {
    /// The name that libiio gives it, such as "scale".
    public var name: String
    /// The name of its file in sysfs where that differs, such as "in_accel_scale".
    public var filename: String?
    /// The value that it had; nil if the capture does not tell.
    public var value: String?
  }

  /// The scans of a device.
  public struct Scans: Sendable, Hashable {
    /// The recorded channels and where they lie in a scan; `timestamp` is always among them.
    public var layout: ScanLayout
    /// Whole scans one after the other, at least one.
    public var bytes: [UInt8]
    /// The decoded scans.
    public var recording: Recording
  }
}
