/// How a person's hand shakes a board: the push in six degrees of freedom, before it acts on a rigid body.
///
/// Each of three rotations (rad/s) and three translations (m/s²) is the sum of
/// - an oscillation at the person's tempo (3.3 to 5.2 Hz) with its second and third harmonic,
/// - a slower one (0.7 to 2.2 Hz) and one between the harmonics (5 to 9 Hz),
/// - noise from 1.5 Hz to 40 Hz that falls with frequency.
///
/// The tempo wanders, together for all six and a little for each; amplitudes wander one by one, over about half a
/// second. The whole passes a low-pass at 45 Hz, which is what flesh and grip let through. A resting hand trembles
/// around 10 Hz. The figures were chosen so that spectra and the error of linear predictors resemble recordings of
/// boards shaken by hand, with rather less than more above 10 Hz.
struct SimulatorHand {
  /// Steps of motion per second: well above twice what any sensor samples, and enough for differences of fifth order
  /// to be exact to 1e-7 at 40 Hz.
  static let rate = 4000.0
  /// Time constant with which the shaking sets in and stops, in seconds.
  static let ramp = 0.25

  /// The push over time, one entry per step.
  var rotation: [SIMD3<Double>] = []
  /// The push over time in m/s².
  var translation: [SIMD3<Double>] = []

  /// Simulates a hand.
  ///
  /// - Parameters:
  ///   - random: the person, and the shake unless that is given apart.
  ///   - envelope: strength of the shaking at each step.
  ///   - tremor: strength of the tremor.
  ///   - irregularity: share of the oscillations that gives way to noise, 0 to 1.
  ///   - shake: what differs between one shake of this person and another; nil to go on with `random`.
  init(
    random: consuming SimulatorRandom, envelope: [Double], tremor: Double, irregularity: Double = 0,
    shake: SimulatorRandom? = nil
  ) {
    let tempo = 2 * Double.pi * random.uniform(3.3, 5.2)
    var sharedTempo = SimulatorWander(time: 1.0, deviation: 0.12)
    var axes = (0..<6).map { _ in Axis(tempo: tempo, random: &random) }
    if let shake { random = shake }
    var rotationNoise = NoiseBand()
    var translationNoise = NoiseBand()
    var rotationGrip = SimulatorFilter.lowPass(45, rate: Self.rate)
    var translationGrip = SimulatorFilter.lowPass(45, rate: Self.rate)
    let regular = 1 - irregularity
    let erratic = 1 + 1.5 * irregularity
    let rotationSize = 3.3
    let translationSize = 8.5

    rotation.reserveCapacity(envelope.count)
    translation.reserveCapacity(envelope.count)
    for (step, strength) in envelope.enumerated() {
      if step % SimulatorWander.interval == 0 {
        sharedTempo.advance(&random)
        for index in axes.indices { axes[index].advance(sharedTempo.target, &random) }
      }
      let (noiseR, tremorR) = rotationNoise.next(random.normalVector())
      let (noiseT, tremorT) = translationNoise.next(random.normalVector())
      var pushR = SIMD3<Double>()
      var pushT = SIMD3<Double>()
      if strength > 0 {
        for axis in 0..<3 {
          pushR[axis] = regular * axes[axis].next() + noiseR[axis] * (1.4 * erratic * axes[axis].noise)
          pushT[axis] = regular * axes[axis + 3].next() + noiseT[axis] * (0.65 * erratic * axes[axis + 3].noise)
        }
      }
      pushR = pushR * (rotationSize * strength) + tremorR * (0.0075 * tremor)
      pushT = pushT * (translationSize * strength) + tremorT * (0.03 * tremor)
      rotation.append(rotationGrip.next(pushR))
      translation.append(translationGrip.next(pushT))
    }
  }

  /// A hand whose motion is given.
  init(rotation: [SIMD3<Double>], translation: [SIMD3<Double>]) {
    self.rotation = rotation
    self.translation = translation
  }

  /// The strength of a shake at each step: 0 at rest, then a smooth rise to `intensity`, and as smooth a fall.
  static func envelope(seconds: Double, restBefore: Double, restAfter: Double, intensity: Double) -> [Double] {
    func smooth(_ x: Double) -> Double {
      let t = max(0, min(1, x))
      return t * t * t * (10 - 15 * t + 6 * t * t)
    }
    let end = seconds - restAfter
    return (0..<Int((seconds * rate).rounded()) + margin).map { step in
      let time = Double(step) / rate
      let rise = smooth((time - restBefore) / ramp)
      return intensity * (restAfter > 0 ? min(rise, smooth((end - time) / ramp)) : rise)
    }
  }

  /// Steps beyond the end of a recording, for filters' delay and a late last sample.
  static let margin = 400

  /// One of the six degrees of freedom.
  private struct Axis {
    private let tempo: Double
    private let slow: Double
    private let middle: Double
    private let weight: Double
    private let second: (sine: Double, cosine: Double)
    private let third: (sine: Double, cosine: Double)
    private var phase: Double
    private var slowPhase: Double
    private var middlePhase: Double
    private var shared = SimulatorWander.Ramp()
    private var own = SimulatorWander(time: 0.8, deviation: 0.05)
    private var amplitudes: [SimulatorWander]
    /// Strength of the noise.
    let noise: Double

    init(tempo: Double, random: inout SimulatorRandom) {
      self.tempo = tempo
      slow = 2 * Double.pi * random.uniform(0.7, 2.2)
      middle = 2 * Double.pi * random.uniform(5, 9)
      weight = random.uniform(0.6, 1.3)
      second = SimulatorMath.sineAndCosine(random.uniform(-3, 3))
      third = SimulatorMath.sineAndCosine(random.uniform(-3, 3))
      phase = random.uniform(-3, 3)
      slowPhase = random.uniform(-3, 3)
      middlePhase = random.uniform(-3, 3)
      noise = weight * random.uniform(0.45, 0.75)
      amplitudes = (0..<5).map { _ in SimulatorWander(time: 0.5, deviation: 0.45) }
    }

    mutating func advance(_ sharedTempo: Double, _ random: inout SimulatorRandom) {
      shared.aim(at: sharedTempo)
      own.advance(&random)
      for index in amplitudes.indices { amplitudes[index].advance(&random) }
    }

    mutating func next() -> Double {
      // However far the tempo wanders, it neither stops nor reverses.
      let factor = max(0.3, 1 + shared.next() + own.next())
      phase = Self.wrap(phase + tempo * factor / SimulatorHand.rate)
      slowPhase = Self.wrap(slowPhase + slow * factor / SimulatorHand.rate)
      middlePhase = Self.wrap(middlePhase + middle * factor / SimulatorHand.rate)
      let (s, c) = SimulatorMath.sineAndCosine(phase)
      let waves = (
        s,
        2 * s * c * second.cosine + (1 - 2 * s * s) * second.sine,
        s * (3 - 4 * s * s) * third.cosine + c * (4 * c * c - 3) * third.sine,
        SimulatorMath.sineAndCosine(slowPhase).sine,
        SimulatorMath.sineAndCosine(middlePhase).sine
      )
      func size(_ index: Int) -> Double { max(0.1, 1 + amplitudes[index].next()) }
      let sum =
        1.2 * size(0) * waves.0 + 0.35 * size(1) * waves.1 + 0.15 * size(2) * waves.2
        + 0.5 * size(3) * waves.3 + 0.4 * size(4) * waves.4
      return weight * sum
    }

    private static func wrap(_ phase: Double) -> Double { phase > Double.pi ? phase - 2 * Double.pi : phase }
  }

  /// Noise of a hand in three axes: what it does while shaking (about 1 rms), and its tremor (about 1 rms).
  private struct NoiseBand {
    private var highPass = SimulatorFilter.highPass(1.5, rate: SimulatorHand.rate)
    private var slope = SimulatorFilter.lowPass(8, rate: SimulatorHand.rate, quality: 0.45)
    private var top = SimulatorFilter.lowPass(35, rate: SimulatorHand.rate)
    private var tremor = SimulatorFilter.bandPass(10, rate: SimulatorHand.rate, quality: 2)

    mutating func next(_ white: SIMD3<Double>) -> (shaking: SIMD3<Double>, tremor: SIMD3<Double>) {
      (top.next(slope.next(highPass.next(white))) * 16, tremor.next(white) * 22)
    }
  }
}
