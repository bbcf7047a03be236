import Console
import Agent
import ArgumentParser
import Foundation
import Pairing
import RelayLink
import Sensors

struct Client: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pair with another board through a relay, playing a recording.",
    usage: """
      tacc client --role <role> --session <code> --samples <capture>
        [<options>]
      """,
    discussion: """
      Two of these, one as alice and one as bob, in the same session, pair. `tacc session` makes a session.

      EXAMPLES:
        tacc relay --port 8000                                  in one terminal
        tacc simulate --out pair && tacc session                in another
        tacc client --role alice --session ABCD2345 --samples pair/alice
        tacc client --role bob   --session ABCD2345 --samples pair/bob

      \(HelpText.exitStatus([
        0: "Paired.",
        1: "A fault of the network or of this program.",
        2: "Bad usage or input; an unknown session, too.",
        3: "Aborted, for a reason that is printed.",
      ]))

      \(HelpText.environment(.proxies, .allowDumps))
      """)

  @Option(help: "Which side this is; the other one takes the other.")
  var role: PairingRole

  @Option(help: ArgumentHelp("The session's code.", valueName: "code"))
  var session: String

  @Option(help: ArgumentHelp("The recording: a capture directory or a samples.json.", valueName: "capture"))
  var samples: String

  @Option(help: ArgumentHelp("The relay: http://, https://, ws:// or wss://.", valueName: "url"))
  var url = "ws://localhost:8000"

  @Flag(help: "Play the recording at the speed it was made; otherwise as fast as it is used.")
  var realTime = false

  @Flag(help: "Accept a recording that begins in motion: take its first scan as the onset.")
  var assumeOnset = false

  @Option(help: ArgumentHelp("How long to wait for the other side, 1 to 3600.", valueName: "seconds"))
  var wait = 60.0

  @Option(help: ArgumentHelp("Trust the certificates in this PEM file instead of the system's.", valueName: "file"))
  var caFile: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Permitted profiles, one or both; offset is used where both sides permit it.",
      valueName: "profile"))
  var profile: [ProfileName] = [.guard]

  @OptionGroup var key: KeyOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard wait > 0, wait <= 3600 else { throw ValidationError("--wait is \(wait); give 1 to 3600 seconds") }
  }

  func run() async throws {
    for complaint in ProcessHardening.apply(environment: ProcessInfo.processInfo.environment) {
      Terminal.note(complaint)
    }
    let capture = try loadCapture(samples)
    let endpoint: RelayEndpoint
    do { endpoint = try RelayEndpoint(url) } catch { throw ExitStatus.badInput("--url: \(error)") }
    var pairing = RelayPairing(
      endpoint: endpoint, sessionCode: session, role: role,
      replay: ReplaySource(recording: capture.recording, pace: realTime ? .realTime : .fast),
      assumesOnset: assumeOnset)
    pairing.profiles = Array(Set(profile.map(\.profile)))
    pairing.margin = key.margin
    pairing.peerTimeout = wait
    pairing.linkOptions.caFile = caFile
    let outcome: RelayPairing.Outcome
    do {
      let prepared = pairing
      outcome = try await withInterrupts { try await prepared.run { Terminal.progress("\(role): \($0)") } }
    } catch let error as RelayLinkError {
      throw error.isUserError ? ExitStatus.badInput("\(error)") : ExitStatus.fault("\(error)")
    } catch let reason as AbortReason {
      throw ExitStatus.fault("\(reason)")
    }
    Terminal.clearLine()
    let result = PairingResult(outcome.result, report: outcome.report, processing: outcome.processingSeconds)
    try Terminal.output(output.json ? try result.json() : result.text())
    if case .failure(let reason) = outcome.result { throw reason.isFault ? ExitStatus.fault("") : ExitStatus.aborted }
  }
}

extension PairingRole: ExpressibleByArgument {}

extension RelayLinkError {
  /// Whether the user gave something wrong, rather than the network failing.
  var isUserError: Bool {
    switch self {
    case .invalidEndpoint, .invalidSessionCode, .invalidOptions, .unknownSession, .roleRefused, .invalidRoom: true
    default: false
    }
  }
}

/// Runs `body` as a task that SIGINT and SIGTERM cancel, or those signals that are given.
func withInterrupts<Value: Sendable>(
  _ signals: [Int32] = [SIGINT, SIGTERM], _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let task = Task { try await body() }
  let sources = signals.map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { task.cancel() }
    source.resume()
    return source
  }
  defer { for source in sources { source.cancel() } }
  return try await task.value
}
