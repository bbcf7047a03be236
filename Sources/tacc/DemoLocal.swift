import Console
import ArgumentParser
import Motion
import Pairing

struct DemoLocal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo-local",
    abstract: "Show the whole pairing on simulated boards, with errors injected at will.",
    usage: "tacc demo-local [<options>]",
    discussion: """
      Simulates two boards in one hand, runs both sides of the protocol in this process and shows raw and kept error \
      rates, error correction with its backtracking, the ledger of disclosures, the entropy clamp as a sum, the key's \
      fingerprint and the SAS.

      --ber adds noise to Bob's values until that share of the raw decisions is wrong. The values near a threshold flip \
      first, the far ones not at all, so that erasures can remove the doubtful ones and a key remains, from a longer \
      and more erratic shake. With --uniform the kept bits themselves are flipped, each with the same chance: correcting them would disclose more than they hold, \
      and the pairing aborts.

      EXAMPLES:
        tacc demo-local
        tacc demo-local --ber 0.15 --seed 7
        tacc demo-local --uniform --ber 0.15        aborts, status 3

      \(HelpText.exitStatus([
        0: "Paired.", 1: "A fault of this program.", 2: "Bad usage.", 3: "Aborted, for a reason that is printed.",
      ]))
      """,
    aliases: ["demo_local"])

  @Option(
    help: ArgumentHelp(
      "Share of raw decisions (with --uniform: of kept bits) to make wrong, 0 to 0.4.", valueName: "share"))
  var ber = 0.0

  @Flag(help: "Flip kept bits uniformly, which no honest accounting survives.")
  var uniform = false

  @Option(help: "Seed of motion and errors.")
  var seed: UInt64 = 1

  @OptionGroup var bits: ProfileOptions
  @OptionGroup var key: KeyOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard ber >= 0, ber <= 0.4 else { throw ValidationError("--ber is \(ber); give a share of 0 to 0.4") }
    guard ber == 0 || uniform || bits.profile == .guard else {
      throw ValidationError("--ber without --uniform is for thresholds, that is --profile guard")
    }
  }

  func run() throws {
    // Doubtful decisions are erased: the noisier the channel, the longer the shake it takes. With one bit per value, a
    // regular shake does not pass the autocorrelation gate: the hand must be erratic.
    var parameters = SimulatorParameters(seed: seed)
    parameters.seconds = uniform ? 30 : 60 + 1200 * ber
    if ber > 0, !uniform {
      parameters.irregularity = 1
      // Nothing follows the drift of the clocks yet, and minutes of shaking would feel it.
      parameters.clockDrift = 0
    }
    let pair: SimulatedPair
    do { pair = try Simulator.simulate(parameters) } catch { throw ExitStatus.fault("\(error)") }
    var pairing = LocalPairing(
      alice: pair.alice.recording, bob: pair.bob.recording, stopwatch: Stopwatch.now)
    pairing.profile = bits.profile
    pairing.margin = key.margin
    if ber > 0 {
      pairing.rehearsal = Rehearsal(kind: uniform ? .uniform : .nearThresholds, errorRate: ber, seed: seed)
    }
    try report(pairing, output)
  }
}
