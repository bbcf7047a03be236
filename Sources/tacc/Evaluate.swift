import ArgumentParser
import Motion
import Pairing
import SecureChannel

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pair two recordings in one process and show every figure.",
    discussion: """
      Runs the two sides of the protocol over two recorded captures, as two boards would, on the recordings' own time. \
      A recording that begins in motion is taken to begin with its first scan (onset: assumed).

      EXAMPLE
        tacc evaluate --alice captures/rigid-1/alice --bob captures/rigid-1/bob --json

      Exit status: 0 paired, 3 aborted for a reason that is printed, 2 bad usage or input, 1 a fault.
      """)

  @Option(help: ArgumentHelp("Alice's recording: a capture directory or a samples.json.", valueName: "capture"))
  var alice: String

  @Option(help: ArgumentHelp("Bob's recording.", valueName: "capture"))
  var bob: String

  @OptionGroup var key: KeyOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let a = try loadCapture(alice)
    let b = try loadCapture(bob)
    var pairing = LocalPairing(alice: a.recording, bob: b.recording, stopwatch: Stopwatch.now)
    pairing.margin = key.margin
    try report(pairing, output)
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
  // Bob's report has Cascade's figures; where one side only says that the other aborted, the other's reason counts.
  var ending = outcome.bob.result
  var report = outcome.bobReport
  if case .failure(.peerAborted) = ending {
    ending = outcome.alice.result
    report = outcome.aliceReport
  }
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

struct KeyOptions: ParsableArguments {
  @Option(help: "Security margin in bits, 128 to 8192; below 512 every report says so.")
  var margin = 512

  func validate() throws {
    guard (128...8192).contains(margin) else {
      throw ValidationError("--margin is \(margin); give 128 to 8192 bits (512 is the default)")
    }
  }
}
