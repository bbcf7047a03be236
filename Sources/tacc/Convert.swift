import Console
import ArgumentParser
import Motion

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert a recording between a capture directory and samples.json.",
    discussion: """
      What the input is, is seen from it; a directory becomes samples.json, a file becomes a capture directory. \
      An output that is there already is replaced.

      EXAMPLES:
        tacc convert pair/alice alice.json
        tacc convert alice.json captures/alice

      \(HelpText.exitStatus([0: "Done.", 2: "Bad usage or input, or a file that cannot be written."]))
      """)

  @Argument(help: "A capture directory or a samples.json.")
  var input: String

  @Argument(help: "What to write: a file for a directory, a directory for a file.")
  var output: String

  func run() throws {
    let capture = try loadCapture(input)
    let target: CaptureFormat = CaptureFormat.detect(path: input) == .directory ? .samples : .directory
    do { try target.write(capture, to: output) } catch { throw ExitStatus.badInput("\(error)") }
    Terminal.progress("wrote \(capture.recording.count) scans to \(output)\(Terminal.isInteractive ? "\n" : "")")
  }
}
