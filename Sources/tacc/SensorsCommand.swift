import Console
import ArgumentParser
import Foundation
import Sensors

struct SensorsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensors",
    abstract: "List the sensors that there are, and the one that would be used.",
    usage: "tacc sensors [<options>]",
    discussion: """
      Lists the IIO devices of a context, and apart from them the input devices of this machine that measure motion; \
      with --source only the one or the other. Reads only: no setting is changed, and nothing samples.

      EXAMPLES:
        tacc sensors
        tacc sensors --source evdev
        tacc sensors --uri ip:raspberrypi.local --json

      \(HelpText.exitStatus([
        0: "There is a sensor to use.", 1: "There is none, or it cannot be reached.", 2: "Bad usage.",
      ]))
      """)

  @OptionGroup var sensor: SensorOptions

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func run() async throws {
    var findings = SensorFindings(uri: sensor.uri ?? "local:")
    if sensor.source != .evdev {
      let source = sensor.iioSource()
      do { findings.iio = .success(try await source.survey()) } catch { findings.iio = .failure(error) }
    }
    if sensor.source != .iio {
      let source = sensor.inputSource()
      do { findings.input = .success(try await source.survey()) } catch { findings.input = .failure(error) }
    }
    try Terminal.output(json ? try findings.json() : findings.text)
    if let error = findings.failure {
      let code = json ? 1 : ExitStatus.sensor(error).code
      throw ExitStatus(code: code, message: json ? nil : "there is no sensor to use; the list says why")
    }
  }
}
