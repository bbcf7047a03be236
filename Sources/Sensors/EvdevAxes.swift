internal import Evdev
import Motion

/// Three axes of an input device, and the way from their numbers to SI units.
struct EvdevAxes: Sendable, Hashable {
  /// What the three measure; linux/input.h gives the units of devices with INPUT_PROP_ACCELEROMETER.
  enum Quantity: Sendable, Hashable {
    /// ABS_X, ABS_Y and ABS_Z, with a resolution in units per g.
    case acceleration
    /// ABS_RX, ABS_RY and ABS_RZ, with a resolution in units per degree per second.
    case angularVelocity

    var axes: [AbsoluteAxis] {
      switch self {
      case .acceleration: [.x, .y, .z]
      case .angularVelocity: [.rx, .ry, .rz]
      }
    }

    /// What one over the resolution is, in m/s² or rad/s.
    var unit: Double {
      switch self {
      case .acceleration: 9.80665
      case .angularVelocity: .pi / 180
      }
    }

    var unitText: String {
      switch self {
      case .acceleration: "g"
      case .angularVelocity: "degree per second"
      }
    }
  }

  let axes: [AbsoluteAxis]
  /// SI units per unit of the device.
  let scale: SIMD3<Double>
  /// The numbers from which on, on either side, an axis is at full scale.
  private let clipsBelow: SIMD3<Double>
  private let clipsAbove: SIMD3<Double>
  /// Full scale, ± SI units: the smallest of the axes.
  let range: Double

  /// The axes of a quantity; `nil` if the device has none of them.
  init?(_ quantity: Quantity, of device: InputDeviceDescription) throws(SensorError) {
    axes = quantity.axes
    let missing = axes.filter { device.axes[$0] == nil }
    if missing.count == axes.count { return nil }
    guard missing.isEmpty else {
      throw .unsuitable(
        device, "it has no \(missing.map(\.description).joined(separator: ", ")), only the others of three axes")
    }
    var scale = SIMD3<Double>()
    var clipsBelow = SIMD3<Double>()
    var clipsAbove = SIMD3<Double>()
    var range = Double.infinity
    for (index, axis) in axes.enumerated() {
      guard let limits = device.axes[axis] else { continue }
      guard limits.resolution > 0 else {
        throw .unsuitable(
          device,
          "its driver does not tell the unit of \(axis) (resolution \(limits.resolution); expected units per "
            + "\(quantity.unitText))")
      }
      guard limits.minimum < limits.maximum else {
        throw .unsuitable(device, "\(axis) reaches from \(limits.minimum) to \(limits.maximum), which is nothing")
      }
      scale[index] = quantity.unit / Double(limits.resolution)
      // Calibration shifts full scale a little, and the kernel's fuzz keeps values from reaching it.
      let span = Double(limits.maximum) - Double(limits.minimum)
      let margin = max(Double(max(0, limits.fuzz)), (span / 2048).rounded(.down))
      clipsBelow[index] = Double(limits.minimum) + margin
      clipsAbove[index] = Double(limits.maximum) - margin
      range = min(range, min(abs(Double(limits.minimum)), abs(Double(limits.maximum))) * scale[index])
    }
    self.scale = scale
    self.clipsBelow = clipsBelow
    self.clipsAbove = clipsAbove
    self.range = range
  }

  /// The axes that are at full scale.
  func clipped(_ numbers: SIMD3<Double>) -> AxisFlags {
    var flags: AxisFlags = []
    for index in 0..<3 where numbers[index] <= clipsBelow[index] || numbers[index] >= clipsAbove[index] {
      flags.insert(AxisFlags(axis: index))
    }
    return flags
  }
}

extension SensorError {
  fileprivate static func unsuitable(_ device: InputDeviceDescription, _ problem: String) -> SensorError {
    SensorError(
      kind: .unsuitable, operation: "use it as a motion sensor", subject: device.sensorText, problem: problem,
      remedy: "take another device; evtest lists what this one reports")
  }
}

extension InputDeviceDescription {
  /// Such as `/dev/input/event4 (Wireless Controller Motion Sensors)`.
  var sensorText: String { name.isEmpty ? path : "\(path) (\(name))" }
}
