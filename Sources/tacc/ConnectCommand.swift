import Console
import ArgumentParser
import Courier
import Foundation
import Peers
import Transfer

struct ConnectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connect",
    abstract: "Join standard input and output, or a command's, to those of a paired board.",
    usage: "tacc connect <peer> [<options>]",
    discussion: """
      Both boards run this; it goes on over broken connections and relays that are started anew. Either side may end its \
      half: the other still says what it has to say. With --exec a shell command is at this end instead of standard input \
      and output; when it has ended and the other board has all of its output, so does this.

      EXAMPLES:
        sudo tacc connect kitchen < question > answer
      With ssh from laptop to kitchen: the first of these on kitchen, the other on laptop.
        sudo tacc connect laptop --exec 'nc 127.0.0.1 22' --keep-on --wait 0
        ssh -o ProxyCommand='sudo tacc connect kitchen --quiet' user@kitchen

      \(HelpText.exitStatus([
        0: "Both directions came to their ends. With --exec: the command's own status, once it runs.",
        1: "A fault of the network or of this program, or nobody reads the output any longer.",
        2: "Bad usage, or no such peer.",
        3: "The other board did not come, or did not come back.",
      ]))

      \(HelpText.environment(.agentKeys, .stateDirectory, .proxies))
      """)

  @Argument(help: PeersCommand.peerHelp)
  var peer: String

  @Option(help: ArgumentHelp("The command; /bin/sh runs it when the other board is there.", valueName: "command"))
  var exec: String?

  @Flag(help: "With --exec: wait for the next connection after each, until this is ended.")
  var keepOn = false

  @Flag(help: "Say nothing of how it goes.")
  var quiet = false

  @OptionGroup var meeting: MeetingOptions

  func validate() throws {
    guard !keepOn || exec != nil else { throw ValidationError("--keep-on needs --exec: there is one standard input") }
  }

  func run() async throws {
    let store = try meeting.state.store()
    let record = try onPeers { () throws(PeerError) in try store.find(peer) }
    let acquaintance = try meeting.acquaintance(record, try meeting.keys(), .connect)
    // Whoever reads the output may go at any time; that is an error number, and not the end of this program.
    signal(SIGPIPE, SIG_IGN)
    do {
      // All of it: between two connections a signal counts too.
      try await withInterrupts([SIGINT, SIGTERM, SIGHUP]) {
        repeat {
          switch try await pipe(with: record, acquaintance) {
          case .ended(let status):
            if let status, status != 0, !keepOn { throw ExitStatus(code: status, message: nil) }
          case .outputClosed: throw ExitStatus.fault("nobody reads the output any longer")
          }
        } while keepOn
      }
    } catch is CancellationError {
      throw ExitStatus(code: 3, message: quiet ? nil : "interrupted")
    } catch {
      throw meeting.status(for: error, peers: [record], command: "tacc connect")
    }
  }

  private func pipe(with record: PeerRecord, _ acquaintance: Acquaintance) async throws -> Lifeline.PipeEnd {
    let lifeline = try meeting.lifeline(to: [record], [acquaintance], isQuiet: quiet)
    do {
      _ = try await lifeline.open(waiting: meeting.waitingTime)
      return if let exec {
        try await lifeline.join(command: exec)
      } else {
        try await lifeline.joinStandardStreams()
      }
    } catch {
      await lifeline.abandon(error is CancellationError ? "interrupted" : "it gave up")
      // Another process is at the other side already: for it this is the end of the one before.
      if keepOn, exec != nil, !(error is CancellationError), Self.isEndOfOne(error) {
        if !quiet { Terminal.note("\(error)") }
        return .ended(status: nil)
      }
      throw error
    }
  }

  /// Whether an error ends one connection, and not the wait for others.
  private static func isEndOfOne(_ error: any Error) -> Bool {
    guard let error = error as? CourierError else { return false }
    switch error {
    case .transfer, .lost: return true
    default: return false
    }
  }
}
