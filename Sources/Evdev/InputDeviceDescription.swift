/// What an absolute axis can report: `struct input_absinfo` of linux/input.h, without the momentary value.
public struct AbsoluteAxisLimits: Sendable, Hashable {
  /// The least value, which the kernel does not enforce.
  public var minimum: Int32
  /// The greatest value, which the kernel does not enforce.
  public var maximum: Int32
  /// Changes smaller than this are smoothed by the kernel, in units of the value.
  public var fuzz: Int32
  /// Units per millimetre, or per radian for rotational axes; on a device with INPUT_PROP_ACCELEROMETER units per g
  /// (9.80665 m/s²), or per degree per second. 0 if unknown.
  public var resolution: Int32

  /// Limits from their parts.
  public init(minimum: Int32, maximum: Int32, fuzz: Int32 = 0, resolution: Int32 = 0) {
    self.minimum = minimum
    self.maximum = maximum
    self.fuzz = fuzz
    self.resolution = resolution
  }
}

/// An axis as the device has it now.
package struct AbsoluteAxisState: Sendable, Hashable {
  package var value: Int32
  package var limits: AbsoluteAxisLimits

  package init(value: Int32, limits: AbsoluteAxisLimits) {
    self.value = value
    self.limits = limits
  }
}

/// What an input device is and can report.
public struct InputDeviceDescription: Sendable, Hashable {
  /// Such as `/dev/input/event3`; it may be another one after the next boot.
  public var path: String
  /// What the driver calls it, such as `gpio-keys`; may be empty. Control characters are replaced by `?`.
  public var name: String
  /// Where it is connected, such as `gpio-keys/input0`; empty if the driver does not say.
  public var physicalPath: String
  /// Whether its axes are those of an accelerometer and perhaps a gyroscope (INPUT_PROP_ACCELEROMETER).
  public var isAccelerometer: Bool
  /// The keys and buttons that it can report.
  public var keys: Set<KeyCode>
  /// The absolute axes that it can report.
  public var axes: [AbsoluteAxis: AbsoluteAxisLimits]
  /// Whether its packets carry its own clock (MSC_TIMESTAMP).
  public var hasDeviceTimestamps: Bool

  /// A description from its parts.
  public init(
    path: String,
    name: String,
    physicalPath: String = "",
    isAccelerometer: Bool = false,
    keys: Set<KeyCode> = [],
    axes: [AbsoluteAxis: AbsoluteAxisLimits] = [:],
    hasDeviceTimestamps: Bool = false
  ) {
    self.path = path
    self.name = name
    self.physicalPath = physicalPath
    self.isAccelerometer = isAccelerometer
    self.keys = keys
    self.axes = axes
    self.hasDeviceTimestamps = hasDeviceTimestamps
  }
}

/// The momentary state of a device's keys and axes.
public struct InputDeviceState: Sendable, Hashable {
  /// The keys that are down.
  public var keysDown: Set<KeyCode>
  /// The value of each axis that the device has.
  public var axes: [AbsoluteAxis: Int32]

  /// A state from its parts.
  public init(keysDown: Set<KeyCode> = [], axes: [AbsoluteAxis: Int32] = [:]) {
    self.keysDown = keysDown
    self.axes = axes
  }
}
