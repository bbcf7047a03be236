import Console
import Agent
import ArgumentParser
import Foundation

struct ControlOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The agent's control socket (control.socket of its configuration).", valueName: "path"))
  var socket = ProcessInfo.processInfo.environment["TACC_CONTROL_SOCKET"] ?? "/run/tacc/agent.sock"

  @OptionGroup var output: OutputOptions

  /// Asks the agent; prints its answers as they come.
  ///
  /// - Returns: the last answer.
  func ask(_ request: ControlRequest) throws -> ControlAnswer {
    var last = ControlAnswer()
    do {
      try ControlClient(path: socket).ask(request) { answer in
        last = answer
        if output.json {
          try Terminal.output(String(decoding: answer.line.dropLast(), as: UTF8.self))
        } else if !answer.done {
          Terminal.progress(answer.text)
        }
      }
    } catch let status as ExitStatus {
      throw status
    } catch {
      throw ExitStatus.fault("\(error)")
    }
    if !output.json { Terminal.clearLine() }
    if last.refused == true { throw ExitStatus.fault("the agent refused: \(last.message ?? "no reason given")") }
    return last
  }
}

struct Press: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Press the agent's button: open a pairing window on this board.",
    discussion: """
      Asks the agent that runs on this board, as its button would. With --wait it shows what happens and ends when the \
      window does. With --cancel it ends when the window has ended, and says how.

      EXAMPLES:
        tacc press
        tacc press --wait --json
        tacc press --cancel

      \(HelpText.exitStatus([
        0: "Pressed, or cancelled; with --wait: paired.",
        1: "No agent answers, or its sensor or relay cannot be used.",
        2: "Bad usage.",
        3: "The window ended without a key, for a reason that is printed.",
      ]))

      \(HelpText.environment(.controlSocket))
      """)

  @Flag(help: "Wait for the window's end.")
  var wait = false

  @Flag(help: "Cancel the window instead, as a long press does.")
  var cancel = false

  @OptionGroup var control: ControlOptions

  func validate() throws {
    guard !(wait && cancel) else { throw ValidationError("--wait and --cancel exclude each other") }
  }

  func run() throws {
    let answer = try control.ask(ControlRequest(command: cancel ? .cancel : .press, follow: wait))
    guard wait, let ending = answer.last else {
      if control.output.json { return }
      // Of a cancellation, how the window ended; a key made just before it counts.
      let ending = cancel ? answer.last.map { "  \($0.code): \($0.message)" } ?? "" : ""
      try Terminal.output(answer.text + ending)
      return
    }
    if ending.paired {
      guard !control.output.json else { return }
      try Terminal.output(ending.message)
      if let peer = ending.peer {
        try Terminal.output(
          "with \(peer.name) (\(peer.fingerprint))" + (peer.replaced ? ", in place of an older pairing with it" : ""))
      }
      return
    }
    let isFault = ["sensor-failed", "relay-unusable", "internal-fault", "peer-not-kept"].contains(ending.code)
    if !control.output.json { try Terminal.output("NOT PAIRED  \(ending.code): \(ending.message)") }
    throw isFault ? ExitStatus.fault("") : ExitStatus.aborted
  }
}

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what the agent on this board is doing.",
    discussion: """
      Its state (waiting for the button, window open, shaking, and how far it is), and how the last window ended.

      EXAMPLES:
        tacc status
        tacc status --follow --json

      \(HelpText.exitStatus([0: "Told.", 1: "No agent answers.", 2: "Bad usage."]))

      \(HelpText.environment(.controlSocket))
      """)

  @Flag(help: "Go on telling, a line for each change.")
  var follow = false

  @OptionGroup var control: ControlOptions

  func run() throws {
    let answer = try control.ask(ControlRequest(command: .status, follow: follow))
    guard !control.output.json else { return }
    try Terminal.output("\(answer.text)  (tacc \(answer.version ?? "?"), room \(answer.room ?? "?"))")
    if let last = answer.last { try Terminal.output("last window: \(last.message)") }
  }
}

extension ControlAnswer {
  /// One line for the user.
  var text: String {
    let share = progress.map { ", \(Int(($0 * 100).rounded())) %" } ?? ""
    return "\(state ?? "?")\(share)" + (message.map { ": \($0)" } ?? "")
  }
}
