internal import CVersion
import ArgumentParser
import Foundation

/// The one executable.
@main
struct Tacc: ParsableCommand {
  /// Such as "2.0.0-dev (0123456789)", with the commit where it is known; "+" behind it: changed since.
  static let version: String = {
    let commit = String(cString: cversion_commit())
    return commit.isEmpty ? "2.0.0-dev" : "2.0.0-dev (\(commit))"
  }()

  static let configuration = CommandConfiguration(
    commandName: "tacc",
    abstract: "Pair two boards by shaking them together.",
    discussion: """
      Two boards that have never met are held together and shaken. What both felt becomes a key that authenticates a \
      fresh key exchange through a relay that nobody has to trust.

      EXAMPLES:
        sudo tacc doctor                      what keeps this board from pairing
        sudo systemctl enable --now tacc-agent && sudo tacc press --wait
        tacc demo-local                       a pairing of two simulated boards
        tacc simulate --out pair && tacc evaluate pair

      \(HelpText.exitStatus([
        0: "Done; of what pairs: paired.",
        1: "A fault of this program, this machine or the network.",
        2: "Bad usage, configuration or input.",
        3: "An honest end without what was wanted, and its reason: no key, no partner, nobody who takes the file.",
      ]))

      Data goes to standard output, everything else to standard error.
      """,
    version: version,
    groupedSubcommands: [
      CommandGroup(
        name: "Board",
        subcommands: [AgentCommand.self, Press.self, Status.self, DoctorCommand.self, SensorsCommand.self]),
      CommandGroup(
        name: "Peer",
        subcommands: [
          PeersCommand.self, ExportCommand.self, SendCommand.self, ReceiveCommand.self, ConnectCommand.self,
        ]),
      CommandGroup(name: "Relay", subcommands: [RelayCommand.self, Session.self, Client.self]),
      CommandGroup(
        name: "Recording",
        subcommands: [Record.self, Convert.self, IIODReplayCommand.self, Simulate.self]),
      CommandGroup(name: "Measuring", subcommands: [DemoLocal.self, Evaluate.self, AdversaryCommand.self]),
    ])

  static func main() {
    Terminal.claimDescriptors()
    do {
      var command = try parseAsRoot()
      guard command is AsyncParsableCommand else {
        try command.run()
        return
      }
      Task {
        do {
          // Parsed once more, since a command cannot be handed to a task.
          guard var command = try parseAsRoot() as? AsyncParsableCommand else { return }
          try await command.run()
          Foundation.exit(0)
        } catch {
          end(with: error)
        }
      }
      dispatchMain()
    } catch {
      end(with: error)
    }
  }

  /// Ends the process, saying what there is to say.
  private static func end(with error: any Error) -> Never {
    if let status = error as? ExitStatus {
      if let message = status.message, !message.isEmpty { Terminal.error(message) }
      Foundation.exit(status.code)
    }
    // Help and version are no errors; everything else the parser throws is bad usage.
    let text = fullMessage(for: error)
    if exitCode(for: error).isSuccess {
      do { try Terminal.output(text) } catch { Foundation.exit(1) }
      Foundation.exit(0)
    }
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    Foundation.exit(2)
  }
}

/// How the program ends when it does not end well.
struct ExitStatus: Error {
  let code: Int32
  let message: String?

  /// No key, for a reason that has been told.
  static let aborted = ExitStatus(code: 3, message: nil)

  /// Bad usage or input.
  static func badInput(_ message: String) -> ExitStatus { ExitStatus(code: 2, message: message) }

  /// A fault of this program, this machine or the network.
  static func fault(_ message: String) -> ExitStatus { ExitStatus(code: 1, message: message) }
}
