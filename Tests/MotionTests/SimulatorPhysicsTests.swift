import Foundation
import Testing

@testable import Motion

@Suite("The simulated rig")
struct SimulatorPhysicsTests {
  typealias Quaternion = SimulatorMath.Quaternion

  static let arm = SIMD3(0.03, -0.04, 0.12)
  static let pivot = SIMD3(0.05, 0.02, -0.03)
  static let step = 1 / SimulatorHand.rate

  /// Both boards' motion without any sensor error.
  static func motion(
    _ relation: SimulatorParameters.Relation = .together, flex: Double = 0, seconds: Double = 2, seed: UInt64 = 41
  ) -> (alice: SimulatorBody, bob: SimulatorBody, mounting: Quaternion) {
    var parameters = SimulatorParameters(seed: seed, seconds: seconds, restBefore: 0.3)
    parameters.relation = relation
    parameters.flex = flex
    let mounting = Quaternion(w: 0.3, v: SIMD3(0.5, -0.7, 0.2)).normalized
    let bodies = Simulator.motion(
      parameters, start: Quaternion(w: 0.8, v: SIMD3(0.1, 0.5, -0.2)).normalized, bobsStart: Quaternion(), pivot: pivot,
      arm: arm, mounting: mounting, random: { SimulatorRandom(seed: seed, stream: $0.rawValue) })
    return (bodies.alice, bodies.bob, mounting)
  }

  static func length(_ v: SIMD3<Double>) -> Double { (v * v).sum().squareRoot() }
  static func rms(_ values: [SIMD3<Double>]) -> Double {
    (values.map { ($0 * $0).sum() }.reduce(0, +) / Double(max(1, values.count))).squareRoot()
  }

  @Test("accelerates Bob's point as a rigid body carries it: second differences of its position agree")
  func rigidTransport() {
    let (alice, bob, mounting) = Self.motion()
    let place = alice.orientation.map { $0.rotate(Self.arm) }
    var expected: [SIMD3<Double>] = []
    var errors: [SIMD3<Double>] = []
    for i in 10..<place.count - 10 {
      let world = (place[i + 1] - 2 * place[i] + place[i - 1]) * (SimulatorHand.rate * SimulatorHand.rate)
      let carried = alice.orientation[i].unrotate(world)
      expected.append(carried)
      errors.append(mounting.rotate(bob.specificForce[i]) - alice.specificForce[i] - carried)
    }
    #expect(Self.rms(expected) > 3, "the arm must matter")
    #expect(Self.rms(errors) < 1e-3 * Self.rms(expected))
  }

  @Test("turns both boards at one angular velocity, and the orientation with it")
  func rotation() {
    let (alice, bob, mounting) = Self.motion()
    var errors: [SIMD3<Double>] = []
    for i in 10..<alice.angularVelocity.count - 10 {
      let difference = mounting.rotate(bob.angularVelocity[i]) - alice.angularVelocity[i]
      #expect(Self.length(difference) < 1e-12)
      // The turn from one step before to one after, as a small rotation vector over two steps.
      let turn = alice.orientation[i + 1].relative(to: alice.orientation[i - 1])
      errors.append(turn.v * (2 / (2 * Self.step)) - alice.angularVelocity[i])
    }
    #expect(Self.rms(alice.angularVelocity) > 3)
    #expect(Self.rms(errors) < 3e-4 * Self.rms(alice.angularVelocity))
  }

  @Test("lets the pivot's swing and gravity act on Alice's accelerometer")
  func alicesForce() {
    let seconds = 1.5
    let envelope = SimulatorHand.envelope(seconds: seconds, restBefore: 0.3, restAfter: 0, intensity: 1)
    let hand = SimulatorHand(random: SimulatorRandom(seed: 8, stream: 2), envelope: envelope, tremor: 0)
    let body = SimulatorBody(hand: hand, envelope: envelope, start: Quaternion(), pivot: Self.pivot)
    let place = body.orientation.map { $0.rotate(Self.pivot) }
    var errors: [SIMD3<Double>] = []
    for i in 10..<place.count - 10 {
      let world = (place[i + 1] - 2 * place[i] + place[i - 1]) * (SimulatorHand.rate * SimulatorHand.rate)
      let expected = hand.translation[i] + body.orientation[i].unrotate(world + SIMD3(0, 0, 9.80665))
      errors.append(body.specificForce[i] - expected)
    }
    #expect(Self.rms(errors) < 5e-4 * Self.rms(body.specificForce))
    for i in 0..<1000 { #expect(Self.length(body.specificForce[i] - SIMD3(0, 0, 9.80665)) < 1e-9) }
  }

  @Test("becomes rigid as the grip tightens, and independent in proportion as it loosens")
  func flex() {
    let rigid = Self.motion()
    let nearly = Self.motion(flex: 1e-9)
    for i in 0..<rigid.bob.angularVelocity.count {
      #expect(Self.length(rigid.bob.angularVelocity[i] - nearly.bob.angularVelocity[i]) < 1e-6)
      #expect(Self.length(rigid.bob.specificForce[i] - nearly.bob.specificForce[i]) < 1e-5)
    }
    let loose = Self.motion(flex: 0.1, seconds: 6)
    let ratio =
      Self.rms(
        loose.alice.angularVelocity.indices.map {
          loose.mounting.rotate(loose.bob.angularVelocity[$0]) - loose.alice.angularVelocity[$0]
        }) / Self.rms(loose.alice.angularVelocity)
    #expect((0.06...0.2).contains(ratio), "\(ratio)")
  }

  /// What a 3×3 map of Alice's gyro leaves unexplained of Bob's, as a fraction of its energy, after a low-pass.
  static func unexplained(_ a: [SIMD3<Double>], _ b: [SIMD3<Double>], delay: Double = 0, below corner: Double) -> Double
  {
    func slow(_ values: [SIMD3<Double>]) -> [SIMD3<Double>] {
      var first = SimulatorFilter.lowPass(corner, rate: SimulatorHand.rate)
      var second = first
      return values.map { second.next(first.next($0)) }
    }
    let (x, y) = (slow(a), slow(b))
    let shift = Int(delay * SimulatorHand.rate)
    let indices = stride(from: 2000, to: x.count, by: 20)
    // Normal equations of the least-squares map, solved by Cramer's rule, one output axis at a time.
    var gram = [[Double]](repeating: [0, 0, 0], count: 3)
    var right = gram
    var energy = 0.0
    for i in indices {
      let (u, v) = (x[i - shift], y[i])
      energy += (v * v).sum()
      for row in 0..<3 {
        for column in 0..<3 {
          gram[row][column] += u[row] * u[column]
          right[row][column] += u[row] * v[column]
        }
      }
    }
    func determinant(_ m: [[Double]]) -> Double {
      m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    }
    var explained = 0.0
    for output in 0..<3 {
      for input in 0..<3 {
        var replaced = gram
        for row in 0..<3 { replaced[row][input] = right[row][output] }
        explained += determinant(replaced) / determinant(gram) * right[input][output]
      }
    }
    return 1 - explained / energy
  }

  @Test("tells together, mimic and apart from one another")
  func relations() {
    let together = Self.motion(.together, seconds: 6)
    let mimic = Self.motion(.mimic, seconds: 6)
    let apart = Self.motion(.apart, seconds: 6)
    #expect(Self.unexplained(together.alice.angularVelocity, together.bob.angularVelocity, below: 40) < 1e-6)
    #expect(Self.unexplained(apart.alice.angularVelocity, apart.bob.angularVelocity, below: 40) > 0.85)
    let late = SimulatorParameters(seed: 1).mimicDelay
    let slow = Self.unexplained(mimic.alice.angularVelocity, mimic.bob.angularVelocity, delay: late, below: 1.5)
    let all = Self.unexplained(mimic.alice.angularVelocity, mimic.bob.angularVelocity, delay: late, below: 40)
    #expect(slow < 0.25, "an imitator follows what is slow: \(slow)")
    #expect(all > 0.5, "but not what is fast: \(all)")
    let punctual = Self.unexplained(mimic.alice.angularVelocity, mimic.bob.angularVelocity, below: 1.5)
    #expect(punctual > 2 * slow, "and he is late")
  }

  @Test("has elementary functions that agree with the C library's")
  func mathematics() {
    var random = TestRandom(seed: 12)
    for _ in 0..<20_000 {
      let x = Double.random(in: -1000...1000, using: &random)
      let (s, c) = SimulatorMath.sineAndCosine(x)
      #expect(abs(s - sin(x)) < 1e-14 && abs(c - cos(x)) < 1e-14, "\(x)")
      let y = Double.random(in: 1e-12...4, using: &random)
      #expect(abs(SimulatorMath.logarithm(y) - log(y)) < 1e-14 * max(1, abs(log(y))), "\(y)")
    }
    #expect(SimulatorMath.logarithm(1) == 0 && abs(SimulatorMath.logarithm(0x1p-53) + 53 * log(2)) < 1e-13)
  }

  @Test("draws numbers with the distribution they claim")
  func randomness() {
    var random = SimulatorRandom(seed: 1, stream: 1)
    let normal = (0..<40_000).map { _ in random.normal() }
    let mean = normal.reduce(0, +) / 40_000
    let variance = normal.map { $0 * $0 }.reduce(0, +) / 40_000
    let fourth = normal.map { $0 * $0 * $0 * $0 }.reduce(0, +) / 40_000
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05 && abs(fourth - 3) < 0.3)
    let uniform = (0..<40_000).map { _ in random.uniform() }
    #expect(uniform.allSatisfy { (0..<1).contains($0) } && abs(uniform.reduce(0, +) / 40_000 - 0.5) < 0.01)
    var other = SimulatorRandom(seed: 1, stream: 2)
    #expect(random.next() != other.next())
  }
}
