/// What a simulated pair of recordings is to be like.
public struct SimulatorParameters: Sendable, Hashable {
  /// How the two boards relate.
  public enum Relation: String, Sendable, Hashable, CaseIterable {
    /// Held together and shaken as one.
    case together
    /// Shaken at the same time by two people who ignore each other.
    case apart
    /// Bob sees Alice and imitates her: he follows what is slower than `mimicCorner`, late by `mimicDelay`, and adds
    /// his own above.
    case mimic
    /// Bob's recording is of another shake of Alice's hand: the same tempo, habits and first pose, not the same motion.
    case replay
  }

  /// Start of all random streams: one seed and one set of parameters give one pair, on every machine.
  public var seed: UInt64
  /// Length of the recordings in seconds, times of rest included; 1 to 600.
  public var seconds: Double
  /// Alice's sampling rate in Hz; 10 to 1000.
  public var rateAlice = 200.0
  /// Bob's sampling rate in Hz; 10 to 1000.
  public var rateBob = 200.0
  /// How the two boards relate.
  public var relation = Relation.together
  /// Distance between the two sensors in metres, in a random direction; 0 to 1.
  public var leverArm = 0.05
  /// Bob's motion of his own, as a fraction of the common motion (0 is rigid, 0.1 is loosely held); 0 to 1.
  public var flex = 0.0
  /// Fraction of `flex` that is present while the hand rests; 0 to 1.
  public var flexAtRest = 0.0
  /// Seconds of rest before the shaking.
  public var restBefore: Double
  /// Seconds of rest after it.
  public var restAfter = 0.0
  /// Strength of the shaking; 1 peaks at 30 to 60 m/s² and 8 to 15 rad/s.
  public var intensity = 1.0
  /// How erratic the shaking is: the share of its oscillations that gives way to noise; 0 to 1.
  public var irregularity = 0.0
  /// Strength of the tremor of a resting hand; 1 is about 0.07 m/s² and 0.01 rad/s.
  public var tremor = 1.0
  /// How late an imitator moves, on average, in seconds; 0 to 1.
  public var mimicDelay = 0.120
  /// Below what frequency an imitator follows, in Hz; 0.5 to 40.
  public var mimicCorner = 3.0
  /// How much an imitator's delay varies from cycle to cycle, as a standard deviation in seconds; 0 to 0.2.
  public var mimicTimingSpread = 0.0
  /// How much an imitator's amplitude varies from cycle to cycle, as a relative standard deviation per degree of freedom;
  /// 0 to 1.
  public var mimicGainSpread = 0.0
  /// Full scale of the accelerometers in g; 1 to 32.
  public var accelerationRange = 16.0
  /// Full scale of the gyroscopes in °/s; 100 to 4000.
  public var angularVelocityRange = 2000.0
  /// Full scale of Bob's accelerometer in g; nil for the same as Alice's.
  public var accelerationRangeBob: Double?
  /// Full scale of Bob's gyroscope in °/s; nil for the same as Alice's.
  public var angularVelocityRangeBob: Double?
  /// Noise density of the accelerometers in g/√Hz (data sheet of the MPU-6050: 400 µg/√Hz).
  public var accelerationNoise = 400e-6
  /// Noise density of the gyroscopes in °/s/√Hz (data sheet of the MPU-6050: 0.005).
  public var angularVelocityNoise = 0.005
  /// Standard deviation of the gain of an axis.
  public var gainError = 0.012
  /// Standard deviation of what an axis picks up of another.
  public var crossAxis = 0.008
  /// Standard deviation of an accelerometer axis' bias in m/s².
  public var accelerationBias = 0.25
  /// Standard deviation of a gyroscope axis' bias in rad/s.
  public var angularVelocityBias = 0.05
  /// Bob's clock minus Alice's in seconds; nil for a random offset within ± 0.2 s.
  public var clockOffset: Double?
  /// How much faster Bob's clock runs than Alice's, in parts per million; nil for a random drift within ± 50.
  public var clockDrift: Double?
  /// Standard deviation of a time stamp in seconds.
  public var timestampJitter = 40e-6
  /// Largest relative deviation of a sensor's sampling rate from its nominal one.
  public var rateError = 0.003
  /// Seconds of scans that Bob loses in mid-shake, as by a reset of the sensor's FIFO (0.3 is typical); 0 for none.
  public var gap = 0.0
  /// Whether the sensors have no gyroscope.
  public var accelerometerOnly = false

  /// The default: two boards with an MPU-6050 each, 5 cm apart, held firmly, 2 s at rest, then 22 s of shaking.
  public init(seed: UInt64, seconds: Double = 24, restBefore: Double = 2) {
    self.seed = seed
    self.seconds = seconds
    self.restBefore = restBefore
  }

  /// Refuses values outside their range.
  func validate() throws(SimulatorError) {
    let checks: [(String, Double, ClosedRange<Double>)] = [
      ("seconds", seconds, 1...600),
      ("rateAlice", rateAlice, 10...1000),
      ("rateBob", rateBob, 10...1000),
      ("leverArm", leverArm, 0...1),
      ("flex", flex, 0...1),
      ("flexAtRest", flexAtRest, 0...1),
      ("restBefore", restBefore, 0...120),
      ("restAfter", restAfter, 0...120),
      ("intensity", intensity, 0...4),
      ("irregularity", irregularity, 0...1),
      ("tremor", tremor, 0...100),
      ("mimicDelay", mimicDelay, 0...1),
      ("mimicCorner", mimicCorner, 0.5...40),
      ("mimicTimingSpread", mimicTimingSpread, 0...0.2),
      ("mimicGainSpread", mimicGainSpread, 0...1),
      ("accelerationRange", accelerationRange, 1...32),
      ("angularVelocityRange", angularVelocityRange, 100...4000),
      ("accelerationRangeBob", accelerationRangeBob ?? accelerationRange, 1...32),
      ("angularVelocityRangeBob", angularVelocityRangeBob ?? angularVelocityRange, 100...4000),
      ("accelerationNoise", accelerationNoise, 0...0.1),
      ("angularVelocityNoise", angularVelocityNoise, 0...10),
      ("gainError", gainError, 0...0.1),
      ("crossAxis", crossAxis, 0...0.1),
      ("accelerationBias", accelerationBias, 0...5),
      ("angularVelocityBias", angularVelocityBias, 0...5),
      ("clockOffset", clockOffset ?? 0, -500...1e6),
      ("clockDrift", clockDrift ?? 0, -10_000...10_000),
      ("timestampJitter", timestampJitter, 0...0.01),
      ("rateError", rateError, 0...0.1),
      ("gap", gap, 0...10),
    ]
    for (name, value, range) in checks where !range.contains(value) {
      throw SimulatorError(parameter: name, value: value, expected: range)
    }
    if restBefore + restAfter > seconds {
      throw SimulatorError(parameter: "restBefore + restAfter", value: restBefore + restAfter, expected: 0...seconds)
    }
  }
}

/// A parameter of the simulator that is out of range.
public struct SimulatorError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The parameter.
  public let parameter: String
  /// Its value.
  public let value: Double
  /// What is allowed.
  public let expected: ClosedRange<Double>

  /// One line: parameter, value, range.
  public var description: String { "simulator: \(text(calling: parameter))" }

  /// The same for whoever knows the parameter by another name.
  public func text(calling name: String) -> String {
    "\(name) is \(value), expected \(decimalText(expected.lowerBound)) to \(decimalText(expected.upperBound)); choose a value there"
  }
}
