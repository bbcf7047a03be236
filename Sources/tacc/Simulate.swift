import Console
import ArgumentParser
import Motion

struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a pair of captures of two simulated boards, or many of one class.",
    usage: "tacc simulate --out <dir> [<options>]",
    discussion: """
      A rigid-body model: a hand's shake with wandering frequencies, each board's rotation, lever arm, gains, noise, \
      clock, quantisation and clipping. The same seed and options give the same captures on every machine. What an earlier \
      run left at the same place is replaced.

      \(SimulatedClass.list)
      Options that are given replace what the class says.

      EXAMPLES:
        tacc simulate --out pair
        tacc simulate --out loose --flex 0.1 --seconds 40
        tacc simulate --out strangers --apart --seed 7
        tacc simulate --out tree --class mimic --count 20 && tacc evaluate --all tree

      \(HelpText.exitStatus([0: "Done.", 2: "Bad usage, or a directory that cannot be written."]))
      """)

  @Option(
    help: ArgumentHelp(
      "The directory to make: alice, bob and pair.json go there, with --count directories with these.",
      valueName: "dir"))
  var out: String

  @Option(name: .customLong("class"), help: ArgumentHelp("The class of pair to begin with.", valueName: "class"))
  var kind: SimulatedClass?

  @Option(
    help: ArgumentHelp(
      "Make so many pairs, 1 to 100000, each in a directory of its own named by class and seed.", valueName: "pairs"))
  var count: Int?

  @Option(help: "Seed of everything random; with --count that of the first pair, the next ones count up.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Length, rest included. (default: 24)", valueName: "seconds"))
  var seconds: Double?

  @Option(help: ArgumentHelp("Rest before the shake. (default: 2)", valueName: "seconds"))
  var rest: Double?

  @Option(help: ArgumentHelp("Scans per second of both boards. (default: 200)", valueName: "Hz"))
  var rate: Double?

  @Option(help: ArgumentHelp("Scans per second of Bob's board, where they differ.", valueName: "Hz"))
  var rateBob: Double?

  @Option(help: ArgumentHelp("Distance between the two sensors. (default: 0.05)", valueName: "metres"))
  var leverArm: Double?

  @Option(
    help: ArgumentHelp(
      "Share of independent motion: 0 is rigid, 0.1 loosely held. (default: 0)", valueName: "share"))
  var flex: Double?

  @Option(help: ArgumentHelp("Strength of the shake; 1 is a hearty one. (default: 1)", valueName: "strength"))
  var intensity: Double?

  @Option(help: ArgumentHelp("Range of the accelerometers, ±. (default: 16)", valueName: "g"))
  var accelRange: Double?

  @Option(help: ArgumentHelp("Range of the gyroscopes, ±. (default: 2000)", valueName: "deg/s"))
  var gyroRange: Double?

  @Option(help: ArgumentHelp("How long Bob's sensor loses scans in the middle. (default: 0)", valueName: "seconds"))
  var gap: Double?

  @Flag(help: "No gyroscopes.")
  var accelOnly = false

  @Flag(help: "In one hand (the default), in two hands, Bob imitating Alice, or Bob with another shake of her hand.")
  var relation: Relation?

  enum Relation: String, EnumerableFlag { case together, apart, mimic, replay }

  func validate() throws {
    guard count.map({ (1...100_000).contains($0) }) ?? true else {
      throw ValidationError("--count is \(count ?? 0); give 1 to 100000")
    }
    guard seed <= UInt64.max - 1_000_000 else { throw ValidationError("--seed is \(seed); give less than 2^64 − 10^6") }
  }

  func run() throws {
    do {
      guard let count else {
        try Simulator.simulate(parameters(seed: seed)).pair.write(to: out)
        let end = Terminal.isInteractive ? "\n" : ""
        Terminal.progress("wrote \(out)/alice, \(out)/bob and \(out)/pair.json\(end)")
        return
      }
      let bar = ProgressBar(total: count)
      let digits = max(3, "\(seed + UInt64(count) - 1)".count)
      for seed in seed..<seed + UInt64(count) {
        let name = Trial.name(kind?.rawValue ?? "pair", seed: seed, digits: digits)
        try Simulator.simulate(parameters(seed: seed)).pair.write(to: "\(out)/\(name)")
        bar.advance()
      }
      bar.clear()
      Terminal.line("wrote \(count) pairs below \(out)")
    } catch let error as SimulatorError {
      throw ExitStatus.badInput(error.text(calling: option(of: error.parameter)))
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
  }

  /// The class's parameters, or the default ones, with what was asked for in their place.
  func parameters(seed: UInt64) -> SimulatorParameters {
    var parameters = kind?.parameters(seed: seed) ?? SimulatorParameters(seed: seed)
    if let seconds { parameters.seconds = seconds }
    if let rest { parameters.restBefore = rest }
    if let rate { (parameters.rateAlice, parameters.rateBob) = (rate, rate) }
    if let rateBob { parameters.rateBob = rateBob }
    if let leverArm { parameters.leverArm = leverArm }
    if let flex { parameters.flex = flex }
    if let intensity { parameters.intensity = intensity }
    if let accelRange { (parameters.accelerationRange, parameters.accelerationRangeBob) = (accelRange, nil) }
    if let gyroRange { (parameters.angularVelocityRange, parameters.angularVelocityRangeBob) = (gyroRange, nil) }
    if let gap { parameters.gap = gap }
    if accelOnly { parameters.accelerometerOnly = true }
    switch relation {
    case .together: parameters.relation = .together
    case .apart: parameters.relation = .apart
    case .mimic: parameters.relation = .mimic
    case .replay: parameters.relation = .replay
    case nil: break
    }
    return parameters
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
