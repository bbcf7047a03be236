import Console
import ArgumentParser
import Foundation
import Sensors

struct Record: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Record a sensor as a capture.",
    usage: "tacc record --out <dir> [<options>]",
    discussion: """
      Finds the motion sensor, sets its rate and ranges, keeps its scans as the kernel writes them, and puts its settings \
      back. The capture appears when it is complete; SIGINT and SIGTERM end the recording and keep what there is.

      Of an input device (--source evdev) nothing can be set, and it has no context of libiio: its values are rounded to \
      16 bits, and the context.xml beside them is made up to describe them.

      EXAMPLES:
        tacc record --out shake
        tacc record --out shake --seconds 20 --device mpu6050 --rate 500
        tacc record --out shake --uri ip:raspberrypi.local
        tacc record --out shake --source evdev --device /dev/input/event4

      \(HelpText.exitStatus([
        0: "Recorded.", 1: "A fault of the sensor.", 2: "Bad usage, or a directory that cannot be made.",
      ]))
      """)

  @Option(help: ArgumentHelp("The directory to make.", valueName: "dir"))
  var out: String

  @Option(help: ArgumentHelp("How long, by the sensor's clock.", valueName: "seconds"))
  var seconds = 30.0

  @Option(help: "What the capture is called. (default: the name of the directory)")
  var label: String?

  @OptionGroup var sensor: SensorOptions

  func run() async throws {
    let recorder = sensor.source == .evdev ? Recorder(sensor.inputSource()) : Recorder(sensor.iioSource())
    let total = seconds
    let (out, label) = (out, label)
    do {
      let summary = try await withInterrupts {
        try await recorder.record(to: out, seconds: total, label: label) { done in
          if Terminal.isInteractive {
            Terminal.progress(String(format: "recording: %.1f of %.1f s", done, total))
          }
        }
      }
      Terminal.clearLine()
      var text = String(format: "recorded %.1f s of %@: %d scans", summary.seconds, summary.name, summary.scans)
      if summary.missingScans > 0 { text += ", \(summary.missingScans) missing" }
      if summary.clippedScans > 0 {
        let remedy = sensor.source == .evdev ? "shake more gently" : "give a larger --accel-range or --gyro-range"
        text += ", \(summary.clippedScans) at full scale (\(remedy))"
      }
      try Terminal.output("\(text), in \(out)")
    } catch let error as SensorError {
      throw ExitStatus.sensor(error)
    }
  }
}
