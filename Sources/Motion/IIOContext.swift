/// The part of a libiio context that describes captures: devices, channels and their attributes.
package struct IIOContext: Sendable, Hashable {
  /// The context's name, such as "local" or "xml".
  package var name = ""
  /// The context's description.
  package var description = ""
  /// Context attributes.
  package var attributes: [String: String] = [:]
  /// The devices, in the order of the document.
  package var devices: [Device] = []

  /// A device.
  package struct Device: Sendable, Hashable {
    /// Such as "iio:device0".
    package var id: String
    /// Such as "mpu6050".
    package var name: String?
    /// What the device tree calls it, if anything.
    package var label: String?
    /// Line of the document where it begins.
    package var line: Int
    /// Names of device attributes, in the order of the document.
    package var attributeNames: [String] = []
    /// Values of device attributes, where the document has them (libiio from 1.0 on).
    package var attributes: [String: String] = [:]
    /// The channels, in the order of the document.
    package var channels: [Channel] = []

    /// The name that its buffer file carries: `name`, or `id` for a device without one.
    package var fileName: String { name ?? id }
    /// Whether it has a channel of an accelerometer or gyroscope.
    package var isInertial: Bool {
      channels.contains { $0.scanElement != nil && ($0.id.hasPrefix("accel_") || $0.id.hasPrefix("anglvel_")) }
    }
  }

  /// A channel.
  package struct Channel: Sendable, Hashable {
    /// Such as "accel_x".
    package var id: String
    /// Line of the document where it begins.
    package var line: Int
    /// How it appears in buffers; nil if it cannot be captured.
    package var scanElement: ScanElement?
    /// Attributes by name.
    package var attributes: [String: Attribute] = [:]
  }

  /// An attribute of a channel.
  package struct Attribute: Sendable, Hashable {
    /// Name of its file in sysfs, such as "in_accel_scale".
    package var filename: String?
    /// Its value, where the document has it (libiio from 1.0 on).
    package var value: String?
  }

  /// How a channel appears in buffers.
  package struct ScanElement: Sendable, Hashable {
    /// Position of the channel among the others of its device.
    package var index: Int
    /// The format.
    package var format: ScanFormat
    /// The scale as libiio before 1.0 prints it, rounded to six decimals.
    package var scale: String?
    /// Line of the document.
    package var line: Int
  }
}
