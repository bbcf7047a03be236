import ArgumentParser
import Console
import Dispatch

#if !WITHOUT_RELAY
  import RelayProgram
#endif

/// The one executable.
@main
struct Tacc: ParsableCommand {
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
    version: programVersion,
    groupedSubcommands: [
      CommandGroup(
        name: "Board",
        subcommands: [AgentCommand.self, Press.self, Status.self, DoctorCommand.self, SensorsCommand.self]),
      CommandGroup(
        name: "Peer",
        subcommands: [
          PeersCommand.self, ExportCommand.self, SendCommand.self, ReceiveCommand.self, ConnectCommand.self,
        ]),
      CommandGroup(name: "Relay", subcommands: relays + [Session.self, Client.self]),
      CommandGroup(
        name: "Recording",
        subcommands: [Record.self, Convert.self] + replays + [Simulate.self]),
      CommandGroup(name: "Measuring", subcommands: [DemoLocal.self, Evaluate.self, AdversaryCommand.self]),
    ])

  #if WITHOUT_RELAY
    private static let relays: [any ParsableCommand.Type] = []
    private static let replays: [any ParsableCommand.Type] = []
  #else
    private static let relays: [any ParsableCommand.Type] = [RelayCommand.self]
    private static let replays: [any ParsableCommand.Type] = [IIODReplayCommand.self]
  #endif

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
      dispatchMain()
    } catch {
      end(with: error)
    }
  }
}
