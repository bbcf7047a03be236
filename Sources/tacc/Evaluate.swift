import Console
import ArgumentParser
import Foundation
import Motion
import Pairing
import SecureChannel

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pair recordings, one or many or simulated ones, in one process, and show every figure.",
    usage: """
      tacc evaluate <pair> [<options>]
      tacc evaluate --alice <capture> --bob <capture> [<options>]
      tacc evaluate --all <dir> ... [<options>]
      tacc evaluate --simulate <class> ... [<options>]
      """,
    discussion: """
      Runs the two sides of the protocol over two recorded captures, as two boards would, on the recordings' own time. \
      A recording that begins in motion is taken to begin with its first scan (onset: assumed).

      With --all every directory with a pair.json below DIR is such a pair, and with --simulate every seed makes one. \
      Accepted pairs that were not moved together are listed first, then all pairs, then a summary per class. A class is \
      the directory and the name without its number: sim/rigid-1 is of class sim/rigid.

      \(columns)

      \(HelpText.table("PROFILES", [
        ("guard", "Innovations between guarded thresholds; what boards use unless told otherwise."),
        ("offset", "Low-passed values on a lattice; the reference publishes where inside its cell each lies. About twice as "
          + "fast. Whether what is published helps a camera is for the measurements to say: boards permit it only "
          + "where their configuration names it."),
      ]))

      \(SimulatedClass.list)

      EXAMPLES:
        tacc evaluate pair
        tacc evaluate --alice rigid-1/alice --bob rigid-1/bob --json
        tacc evaluate --all captures --both-ways
        tacc evaluate --simulate impostor mimic replay --count 500 --summary

      \(HelpText.exitStatus([
        0: "One pair: paired. Many: all could be tried, whether they paired or not.",
        1: "A fault. Many: or a pair that was not moved together was accepted.",
        2: "Bad usage or input. Of many, the other pairs are tried all the same.",
        3: "One pair: aborted, for a reason that is printed.",
      ]))

      \(HelpText.environment(.noColor))
      """)

  private static var columns: String {
    HelpText.table(
      "COLUMNS",
      [
        (
          "shake s",
          "The reference's shake from its onset to the last second used, with the preamble. The machines stop at the first "
            + "whole second where the public counts of kept bits satisfy the stopping rule; only then are errors and "
            + "entropy looked at, once. What fails there has failed: no other stretch is tried. In the median and "
            + "the 95 % (nearest rank) a failure is later than any success, and \"-\" where the rank falls on one; "
            + "max is of those that paired."
        ),
        (
          "stop s",
          "When the reference needed no more samples: a second's mask is opened only after the next one is committed, so a "
            + "hand shakes about a second longer than what is used."
        ),
        ("error %", "Bits kept by both that differed before correction."),
        ("kept", "Bits kept by both (n)."),
        ("usable", "What the clamp leaves; beside a key only where the cap binds."),
        ("bound", "The least of the clamp's terms."),
        ("trips", "Messages that waited for the other side, in all."),
        ("ms", "From the last sample to the end, both sides; other jobs disturb it."),
      ])
  }

  @Argument(help: ArgumentHelp("Directory of one pair, with alice and bob.", valueName: "pair"))
  var pair: String?

  @Option(help: ArgumentHelp("Alice's recording: a capture directory or a samples.json.", valueName: "capture"))
  var alice: String?

  @Option(help: ArgumentHelp("Bob's recording.", valueName: "capture"))
  var bob: String?

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Every pair below these directories.", valueName: "dir"))
  var all: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Simulated pairs of these classes, made in memory.", valueName: "class"))
  var simulate: [SimulatedClass] = []

  @Option(help: ArgumentHelp("Simulated pairs per class.", valueName: "pairs"))
  var count = 100

  @Option(help: "Seed of the first simulated pair; the next ones count up.")
  var seed: UInt64 = 1

  @Option(help: "Pairs tried at the same time with --all and --simulate. (default: the number of cores)")
  var jobs: Int?

  @Flag(help: "Let Alice and Bob change places.")
  var swap = false

  @Flag(help: "With --all and --simulate: try each pair both ways, and list the pairs where the verdicts differ.")
  var bothWays = false

  @Flag(help: "With --all and --simulate: leave out the list of all pairs.")
  var summary = false

  @OptionGroup var bits: ProfileOptions
  @OptionGroup var key: KeyOptions
  @OptionGroup var output: OutputOptions

  private var isOfMany: Bool { !all.isEmpty || !simulate.isEmpty }

  func validate() throws {
    let kinds = [pair != nil, alice != nil || bob != nil, !all.isEmpty, !simulate.isEmpty].filter { $0 }.count
    guard kinds == 1, (alice == nil) == (bob == nil) else {
      throw ValidationError("give one of: a pair, --alice and --bob, --all, --simulate")
    }
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is \(count); give 1 to 1000000") }
    guard seed <= UInt64.max - 1_000_000 else { throw ValidationError("--seed is \(seed); give less than 2^64 − 10^6") }
    guard jobs.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("give 1 to 256 --jobs") }
    guard isOfMany || !(bothWays || summary || jobs != nil) else {
      throw ValidationError("--both-ways, --summary and --jobs go with --all or --simulate")
    }
    guard !(swap && bothWays) else { throw ValidationError("--both-ways includes what --swap does") }
  }

  func run() throws {
    guard isOfMany else { return try runOne() }
    var trials: [Trial]
    do {
      trials = try Trial.found(in: all)
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
    guard all.isEmpty || !trials.isEmpty else {
      throw ExitStatus.badInput(
        "no pair below \(all.joined(separator: ", ")); a pair is a directory with alice, bob and pair.json")
    }
    trials += Trial.simulated(simulate, seeds: seed..<seed + UInt64(count))
    if bothWays { trials += trials.map(\.swapped) } else if swap { trials = trials.map(\.swapped) }
    let bar = ProgressBar(total: trials.count)
    let runner = TrialRunner(
      jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount, profile: bits.profile, margin: key.margin)
    let results = runner.run(trials) { bar.advance() }
    bar.clear()
    let report = EvaluationReport(results, profile: bits.profile, margin: key.margin)
    try Terminal.output(
      output.json ? report.json() : EvaluationTable(isColoured: Terminal.isColoured).text(report, listsPairs: !summary))
    if let status = report.exitStatus { throw status }
  }

  private func runOne() throws {
    var recordings: (alice: Recording, bob: Recording)
    if let pair {
      do {
        let both = try CapturePair.read(directory: pair)
        recordings = (both.alice.recording, both.bob.recording)
      } catch {
        throw ExitStatus.badInput("\(error)")
      }
    } else {
      recordings = (try loadCapture(alice ?? "").recording, try loadCapture(bob ?? "").recording)
    }
    if swap { recordings = (recordings.bob, recordings.alice) }
    var pairing = LocalPairing(alice: recordings.alice, bob: recordings.bob, stopwatch: Stopwatch.now)
    pairing.profile = bits.profile
    pairing.margin = key.margin
    try report(pairing, output)
  }
}

extension SimulatedClass: ExpressibleByArgument {
  /// All classes with what they have in common and what sets them apart.
  static var list: String {
    HelpText.table("CLASSES", allCases.map { ($0.rawValue, $0.summary) }) + """


      All: two MPU-6050 with noise, gain, bias and clock errors, 2 s at rest, ±16 g and ±2000 °/s unless said \
      otherwise, a shake of strength 0.7 to 1.3.
      """
  }
}

/// Runs a pairing in this process, prints its result and ends accordingly.
func report(_ pairing: LocalPairing, _ output: OutputOptions) throws {
  let outcome: LocalPairing.Outcome
  do {
    outcome = try pairing.run { role, progress in
      if role == .alice, Terminal.isInteractive { Terminal.progress("\(progress)") }
    }
  } catch {
    throw ExitStatus.fault("\(error)")
  }
  Terminal.clearLine()
  let (end, report) = outcome.telling
  let ending = end.result
  let result = PairingResult(
    ending, report: report, processing: outcome.processingSeconds, errors: outcome.errors,
    rawErrorRate: outcome.rawErrorRate)
  try Terminal.output(output.json ? try result.json() : result.text())
  if case .failure(let reason) = ending { throw reason.isFault ? ExitStatus.fault("") : ExitStatus.aborted }
}

extension LocalPairing.Ending {
  /// The same as a result.
  var result: Result<PairedSession, AbortReason> {
    switch self {
    case .paired(let session): .success(session)
    case .aborted(let reason): .failure(reason)
    }
  }
}

/// Reads a recording or ends with status 2.
func loadCapture(_ path: String) throws -> Capture {
  do { return try CaptureFormat.load(path: path) } catch { throw ExitStatus.badInput("\(error)") }
}

/// A monotonic clock.
enum Stopwatch {
  private static let start = ContinuousClock.now

  /// Now, since the program began to measure.
  @Sendable static func now() -> PairingInstant {
    let elapsed = (ContinuousClock.now - start).components
    return PairingInstant(nanoseconds: elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000)
  }
}

struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object instead of text.")
  var json = false
}

struct ProfileOptions: ParsableArguments {
  @Option(
    name: .customLong("profile"),
    help: ArgumentHelp("How values become bits, see `tacc evaluate --help`.", valueName: "profile"))
  var name = ProfileName.guard

  var profile: QuantiserProfile { name.profile }
}

/// What profiles are called on the command line.
enum ProfileName: String, ExpressibleByArgument, CaseIterable {
  case `guard`, offset

  var profile: QuantiserProfile {
    switch self {
    case .guard: .guard
    case .offset: .offset
    }
  }
}

struct KeyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Security margin, 128 to 8192; below 512 every report says so.", valueName: "bits"))
  var margin = 512

  func validate() throws {
    guard (128...8192).contains(margin) else {
      throw ValidationError("--margin is \(margin); give 128 to 8192 bits (512 is the default)")
    }
  }
}
