import Foundation
import Sensors

/// What was found where sensors were looked for; `nil` where they were not.
struct SensorFindings {
  /// The libiio context.
  var uri: String
  /// What is in it.
  var iio: Result<SensorSurvey, SensorError>?
  /// What is among the input devices of this machine.
  var input: Result<InputSurvey, SensorError>?

  private var iioChoice: Result<MotionSourceDescription, SensorError>? { iio.map { $0.flatMap(\.choice) } }
  private var inputChoice: Result<MotionSourceDescription, SensorError>? { input.map { $0.flatMap(\.choice) } }

  /// Why there is nothing to use; `nil` if there is.
  var failure: SensorError? {
    var first: SensorError?
    for choice in [iioChoice, inputChoice] {
      switch choice {
      case .success?: return nil
      case .failure(let error)?: first = first ?? error
      case nil: break
      }
    }
    return first
  }

  // MARK: - Text

  /// A part for each place, with an empty line between.
  var text: String {
    var parts: [[String]] = []
    if let iio { parts.append(["IIO devices of \(uri) (source iio)"] + Self.lines(iio)) }
    if let input {
      parts.append(["input devices of this machine that measure motion (source evdev)"] + Self.lines(input))
    }
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private static func lines(_ result: Result<SensorSurvey, SensorError>) -> [String] {
    switch result {
    case .failure(let error): return ["  \(error)"]
    case .success(let survey):
      var lines = survey.devices.map { device in
        let label = device.label.map { " (\($0))" } ?? ""
        return "  \(device.id)  \(device.name ?? "without name")\(label): \(device.capability)"
      }
      if lines.isEmpty { lines.append("  none") }
      return lines + Self.lines(survey.choice)
    }
  }

  private static func lines(_ result: Result<InputSurvey, SensorError>) -> [String] {
    switch result {
    case .failure(let error): return ["  \(error)"]
    case .success(let survey):
      guard !survey.devices.isEmpty else {
        // That there is none is no trouble; that one could not look is.
        if case .failure(let error) = survey.choice, error.kind != .notFound { return ["  none", "  \(error)"] }
        return ["  none"]
      }
      var lines: [String] = []
      for device in survey.devices {
        lines.append("  \(device.path)  \(device.name.isEmpty ? "without name" : device.name): \(device.capability)")
        for axis in device.axes {
          let unit = axis.resolution > 0 ? "\(axis.resolution) per \(axis.unit)" : "unit unknown"
          lines.append("    \(axis.name)  \(axis.minimum) to \(axis.maximum), \(unit)")
        }
      }
      return lines + Self.lines(survey.choice)
    }
  }

  private static func lines(_ choice: Result<MotionSourceDescription, SensorError>) -> [String] {
    switch choice {
    case .failure(let error): return ["  would use none: \(error)"]
    case .success(let choice):
      var lines = ["  would use \(choice.name)"]
      if let rate = choice.rate { lines.append(String(format: "    rate           %g Hz", rate)) }
      if let range = choice.accelerationRange {
        lines.append(String(format: "    accelerometer  ±%.1f m/s² (±%.1f g)", range, range / 9.80665))
      }
      if let range = choice.angularVelocityRange {
        lines.append(String(format: "    gyroscope      ±%.1f rad/s (±%.0f °/s)", range, range * 180 / .pi))
      }
      if !choice.hasGyroscope { lines.append("    no gyroscope: pairing has fewer channels, and takes longer") }
      return lines + choice.notes.map { "    note: \($0)" }
    }
  }

  // MARK: - JSON

  private struct Listed: Encodable {
    struct Device: Encodable {
      var id: String
      var name: String?
      var label: String?
      var usable: Bool
      var capability: String
    }
    struct InputDevice: Encodable {
      struct Axis: Encodable {
        var name: String
        var unit: String
        var resolution: Int
        var minimum: Int
        var maximum: Int
      }
      var path: String
      var name: String
      var usable: Bool
      var capability: String
      var axes: [Axis]
    }
    struct Input: Encodable {
      var devices: [InputDevice]
      var choice: Choice?
      var error: String?
    }
    struct Choice: Encodable {
      var name: String
      var accelerometer: Bool
      var gyroscope: Bool
      var rate_hz: Double?
      var acceleration_range: Double?
      var angular_velocity_range: Double?
      var notes: [String]

      init(_ choice: MotionSourceDescription) {
        name = choice.name
        accelerometer = choice.hasAccelerometer
        gyroscope = choice.hasGyroscope
        rate_hz = choice.rate
        acceleration_range = choice.accelerationRange
        angular_velocity_range = choice.angularVelocityRange
        notes = choice.notes
      }
    }
    var uri: String?
    var devices: [Device]?
    var choice: Choice?
    var error: String?
    var input: Input?
  }

  /// One object: `uri`, `devices`, `choice` and `error` of the IIO context, and `input` with the same of the input
  /// devices.
  func json() throws -> String {
    var listed = Listed()
    if let iio, let iioChoice {
      listed.uri = uri
      listed.devices = ((try? iio.get())?.devices ?? []).map {
        .init(id: $0.id, name: $0.name, label: $0.label, usable: $0.isUsable, capability: $0.capability)
      }
      (listed.choice, listed.error) = Self.listed(iioChoice)
    }
    if let input, let inputChoice {
      let devices = ((try? input.get())?.devices ?? []).map { device in
        Listed.InputDevice(
          path: device.path, name: device.name, usable: device.isUsable, capability: device.capability,
          axes: device.axes.map {
            .init(
              name: $0.name, unit: $0.unit, resolution: $0.resolution, minimum: $0.minimum, maximum: $0.maximum)
          })
      }
      let (choice, error) = Self.listed(inputChoice)
      listed.input = .init(devices: devices, choice: choice, error: error)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(listed), as: UTF8.self)
  }

  private static func listed(
    _ choice: Result<MotionSourceDescription, SensorError>
  ) -> (Listed.Choice?, String?) {
    switch choice {
    case .success(let choice): (.init(choice), nil)
    case .failure(let error): (nil, "\(error)")
    }
  }
}
