internal import Evdev
internal import Platform

/// What there is among the input devices of this machine that measures motion, and what would be read.
public struct InputSurvey: Sendable {
  /// An axis of motion.
  public struct Axis: Sendable, Hashable {
    /// As the kernel calls it, such as "ABS_X".
    public let name: String
    /// What its unit is: "g" or "degree per second".
    public let unit: String
    /// Numbers per unit; 0 where the driver does not tell.
    public let resolution: Int
    /// The least number.
    public let minimum: Int
    /// The greatest number.
    public let maximum: Int
  }

  /// A device that the kernel marks as an accelerometer (INPUT_PROP_ACCELEROMETER).
  public struct Device: Sendable, Hashable {
    /// Such as "/dev/input/event4".
    public let path: String
    /// What the driver calls it; may be empty.
    public let name: String
    /// Its axes of motion; none where it could not be asked.
    public let axes: [Axis]
    /// Whether it can be used.
    public let isUsable: Bool
    /// What it can do, or what keeps it from being used, and what to do about that.
    public let capability: String
  }

  /// The devices, in the order of their numbers.
  public let devices: [Device]
  /// What would be read, and how; or why nothing can be.
  public let choice: Result<MotionSourceDescription, SensorError>
}

extension InputSurvey {
  /// Looks at all devices; opens each, and changes nothing.
  init(_ devices: InputDevices, files: InputFiles, choice: Result<MotionSourceDescription, SensorError>) {
    self.choice = choice
    guard let listing = try? devices.list() else {
      // For the same reason there is no choice.
      self.devices = []
      return
    }
    let found =
      listing.devices.filter(\.isAccelerometer).map(Device.init) + listing.errors.compactMap { Device($0, files) }
    self.devices = found.sorted { $0.number < $1.number }
  }
}

extension InputSurvey.Device {
  fileprivate init(_ device: InputDeviceDescription) {
    let quantities: [EvdevAxes.Quantity] = [.acceleration, .angularVelocity]
    let axes = quantities.flatMap { quantity in
      quantity.axes.compactMap { axis in
        device.axes[axis].map {
          InputSurvey.Axis(
            name: "\(axis)", unit: quantity.unitText, resolution: Int($0.resolution), minimum: Int($0.minimum),
            maximum: Int($0.maximum))
        }
      }
    }
    let decoder: EvdevDecoder
    do { decoder = try EvdevDecoder(device, values: [:]) } catch {
      self.init(
        path: device.path, name: device.name, axes: axes, isUsable: false,
        capability: "cannot be used: \(error.problem)")
      return
    }
    self.init(
      path: device.path, name: device.name, axes: axes, isUsable: true,
      capability: decoder.angularVelocity == nil ? "has an accelerometer" : "has accelerometer and gyroscope")
  }

  /// A device that cannot be opened or asked; `nil` unless the kernel says elsewhere that it is an accelerometer.
  fileprivate init?(_ error: EvdevError, _ files: InputFiles) {
    let path: String
    var remedy = SensorError(error).remedy
    switch error {
    case .cannotOpen(let node, let errno):
      path = node
      if errno.saysForbidden { remedy = files.access(node)?.remedy ?? remedy }
    case .kernelRefused(let node, _, _), .deviceGone(let node), .notAnInputDevice(let node, _): path = node
    default: return nil
    }
    guard let facts = files.facts(path), facts.isAccelerometer else { return nil }
    self.init(
      path: path, name: facts.name, axes: [], isUsable: false,
      capability: "cannot be used: \(SensorError(error).reason); \(remedy)")
  }

  /// The number of its node, to order by.
  fileprivate var number: Int {
    Int(path.reversed().prefix(while: \.isNumber).reversed().map(String.init).joined()) ?? 0
  }
}

extension SensorError {
  /// What happened, with the error's name where there is one.
  fileprivate var reason: String {
    "cannot \(operation): \(problem)" + (code.map { " (\(SystemErrno(code: $0).name))" } ?? "")
  }
}
