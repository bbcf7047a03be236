/// A pair of simulated recordings and what only the simulator knows of them.
public struct SimulatedPair: Sendable, Hashable {
  /// The parameters.
  public let parameters: SimulatorParameters
  /// Alice's recording.
  public let alice: Capture
  /// Bob's recording.
  public let bob: Capture
  /// From Alice's sensor to Bob's in Alice's axes, in metres; zero unless they are together.
  public let leverArm: SIMD3<Double>
  /// The rows of the rotation from Bob's axes to Alice's; nil unless they are together.
  public let rotation: [SIMD3<Double>]?
  /// Bob's clock minus Alice's when the simulation began, in seconds.
  public let clockOffset: Double
  /// How much faster Bob's clock runs than Alice's, in parts per million.
  public let clockDrift: Double
  /// When the shaking begins, by Alice's clock in nanoseconds.
  public let onset: Int64

  /// Both recordings, with a manifest that says whether the boards were together.
  public var pair: CapturePair {
    var manifest = CapturePair.Manifest(together: parameters.relation == .together, kind: "sim")
    manifest.seed = parameters.seed
    manifest.flex = parameters.flex
    manifest.leverArm = parameters.leverArm
    manifest.mimic = parameters.relation == .mimic
    manifest.accelerometerOnly = parameters.accelerometerOnly
    manifest.gap = parameters.gap > 0
    return CapturePair(alice: alice, bob: bob, manifest: manifest)
  }
}

/// Simulates two boards that are shaken, each with an inertial sensor like the MPU-6050.
///
/// A hand's push in six degrees of freedom (`SimulatorHand`) moves a rigid body (`SimulatorBody`) on which both boards
/// sit, or two bodies; each board's sensor (`SimulatorSensor`) measures its own point of it, in its own axes, by its own
/// clock. Motion is computed at 4 kHz. A rigid body has one angular velocity; accelerations at two of its points
/// differ by ω̇ × r + ω × (ω × r).
public enum Simulator {
  /// The independent streams of random numbers.
  enum Stream: UInt64 {
    case rig = 1
    case alicesHand
    case bobsHand
    case slack
    case alicesSensor
    case bobsSensor
    case imitation
    case choice
  }

  /// Simulates a pair.
  ///
  /// - Throws: `SimulatorError` for a parameter out of range.
  public static func simulate(_ parameters: SimulatorParameters) throws(SimulatorError) -> SimulatedPair {
    try parameters.validate()
    func random(_ stream: Stream) -> SimulatorRandom {
      SimulatorRandom(seed: parameters.seed, stream: stream.rawValue)
    }

    var rig = random(.rig)
    let start = rig.orientation()
    let mounting = rig.orientation()
    let arm = rig.direction() * parameters.leverArm
    let pivot = rig.direction() * rig.uniform(0.03, 0.08)
    let bobsStart = rig.orientation()
    let alicesClock = rig.uniform(600, 1200)
    let randomOffset = rig.uniform(-0.2, 0.2)
    let randomDrift = rig.uniform(-50, 50)
    let offset = parameters.clockOffset ?? randomOffset
    let drift = parameters.clockDrift ?? randomDrift
    let gapStart =
      parameters.restBefore
      + (parameters.seconds - parameters.restBefore - parameters.restAfter) * rig.uniform(0.35, 0.65)

    let bodies = motion(
      parameters, start: start, bobsStart: bobsStart, pivot: pivot, arm: arm, mounting: mounting, random: random)

    var alicesSensor = SimulatorSensor(
      parameters, nominalRate: parameters.rateAlice, clockStart: alicesClock, clockRate: 1,
      random: random(.alicesSensor))
    var bobs = parameters
    bobs.accelerationRange = parameters.accelerationRangeBob ?? parameters.accelerationRange
    bobs.angularVelocityRange = parameters.angularVelocityRangeBob ?? parameters.angularVelocityRange
    var bobsSensor = SimulatorSensor(
      bobs, nominalRate: parameters.rateBob, clockStart: alicesClock + offset, clockRate: 1 + drift * 1e-6,
      random: random(.bobsSensor))
    let lost = parameters.gap > 0 ? gapStart..<gapStart + parameters.gap : nil
    let isTogether = parameters.relation == .together
    return SimulatedPair(
      parameters: parameters,
      alice: capture(alicesSensor.record(bodies.alice, lost: nil), parameters, side: "alice"),
      bob: capture(bobsSensor.record(bodies.bob, lost: lost), bobs, side: "bob"),
      leverArm: isTogether ? arm : SIMD3(),
      rotation: isTogether ? rows(of: mounting) : nil,
      clockOffset: offset, clockDrift: drift,
      onset: Int64(((alicesClock + parameters.restBefore) * 1e9).rounded()))
  }

  /// The motion of both sensors, each in its own axes.
  static func motion(
    _ parameters: SimulatorParameters, start: SimulatorMath.Quaternion, bobsStart: SimulatorMath.Quaternion,
    pivot: SIMD3<Double>, arm: SIMD3<Double>, mounting: SimulatorMath.Quaternion,
    random: (Stream) -> SimulatorRandom
  ) -> (alice: SimulatorBody, bob: SimulatorBody) {
    let envelope = SimulatorHand.envelope(
      seconds: parameters.seconds, restBefore: parameters.restBefore, restAfter: parameters.restAfter,
      intensity: parameters.intensity)
    let alicesHand = SimulatorHand(
      random: random(.alicesHand), envelope: envelope, tremor: parameters.tremor,
      irregularity: parameters.irregularity)
    let alice = SimulatorBody(hand: alicesHand, envelope: envelope, start: start, pivot: pivot)

    switch parameters.relation {
    case .together:
      var slack: SimulatorHand?
      if parameters.flex > 0 {
        let strength = envelope.map {
          parameters.flex * max($0, parameters.flexAtRest * parameters.intensity)
        }
        slack = SimulatorHand(random: random(.slack), envelope: strength, tremor: 0)
      }
      return (alice, alice.carried(arm: arm, slack: slack, envelope: envelope, mounting: mounting))
    case .apart:
      let hand = SimulatorHand(
        random: random(.bobsHand), envelope: envelope, tremor: parameters.tremor,
        irregularity: parameters.irregularity)
      return (alice, SimulatorBody(hand: hand, envelope: envelope, start: bobsStart, pivot: pivot))
    case .mimic:
      let own = SimulatorHand(
        random: random(.bobsHand), envelope: envelope, tremor: parameters.tremor,
        irregularity: parameters.irregularity)
      var imitator = SimulatorImitation(parameters, steps: envelope.count, random: random(.imitation))
      let hand = SimulatorHand(
        rotation: imitator.imitate(alice.angularVelocity, with: own.rotation),
        translation: imitator.imitate(alicesHand.translation, with: own.translation))
      // An imitator holds the board the same way up; only how its sensor is mounted differs.
      let body = SimulatorBody(hand: hand, envelope: envelope, start: start, pivot: pivot)
      return (alice, body.carried(arm: SIMD3(), slack: nil, envelope: envelope, mounting: mounting))
    case .replay:
      let hand = SimulatorHand(
        random: random(.alicesHand), envelope: envelope, tremor: parameters.tremor,
        irregularity: parameters.irregularity, shake: random(.bobsHand))
      let body = SimulatorBody(hand: hand, envelope: envelope, start: start, pivot: pivot)
      return (alice, body.carried(arm: SIMD3(), slack: nil, envelope: envelope, mounting: mounting))
    }
  }

  private static func capture(
    _ recording: Recording, _ parameters: SimulatorParameters, side: String
  ) -> Capture {
    var capture = Capture(
      label: "sim-\(parameters.relation.rawValue)-\(parameters.seed)-\(side)",
      deviceName: parameters.accelerometerOnly ? "adxl345" : "mpu6050", recording: recording,
      accelerationScale: InertialRange.accelerationScale(parameters.accelerationRange),
      angularVelocityScale: parameters.accelerometerOnly
        ? nil : InertialRange.angularVelocityScale(parameters.angularVelocityRange))
    capture.contextDescription = "simulated"
    capture.attributes = ["current_timestamp_clock": "monotonic"]
    return capture
  }

  private static func rows(of rotation: SimulatorMath.Quaternion) -> [SIMD3<Double>] {
    let x = rotation.rotate(SIMD3(1, 0, 0))
    let y = rotation.rotate(SIMD3(0, 1, 0))
    let z = rotation.rotate(SIMD3(0, 0, 1))
    return (0..<3).map { SIMD3(x[$0], y[$0], z[$0]) }
  }
}
