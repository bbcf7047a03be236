/// Kinds of simulated pairs to measure a pairing by, each with figures as boards, hands and attackers have them.
///
/// Common to all: two MPU-6050 with the noise, gain, cross-axis, bias and clock errors of `SimulatorParameters`, mounted
/// anyhow, ±16 g and ±2000 °/s, 2 s of rest, then a shake of a strength uniform in 0.7...1.3.
public enum SimulatedClass: String, Sendable, Hashable, CaseIterable {
  /// One hand, a firm grip.
  case rigid
  /// One hand, a loose grip.
  case loose
  /// One hand, sensors far from each other.
  case farApart = "far-apart"
  /// One hand, different sensors.
  case mixedRates = "mixed-rates"
  /// Two people who ignore each other.
  case impostor
  /// A person who imitates another.
  case mimic
  /// Another shake of the same person.
  case replay

  /// Whether the boards of such pairs were moved together.
  public var isTogether: Bool {
    switch self {
    case .rigid, .loose, .farApart, .mixedRates: true
    case .impostor, .mimic, .replay: false
    }
  }

  /// What sets the class apart, in one line.
  public var summary: String {
    switch self {
    case .rigid: "both at 200 Hz, 5 cm apart, held firmly; 24 s"
    case .loose: "both at 200 Hz, 5 cm apart, 10 % independent motion; 40 s"
    case .farApart: "both at 200 Hz, 5 to 10 cm apart, held firmly; 24 s"
    case .mixedRates:
      "200 Hz at ±16 g, ±2000 °/s against 100, 104 or 500 Hz at ±8 g, ±1000 °/s, either way round, 5 cm apart; 24 s"
    case .impostor: "two people shake at the same moment, each in his own way; 24 s"
    case .mimic:
      "another hand follows below 3 to 6 Hz, 100 to 250 ms late, ±30 ms and ±20 % from cycle to cycle; 24 s"
    case .replay: "the same person's other shake: same tempo, habits and first pose, from the same moment on; 24 s"
    }
  }

  /// The parameters of one pair; the same seed gives every class the same leading hand.
  public func parameters(seed: UInt64) -> SimulatorParameters {
    var random = SimulatorRandom(seed: seed, stream: Simulator.Stream.choice.rawValue)
    var parameters = SimulatorParameters(seed: seed, seconds: 24)
    parameters.intensity = random.uniform(0.7, 1.3)
    switch self {
    case .rigid: break
    case .loose:
      parameters.flex = 0.1
      parameters.seconds = 40
    case .farApart: parameters.leverArm = random.uniform(0.05, 0.10)
    case .mixedRates:
      let other = [100.0, 104, 500][Int(random.uniform(0, 3))]
      if random.uniform() < 0.5 {
        parameters.rateBob = other
        parameters.accelerationRangeBob = 8
        parameters.angularVelocityRangeBob = 1000
      } else {
        parameters.rateAlice = other
        parameters.accelerationRange = 8
        parameters.angularVelocityRange = 1000
        parameters.accelerationRangeBob = 16
        parameters.angularVelocityRangeBob = 2000
      }
    case .impostor: parameters.relation = .apart
    case .mimic:
      parameters.relation = .mimic
      parameters.mimicDelay = random.uniform(0.1, 0.25)
      parameters.mimicCorner = random.uniform(3, 6)
      parameters.mimicTimingSpread = 0.03
      parameters.mimicGainSpread = 0.2
    case .replay: parameters.relation = .replay
    }
    return parameters
  }
}
