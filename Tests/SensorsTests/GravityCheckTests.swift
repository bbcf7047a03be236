import Glibc
import Platform
import Testing

@testable import Motion
@testable import Sensors

@Suite("Gravity, by which a sensor's range is judged") struct GravityCheckTests {
  /// A sensor with noise, and what it is told to measure, at 200 Hz.
  private struct Scene {
    var recording = Recording()
    private var generator = SystemRandomNumberGenerator()
    private var time: Int64 = 1_000_000_000
    var period: Int64 = 5_000_000

    mutating func add(_ seconds: Double, noise: Double = 0.04, _ value: (Double) -> SIMD3<Double>) {
      let count = Int(seconds * 1e9 / Double(period))
      for index in 0..<count {
        let error = SIMD3<Double>(
          Double.random(in: -1...1, using: &generator), Double.random(in: -1...1, using: &generator),
          Double.random(in: -1...1, using: &generator))
        recording.append(
          timestamp: time, acceleration: value(Double(index) * Double(period) * 1e-9) + noise * error,
          angularVelocity: nil, clippedAcceleration: [], clippedAngularVelocity: [])
        time += period
      }
    }

    /// What comes of it, in batches as a sensor delivers them.
    func verdicts(_ batch: Int = 8) -> [GravityCheck.Judgement] {
      var check = GravityCheck()
      return stride(from: 0, to: recording.count, by: batch).compactMap {
        check.watch(recording[$0..<min($0 + batch, recording.count)])?.judgement
      }
    }
  }

  /// A board held at a slant, with a hand's tremor, in a range that is wrong by a factor.
  private func held(_ factor: Double = 1, tremor: Double = 0.1) -> (Double) -> SIMD3<Double> {
    { time in
      factor * (SIMD3(3, -4, 8.4) + tremor * SIMD3(sin(50 * time), cos(63 * time), sin(56 * time)))
    }
  }

  /// A hearty shake.
  private func shaken(_ time: Double) -> SIMD3<Double> {
    SIMD3(25 * sin(28 * time), 9.8 + 14 * sin(31 * time + 1), 18 * cos(25 * time))
  }

  @Test("A sensor whose range is what it is taken for measures gravity in the hand that holds it, and is judged once")
  func plausible() {
    var scene = Scene()
    scene.add(1, held())
    scene.add(3, shaken)
    scene.add(2, held())
    #expect(scene.verdicts() == [.plausible])
    #expect(scene.verdicts(1) == [.plausible] && scene.verdicts(1000) == [.plausible])
  }

  @Test("A range that is wrong by two, four or eight is found, either way", arguments: [0.125, 0.25, 0.5, 2, 4, 8])
  func wrongRange(_ factor: Double) {
    var scene = Scene()
    // The noise is that of the range.
    scene.add(1, noise: 0.04 * factor, held(factor))
    scene.add(3) { factor * shaken($0) }
    #expect(scene.verdicts() == [.implausible])
  }

  @Test("What is off by less than a range is a doubt, and by a quarter none")
  func limits() {
    #expect([7.4, 9.80665, 12.2].allSatisfy { GravityCheck.judge($0) == .plausible })
    #expect([5.6, 7.3, 12.3, 17.5].allSatisfy { GravityCheck.judge($0) == .doubtful })
    #expect([0, 2.45, 4.9, 5.2, 19.2, 19.7, 39.2].allSatisfy { GravityCheck.judge($0) == .implausible })
  }

  @Test("Motion is not judged, whatever its mean: a shake, a slow swing, a fall", arguments: 0..<3)
  func motion(_ kind: Int) {
    var scene = Scene()
    switch kind {
    case 0: scene.add(20, shaken)
    case 1: scene.add(20) { SIMD3(0, 0, 9.8 + 10 * sin(2 * .pi * $0)) }
    default: scene.add(5) { _ in SIMD3() }
    }
    #expect(scene.verdicts().isEmpty)
  }

  @Test("Less than half a second of quiet is none, nor is one with a gap, a clipped scan or a stray stamp in it")
  func interrupted() {
    var short = Scene()
    for _ in 0..<5 {
      short.add(0.4, held(4))
      short.add(0.4, shaken)
    }
    #expect(short.verdicts().isEmpty)
    var clipped = Scene()
    clipped.add(2, held(4))
    var flagged = Recording()
    for index in 0..<clipped.recording.count {
      flagged.append(
        timestamp: clipped.recording.timestamps[index], acceleration: clipped.recording.acceleration[index],
        angularVelocity: nil, clippedAcceleration: index % 50 == 0 ? .x : [], clippedAngularVelocity: [])
    }
    clipped.recording = flagged
    #expect(clipped.verdicts().isEmpty)
    var stray = Scene()
    stray.add(2, held(4))
    for index in stride(from: 0, to: stray.recording.count, by: 50) { stray.recording.timestamps[index] -= 1 << 40 }
    #expect(stray.verdicts().isEmpty)
    stray.recording.timestamps = stray.recording.timestamps.map { _ in 7 }
    #expect(stray.verdicts().isEmpty, "a clock that stands still")
  }

  @Test("A rest that is made up of one scan of a motion says nothing about the range, nor does the motion's beginning")
  func madeUp() {
    var scene = Scene()
    scene.add(2, noise: 0) { _ in SIMD3(30, 5, -8) }
    scene.add(0.005, noise: 0) { _ in SIMD3(31, 5, -8) }
    scene.add(3, shaken)
    #expect(scene.verdicts().isEmpty)
  }

  @Test("At a low rate it takes eight scans")
  func slow() {
    var scene = Scene()
    scene.period = 100_000_000
    scene.add(0.7, held(4))
    #expect(scene.verdicts().isEmpty)
    scene.add(0.2, held(4))
    #expect(scene.verdicts() == [.implausible])
  }

  @Test("A gyroscope alone is not judged")
  func gyroscope() {
    var recording = Recording()
    for index in 0..<400 {
      recording.append(
        timestamp: Int64(index) * 5_000_000, acceleration: nil, angularVelocity: SIMD3(0.1, 0, 0),
        clippedAcceleration: [], clippedAngularVelocity: [])
    }
    var check = GravityCheck()
    #expect(check.watch(recording) == nil)
  }
}

@Suite("A sensor in another range than its driver knows") struct ImplausibleRangeTests {
  private func scans(_ z: Int16) -> [[UInt8]] {
    (0..<50).map { batch in
      (0..<8).flatMap { index in
        let number = batch * 8 + index
        return Scan(acceleration: SIMD3(Int16(number % 3), 0, z), time: Int64(number) * 5_000_000).bytes
      }
    }
  }

  private func sample(_ fake: FakeIIO) -> (error: SensorError?, batches: Int, log: [String]) {
    let log = Locked<[String]>([])
    var batches = 0
    let session = IIOSession(settings: IIOSettings(), backend: fake) { line in log.withLock { $0.append(line) } }
    var failure: SensorError?
    do throws(SensorError) {
      try session.sample(until: StopSignal(), began: { (_) throws(SensorError) in }) { (_) throws(SensorError) in
        batches += 1
      }
    } catch {
      failure = error
    }
    return (failure, batches, log.withLock { $0 })
  }

  @Test("ends sampling, with the attribute, what is measured and expected, and the remedy; settings are put back")
  func error() throws {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", scans(16_384))
    let (error, batches, _) = sample(fake)
    let failure = try #require(error)
    #expect(failure.kind == .implausible)
    #expect(failure.subject == "/sys/bus/iio/devices/iio:device0/in_accel_scale")
    #expect(failure.problem.hasPrefix("sensor range implausible: at rest it measures 39.19 m/s², expected 9.80665"))
    #expect(failure.problem.contains("with a scale of 0.002392"))
    #expect(failure.remedy.contains("power-cycle") && failure.remedy.contains("modprobe"))
    #expect(batches > 0 && batches < 20, "what came before the first half second was over")
    #expect(fake.value("iio:device0/in_accel_scale") == "0.000598" && fake.isAtRest)
  }

  @Test("is only told where it is off by less than a range; the true one not at all")
  func notes() {
    let doubtful = FakeIIO.mpu6050()
    doubtful.scans("iio:device0", scans(6000) + [[]])
    let (error, batches, log) = sample(doubtful)
    #expect(error == nil && batches == 50)
    #expect(log.count { $0.contains("in_accel_scale: at rest it measures 14.35 m/s²") } == 1)
    let right = FakeIIO.mpu6050()
    right.scans("iio:device0", scans(4096) + [[]])
    #expect(!sample(right).log.contains { $0.contains("at rest") })
  }
}
