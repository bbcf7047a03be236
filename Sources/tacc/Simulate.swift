import ArgumentParser
import Motion

struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a pair of captures of two simulated boards.",
    discussion: """
      A rigid-body model: a hand's shake with wandering frequencies, each board's rotation, lever arm, gains, noise, \
      clock, quantisation and clipping. The same seed and options give the same captures on every machine.

      EXAMPLES
        tacc simulate --out pair
        tacc simulate --out loose --flex 0.1 --seconds 40
        tacc simulate --out strangers --apart --seed 7

      Exit status: 0 done, 2 bad usage or a directory that cannot be written.
      """)

  @Option(help: ArgumentHelp("Directory to make; gets alice, bob and pair.json.", valueName: "dir"))
  var out: String

  @Option(help: "Seed of everything random.")
  var seed: UInt64 = 1

  @Option(help: "Length in seconds, rest included.")
  var seconds = 24.0

  @Option(help: "Rest before the shake, seconds.")
  var rest = 2.0

  @Option(help: "Rate of both boards, Hz.")
  var rate = 200.0

  @Option(help: "Bob's rate where it differs, Hz.")
  var rateBob: Double?

  @Option(help: "Distance between the two sensors, metres.")
  var leverArm = 0.05

  @Option(help: "Share of independent motion: 0 rigid, 0.1 loosely held.")
  var flex = 0.0

  @Option(help: "Strength of the shake; 1 is a hearty one.")
  var intensity = 1.0

  @Option(help: "Range of the accelerometers, ± g.")
  var accelRange = 16.0

  @Option(help: "Range of the gyroscopes, ± °/s.")
  var gyroRange = 2000.0

  @Option(help: "Seconds of scans that Bob's sensor loses in the middle.")
  var gap = 0.0

  @Flag(help: "No gyroscopes.")
  var accelOnly = false

  @Flag(help: "How the boards relate: in one hand, in two hands, or Bob imitating Alice.")
  var relation: Relation = .together

  enum Relation: String, EnumerableFlag { case together, apart, mimic }

  func run() throws {
    var parameters = SimulatorParameters(seed: seed, seconds: seconds, restBefore: rest)
    parameters.rateAlice = rate
    parameters.rateBob = rateBob ?? rate
    parameters.leverArm = leverArm
    parameters.flex = flex
    parameters.intensity = intensity
    parameters.accelerationRange = accelRange
    parameters.angularVelocityRange = gyroRange
    parameters.gap = gap
    parameters.accelerometerOnly = accelOnly
    switch relation {
    case .together: parameters.relation = .together
    case .apart: parameters.relation = .apart
    case .mimic: parameters.relation = .mimic
    }
    do {
      try Simulator.simulate(parameters).pair.write(to: out)
    } catch let error as SimulatorError {
      throw ExitStatus.badInput(error.text(calling: option(of: error.parameter)))
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
    Terminal.progress("wrote \(out)/alice, \(out)/bob and \(out)/pair.json\(Terminal.isInteractive ? "\n" : "")")
  }

  /// What the user typed for a parameter of the simulator.
  private func option(of parameter: String) -> String {
    switch parameter {
    case "rateAlice": "--rate"
    case "rateBob": rateBob == nil ? "--rate" : "--rate-bob"
    case "leverArm": "--lever-arm"
    case "restBefore", "restBefore + restAfter": "--rest"
    case "accelerationRange": "--accel-range"
    case "angularVelocityRange": "--gyro-range"
    case "seconds", "flex", "intensity", "gap": "--\(parameter)"
    default: parameter
    }
  }
}
