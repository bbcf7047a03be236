import ArgumentParser
import Foundation
import Sensors

struct SensorsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensors",
    abstract: "List the sensors that there are, and the one that would be used.",
    discussion: """
      Reads only: no setting is changed, and nothing samples.

      EXAMPLES
        tacc sensors
        tacc sensors --uri ip:raspberrypi.local --json

      Exit status: 0 there is a sensor to use, 1 there is none or it cannot be reached, 2 bad usage.
      """)

  @OptionGroup var sensor: SensorOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() async throws {
    let survey: SensorSurvey
    do { survey = try await sensor.source().survey() } catch { throw ExitStatus.sensor(error) }
    try Terminal.output(json ? try Self.json(survey) : Self.text(survey))
    if case .failure(let error) = survey.choice {
      throw json ? ExitStatus(code: 1, message: nil) : ExitStatus.sensor(error)
    }
  }

  private static func text(_ survey: SensorSurvey) -> String {
    var lines = survey.devices.map { device in
      let label = device.label.map { " (\($0))" } ?? ""
      return "\(device.id)  \(device.name ?? "without name")\(label): \(device.capability)"
    }
    if lines.isEmpty { lines.append("no device in \(survey.uri)") }
    if case .success(let choice) = survey.choice {
      lines.append("")
      lines.append("would use \(choice.name)")
      if let rate = choice.rate { lines.append(String(format: "  rate           %g Hz", rate)) }
      if let range = choice.accelerationRange {
        lines.append(String(format: "  accelerometer  ±%.1f m/s² (±%.1f g)", range, range / 9.80665))
      }
      if let range = choice.angularVelocityRange {
        lines.append(String(format: "  gyroscope      ±%.1f rad/s (±%.0f °/s)", range, range * 180 / .pi))
      }
      if !choice.hasGyroscope { lines.append("  no gyroscope: pairing has fewer channels, and takes longer") }
      lines += choice.notes.map { "  note: \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  private struct Listed: Encodable {
    struct Device: Encodable {
      var id: String
      var name: String?
      var label: String?
      var usable: Bool
      var capability: String
    }
    struct Choice: Encodable {
      var name: String
      var accelerometer: Bool
      var gyroscope: Bool
      var rate_hz: Double?
      var acceleration_range: Double?
      var angular_velocity_range: Double?
      var notes: [String]
    }
    var uri: String
    var devices: [Device]
    var choice: Choice?
    var error: String?
  }

  private static func json(_ survey: SensorSurvey) throws -> String {
    var listed = Listed(
      uri: survey.uri,
      devices: survey.devices.map {
        .init(id: $0.id, name: $0.name, label: $0.label, usable: $0.isUsable, capability: $0.capability)
      })
    switch survey.choice {
    case .success(let choice):
      listed.choice = .init(
        name: choice.name, accelerometer: choice.hasAccelerometer, gyroscope: choice.hasGyroscope,
        rate_hz: choice.rate, acceleration_range: choice.accelerationRange,
        angular_velocity_range: choice.angularVelocityRange, notes: choice.notes)
    case .failure(let error): listed.error = "\(error)"
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(listed), as: UTF8.self)
  }
}
