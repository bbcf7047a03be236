/// The part of a libiio context that describes captures: devices, channels and their attributes.
struct IIOContext: Sendable, Hashable {
  /// The context's name, such as "local" or "xml".
  var name = ""
  /// The context's description.
  var description = ""
  /// Context attributes.
  var attributes: [String: String] = [:]
  /// The devices, in the order of the document.
  var devices: [Device] = []

  /// A device.
  struct Device: Sendable, Hashable {
    /// Such as "iio:device0".
    var id: String
    /// Such as "mpu6050".
    var name: String?
    /// What the device tree calls it, if anything.
    var label: String?
    /// Line of the document where it begins.
    var line: Int
    /// Names of device attributes, in the order of the document.
    var attributeNames: [String] = []
    /// Values of device attributes, where the document has them (libiio from 1.0 on).
    var attributes: [String: String] = [:]
    /// The channels, in the order of the document.
    var channels: [Channel] = []

    /// The name that its buffer file carries: `name`, or `id` for a device without one.
    var fileName: String { name ?? id }
    /// Whether it has a channel of an accelerometer or gyroscope.
    var isInertial: Bool {
      channels.contains { $0.scanElement != nil && ($0.id.hasPrefix("accel_") || $0.id.hasPrefix("anglvel_")) }
    }
  }

  /// A channel.
  struct Channel: Sendable, Hashable {
    /// Such as "accel_x".
    var id: String
    /// Line of the document where it begins.
    var line: Int
    /// How it appears in buffers; nil if it cannot be captured.
    var scanElement: ScanElement?
    /// Attributes by name.
    var attributes: [String: Attribute] = [:]
  }

  /// An attribute of a channel.
  struct Attribute: Sendable, Hashable {
    /// Name of its file in sysfs, such as "in_accel_scale".
    var filename: String?
    /// Its value, where the document has it (libiio from 1.0 on).
    var value: String?
  }

  /// How a channel appears in buffers.
  struct ScanElement: Sendable, Hashable {
    /// Position of the channel among the others of its device.
    var index: Int
    /// The format.
    var format: ScanFormat
    /// The scale as libiio before 1.0 prints it, rounded to six decimals.
    var scale: String?
    /// Line of the document.
    var line: Int
  }
}
