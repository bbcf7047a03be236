import Console
import Adversary
import ArgumentParser
import Foundation
import Motion

struct AdversaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adversary",
    abstract: "Attack pairs, recorded or simulated, and judge whether what is credited is left.",
    usage: """
      tacc adversary --all <dir> ... [<options>]
      tacc adversary --simulate <class> ... [<options>]
      """,
    discussion: """
      Pairs every pair in one process, as evaluate does, and attacks the bits of those that came to bits. An attack is \
      given all that is public (preambles, plan, both masks of all seconds, in the profile offset the reference's \
      positions and the other board's verdicts), what it learnt from other pairs, and, as no attacker is, all of the \
      reference's true values before the one it guesses and the weights and gains of its predictors as they were. It gives every kept symbol a probability.

      \(attacks)

      A recording that fits like a sensor on the same body (R² 0.9) is no imitation, and is left out.

      \(columns)

      The bits are attacked before hashing, in the open: this command is for recordings that are no secret.

      EXAMPLES:
        tacc adversary --simulate rigid loose --count 20
        tacc adversary --all captures --json
        tacc adversary --simulate rigid --profile offset
        tacc adversary --all captures --other same-people --camera-cutoff 5 10
        tacc adversary --simulate rigid --camera-correlation 0.95 --summary

      \(HelpText.exitStatus([
        0: "Every attack leaves at least what is credited.",
        1: "One leaves less, or a fault.",
        2: "Bad usage, or a pair that cannot be read; the others are attacked all the same.",
        3: "No pair came to bits, so nothing was judged.",
      ]))

      \(HelpText.environment(.noColor))
      """)

  private static var attacks: String {
    HelpText.table(
      "ATTACKS",
      [
        ("uniform", "Knows nothing: what this measure says of perfect bits."),
        ("majority", "Each channel's commonest symbol, in hindsight."),
        (
          "table",
          "What followed the last kept symbols of the same and of other channels, both masks three steps to either "
            + "side, and the position in the cell where that is published."
        ),
        (
          "linear",
          "Ridge least squares over all channels' last 12 steps of low-passed motion, learnt from other pairs only."
        ),
        (
          "linear, adaptive",
          "The same that goes on learning from the attacked pair: the preamble first, then every value once it is "
            + "past."
        ),
        (
          "perceptron",
          "Corrects that by one hidden layer over symbols' probabilities, earlier values and their sizes, and masks."
        ),
        ("camera F Hz", "The adaptive one that also sees all motion below F Hz, before and after the moment."),
        (
          "imitation",
          "The adaptive one with a recording of somebody who imitates the motion (simulated: an imitator as in class "
            + "mimic; recorded: whichever other pair comes nearest), aligned over all shifts in time and 3×3 maps "
            + "with the truth in hand."
        ),
        (
          "other recording",
          "The same with another shake of the same person (simulated: as in class replay; recorded: those of --other)."
        ),
      ])
  }

  private static var columns: String {
    HelpText.table(
      "COLUMNS",
      [
        ("symbol, bit %", "Symbols and bits guessed right; a bit with those before it known."),
        ("H", "Cross-entropy in bits per kept bit."),
        ("Hmin", "−log2 of the upper 99 % confidence limit of the bits' hit rate."),
        ("guess", "log2 of the chance that one guess of all symbols is right."),
        ("left", "n times the lesser of H and Hmin, less the parities disclosed."),
        (
          "credited",
          "n times the least of the pairing's own bounds (0.2 at most), less the same parities; the margin comes off "
            + "after that."
        ),
        ("slack", "(left − credited) / n, bits per kept bit; the worst first."),
        ("holds", "Whether credited ≤ left."),
      ])
  }

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Every pair below these directories; each is attacked with what the others taught.", valueName: "dir"))
  var all: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Simulated pairs of these classes, as of tacc evaluate.", valueName: "class"))
  var simulate: [SimulatedClass] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "With --all: pairs whose recordings are of the same people as the attacked ones.", valueName: "dir"))
  var other: [String] = []

  @Option(help: ArgumentHelp("Simulated pairs per class.", valueName: "pairs"))
  var count = 20

  @Option(help: "Seed of the first simulated pair, of the perceptron and of the cameras' noise.")
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "Other pairs that an attack learns from: of --all the nearest in kind, else simulated ones beside --count.",
      valueName: "pairs"))
  var training = 8

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("The cut-offs below which cameras see.", valueName: "Hz"))
  var cameraCutoff: [Double] = [3, 5, 8]

  @Option(
    help: ArgumentHelp(
      "Correlation of what a camera sees with the motion below its cut-off, 0.1 to 1.", valueName: "r"))
  var cameraCorrelation = 1.0

  @Option(help: ArgumentHelp("How late a camera's picture remains after alignment.", valueName: "ms"))
  var cameraDelay = 0.0

  @Option(help: "Pairs attacked at the same time. (default: the number of cores)")
  var jobs: Int?

  @Flag(help: "Leave out the list of all pairs and attacks; those that do not hold are listed in any case.")
  var summary = false

  @OptionGroup var bits: ProfileOptions
  @OptionGroup var key: KeyOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard all.isEmpty != simulate.isEmpty else { throw ValidationError("give one of: --all, --simulate") }
    guard other.isEmpty || !all.isEmpty else { throw ValidationError("--other goes with --all") }
    guard (1...100_000).contains(count) else { throw ValidationError("--count is \(count); give 1 to 100000") }
    guard (0...1000).contains(training) else { throw ValidationError("--training is \(training); give 0 to 1000") }
    guard seed <= UInt64.max - 2_000_000 else {
      throw ValidationError("--seed is \(seed); give less than 2^64 − 2·10^6")
    }
    guard jobs.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("give 1 to 256 --jobs") }
    guard cameraCutoff.allSatisfy({ (0.1...1000).contains($0) }) else {
      throw ValidationError("--camera-cutoff: give 0.1 to 1000 Hz")
    }
    guard (0.1...1).contains(cameraCorrelation) else {
      throw ValidationError("--camera-correlation is \(cameraCorrelation); give 0.1 to 1")
    }
    guard (-1000.0...1000).contains(cameraDelay) else {
      throw ValidationError("--camera-delay is \(cameraDelay); give −1000 to 1000 ms")
    }
  }

  func run() throws {
    var settings = AdversaryBench.Settings()
    settings.seed = seed
    settings.cameras = cameraCutoff.map {
      CameraModel(cutoff: $0, correlation: cameraCorrelation, delay: cameraDelay / 1000)
    }
    let siege = Siege(
      bench: AdversaryBench(settings), jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount,
      profile: bits.profile, margin: key.margin, training: training)
    let report: AdversaryReport
    do {
      report =
        simulate.isEmpty
        ? try siege.attack(recordedIn: all, others: other)
        : siege.attack(simulated: simulate, seeds: seed..<seed + UInt64(count))
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
    guard simulate.isEmpty == false || !report.isEmpty else {
      throw ExitStatus.badInput(
        "no pair below \(all.joined(separator: ", ")); a pair is a directory with alice, bob and pair.json")
    }
    try Terminal.output(
      output.json ? report.json() : AdversaryTable(isColoured: Terminal.isColoured).text(report, listsAll: !summary))
    if let status = report.exitStatus { throw status }
  }
}
