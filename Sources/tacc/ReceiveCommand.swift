import Console
import ArgumentParser
import Courier
import Foundation
import Peers
import SecureChannel
import Transfer

struct ReceiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Receive a file from a board that this one was paired with.",
    usage: "tacc receive [<peer>] [<options>]",
    discussion: """
      The other board runs `tacc send`. The file gets its name when it is whole, on the disk, and has proved to be what was \
      sent; until then it has a hidden one that ends in .part, with which another `tacc receive` goes on. Nothing is \
      overwritten: where the name is taken it becomes "name (1)".

      EXAMPLES:
        sudo tacc receive --into /srv/incoming
        sudo tacc receive kitchen --wait 0 --keep-on

      \(HelpText.exitStatus([
        0: "The file is there.",
        1: "A fault of the network or of this program.",
        2: "Bad usage, no such peer, or a file that cannot be written.",
        3: "Nobody came, or the other board gave up.",
      ]))

      \(HelpText.environment(.agentKeys, .stateDirectory, .proxies))
      """)

  @Argument(
    help: "The peer: its name, its fingerprint, or the first digits of that. (default: whichever comes)")
  var peer: String?

  @Option(help: ArgumentHelp("The directory in which the file is put.", valueName: "dir"))
  var into = "."

  @Flag(help: "Refuse a file whose name is taken, instead of giving it another.")
  var refuseTaken = false

  @Flag(help: "Wait for the next file after each, until this is ended.")
  var keepOn = false

  @OptionGroup var meeting: MeetingOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let store = try meeting.state.store()
    let records = try onPeers { () throws(PeerError) in
      if let peer { [try store.find(peer)] } else { try store.list().peers }
    }
    guard !records.isEmpty else { throw ExitStatus.badInput("no peers in \(store.directory): pair this board first") }
    let keys = try meeting.keys()
    let known = peer == nil ? records.filter { $0.ownIdentity == keys.publicIdentity } : records
    let acquaintances = try known.map { try meeting.acquaintance($0, keys, .receive) }
    guard !acquaintances.isEmpty else {
      throw ExitStatus.badInput("all peers were paired when this board had other keys; pair again")
    }
    var status = stat()
    guard stat(into, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(into, W_OK | X_OK) == 0 else {
      throw ExitStatus.badInput("--into: \(into) is no directory that this user may write to")
    }
    let meter = FileMeter()
    do {
      // All of it: between two files a signal counts too.
      try await withInterrupts {
        repeat {
          let (file, record) = try await receive(known, acquaintances, meter)
          meter.clear()
          let report = CrossedReport(file, peer: record)
          try Terminal.output(
            output.json
              ? PeerReport.json(report)
              : "received \(report.name), \(report.bytes) bytes, from \(report.peer)\nBLAKE2b-256 \(report.blake2b)")
        } while keepOn
      }
    } catch is CancellationError {
      meter.clear()
      throw ExitStatus(code: 3, message: "interrupted; the next `tacc receive` goes on with what is there")
    } catch {
      meter.clear()
      throw meeting.status(for: error, peers: known, command: "tacc send")
    }
  }

  private func receive(
    _ records: [PeerRecord], _ acquaintances: [Acquaintance], _ meter: FileMeter
  ) async throws -> (CrossedFile, PeerRecord) {
    var indices = Array(records.indices)
    while true {
      let lifeline = try meeting.lifeline(to: indices.map { records[$0] }, indices.map { acquaintances[$0] })
      do {
        let index = indices[try await lifeline.open(waiting: meeting.waitingTime)]
        // Should it begin anew, it is this one that is waited for.
        indices = [index]
        let file = try await lifeline.receive(
          into: into, from: records[index].identity.encoded, takesAlternative: !refuseTaken
        ) { meter.show($0) }
        // It is there; whether the sender has heard so is for the sender to find out.
        await lifeline.leave(within: .seconds(10))
        return (file, records[index])
      } catch let error as CourierError where error.saysRestarted {
        Terminal.note("\(records[indices[0]].shownName) began anew; beginning anew too")
      } catch {
        await lifeline.abandon(error is CancellationError ? "interrupted" : "the receiver gave up")
        throw error
      }
    }
  }
}
