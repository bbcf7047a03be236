import Console
import ArgumentParser
import Courier
import Foundation
import Peers
import SecureChannel

struct SendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send a file to a board that this one was paired with.",
    usage: "tacc send <file> <peer> [<options>]",
    discussion: """
      The other board runs `tacc receive`. Both meet in a room of the relay that only they can find, and the relay sees \
      nothing but ciphertext. After a broken connection, or a relay that was started anew, both go on where they were; \
      after one of the two programs was ended, the next run goes on with what the other board has.

      EXAMPLES:
        sudo tacc send log.tar kitchen
        sudo tacc send log.tar kitchen --relay wss://relay.example --wait 0

      \(HelpText.exitStatus([
        0: "The other board has the file on its disk.",
        1: "A fault of the network or of this program.",
        2: "Bad usage, no such file, or no such peer.",
        3: "The other board did not come, did not come back, or did not take it.",
      ]))

      \(HelpText.environment(.agentKeys, .stateDirectory, .proxies))
      """)

  @Argument(help: "The file to send.")
  var file: String

  @Argument(help: PeersCommand.peerHelp)
  var peer: String

  @OptionGroup var meeting: MeetingOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let store = try meeting.state.store()
    let record = try onPeers { () throws(PeerError) in try store.find(peer) }
    let keys = try meeting.keys()
    let acquaintance = try meeting.acquaintance(record, keys, .send)
    do { try Lifeline.check(file) } catch { throw ExitStatus.badInput("\(error)") }
    let meter = FileMeter()
    let sent: CrossedFile
    do {
      sent = try await withInterrupts {
        while true {
          let lifeline = try meeting.lifeline(to: [record], [acquaintance])
          do {
            _ = try await lifeline.open(waiting: meeting.waitingTime)
            let sent = try await lifeline.send(file) { meter.show($0) }
            await lifeline.leave(within: .seconds(5))
            return sent
          } catch let error as CourierError where error.saysRestarted {
            Terminal.note("\(record.shownName) began anew; beginning anew too")
          } catch {
            await lifeline.abandon(error is CancellationError ? "interrupted" : "the sender gave up")
            throw error
          }
        }
      }
    } catch is CancellationError {
      meter.clear()
      throw ExitStatus(code: 3, message: "interrupted; the next `tacc send` goes on with what \(record.shownName) has")
    } catch {
      meter.clear()
      throw meeting.status(for: error, peers: [record], command: "tacc receive")
    }
    meter.clear()
    let report = CrossedReport(sent, peer: record)
    try Terminal.output(
      output.json
        ? PeerReport.json(report)
        : "sent \(report.bytes) bytes to \(report.peer), there as \(report.name)\nBLAKE2b-256 \(report.blake2b)")
  }
}

/// What is told of a file that crossed.
struct CrossedReport: Encodable {
  var name: String
  var bytes: UInt64
  var blake2b: String
  var peer: String
  var fingerprint: String

  init(_ file: CrossedFile, peer: PeerRecord) {
    name = file.name
    bytes = file.size
    blake2b = Hexadecimal.text(file.hash)
    self.peer = peer.shownName.text
    fingerprint = peer.identity.fingerprint
  }
}
