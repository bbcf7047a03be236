import Console
import Dispatch
import ArgumentParser
import Console
import Dispatch
import RelayProgram

/// The one executable.
@main
struct Tacc: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tacc",
    abstract: "Pair two boards by shaking them together.",
    discussion: """
      Two boards that have never met are held together and shaken. What both felt becomes a key that authenticates a \
      fresh key exchange through a relay that nobody has to trust.

      Try it on this machine:
        tacc demo-local
        tacc simulate --out pair && tacc evaluate --alice pair/alice --bob pair/bob

      EXIT STATUS: 0 paired (or done), 3 an honest abort with its reason, 2 bad usage or input, 1 a fault.
      """,
    version: programVersion,
    subcommands: [
      AgentCommand.self, Press.self, Status.self, PeersCommand.self, ExportCommand.self, SendCommand.self,
      ReceiveCommand.self, ConnectCommand.self, DemoLocal.self, Evaluate.self, AdversaryCommand.self, Client.self,
      Session.self, RelayCommand.self, Simulate.self, Convert.self, SensorsCommand.self, DoctorCommand.self,
      Record.self,
      IIODReplayCommand.self,
    ])

  static func main() {
    Terminal.claimDescriptors()
    do {
      var command = try parseAsRoot()
      guard command is AsyncParsableCommand else {
        try command.run()
        endProcess(0)
      }
      Task {
        do {
          // Parsed once more, since a command cannot be handed to a task.
          guard var command = try parseAsRoot() as? AsyncParsableCommand else { endProcess(1) }
          try await command.run()
          endProcess(0)
        } catch {
          end(with: error)
        }
      }
      // The task ends the process. This thread sleeps, rather than end by itself, which on Linux unwinds its stack while
      // others are at work.
      DispatchSemaphore(value: 0).wait()
    } catch {
      end(with: error)
    }
  }
}
