/// The motion of one point of a body, in axes fixed to the body, one entry per step of `SimulatorHand.rate`.
struct SimulatorBody {
  /// Angular velocity in rad/s.
  var angularVelocity: [SIMD3<Double>]
  /// What an accelerometer measures, acceleration minus gravity, in m/s².
  var specificForce: [SIMD3<Double>]
  /// The orientation, from the body's axes to the world's (z up).
  var orientation: [SimulatorMath.Quaternion]

  /// How fast a shaking hand strives back to the pose it began in, per second.
  static let restoring = 1.0

  /// Moves a rigid body by a hand's push.
  ///
  /// Orientation follows the angular velocity, so gravity turns consistently. The hand turns the body about a pivot (a
  /// wrist), so that rotation accelerates the point as well: a = push + ω̇ × p + ω × (ω × p). A slow turn back towards the
  /// first pose keeps the board from tumbling.
  ///
  /// - Parameters:
  ///   - hand: the push.
  ///   - envelope: strength of the shaking at each step.
  ///   - start: orientation at rest.
  ///   - pivot: from the pivot to the point, in the body's axes, in metres.
  init(
    hand: SimulatorHand, envelope: [Double], start: SimulatorMath.Quaternion, pivot: SIMD3<Double>
  ) {
    let step = 1 / SimulatorHand.rate
    let gravity = SIMD3(0, 0, InertialRange.standardGravity)
    var pose = start
    var rates: [SIMD3<Double>] = []
    orientation = []
    rates.reserveCapacity(hand.rotation.count)
    orientation.reserveCapacity(hand.rotation.count)
    for index in hand.rotation.indices {
      let away = pose.relative(to: start)
      let rate = hand.rotation[index] - away.v * (2 * away.w * Self.restoring * envelope[index])
      rates.append(rate)
      orientation.append(pose)
      // The midpoint rule: the push changes within a step, the turn back hardly.
      let following = hand.rotation[min(index + 1, hand.rotation.count - 1)]
      pose = pose.turned(by: rate + (following - hand.rotation[index]) / 2, for: step)
    }
    angularVelocity = rates
    specificForce = []
    specificForce.reserveCapacity(rates.count)
    for index in rates.indices {
      let swing = Self.transport(pivot, rate: rates[index], acceleration: Self.derivative(of: rates, at: index))
      specificForce.append(hand.translation[index] + swing + orientation[index].unrotate(gravity))
    }
  }

  /// The same body's motion at another of its points, and in other axes.
  ///
  /// For a rigid body the force is f + ω̇ × r + ω × (ω × r). If the grip is loose, the second board turns by itself (δ)
  /// and moves by itself (d) against the first, as a mass on a spring that the second hand's push drives:
  /// f + ω̇ × (r + d) + ω × (ω × (r + d)) + 2 ω × ḋ + d̈, seen in axes turned by δ.
  ///
  /// - Parameters:
  ///   - arm: from the first point to the second, in the body's axes, in metres.
  ///   - slack: the push that moves the second board against the first; nil if they are rigidly joined.
  ///   - envelope: strength of the shaking at each step.
  ///   - mounting: orientation of the second board's axes in the first's.
  func carried(
    arm: SIMD3<Double>, slack: SimulatorHand?, envelope: [Double], mounting: SimulatorMath.Quaternion
  ) -> SimulatorBody {
    var result = self
    let step = 1 / SimulatorHand.rate
    let stiffness = 2 * Double.pi * 1.0
    var turn = SimulatorMath.Quaternion()
    var shift = SIMD3<Double>()
    var shiftRate = SIMD3<Double>()
    for index in angularVelocity.indices {
      let rate = angularVelocity[index]
      let acceleration = Self.derivative(of: angularVelocity, at: index)
      var force = specificForce[index]
      var seen = rate
      if let slack {
        let shiftAcceleration =
          slack.translation[index] - (1.4 * stiffness) * shiftRate - (stiffness * stiffness) * shift
        force += Self.transport(arm + shift, rate: rate, acceleration: acceleration)
        force += 2 * SimulatorMath.cross(rate, shiftRate) + shiftAcceleration
        let own = slack.rotation[index] - turn.v * (2 * turn.w * Self.restoring)
        seen = turn.unrotate(rate) + own
        force = turn.unrotate(force)
        shiftRate += shiftAcceleration * step
        shift += shiftRate * step
        turn = turn.turned(by: own, for: step)
      } else {
        force += Self.transport(arm, rate: rate, acceleration: acceleration)
      }
      result.angularVelocity[index] = mounting.unrotate(seen)
      result.specificForce[index] = mounting.unrotate(force)
    }
    return result
  }

  /// What rotation adds to the acceleration at a distance r: ω̇ × r + ω × (ω × r).
  static func transport(
    _ arm: SIMD3<Double>, rate: SIMD3<Double>, acceleration: SIMD3<Double>
  ) -> SIMD3<Double> {
    SimulatorMath.cross(acceleration, arm) + SimulatorMath.cross(rate, SimulatorMath.cross(rate, arm))
  }

  /// The derivative of a sampled quantity per second, by the central difference over five points.
  static func derivative(of values: [SIMD3<Double>], at index: Int) -> SIMD3<Double> {
    guard values.count >= 5 else { return SIMD3() }
    let i = max(2, min(values.count - 3, index))
    let sum = 8 * (values[i + 1] - values[i - 1]) - (values[i + 2] - values[i - 2])
    return sum * (SimulatorHand.rate / 12)
  }
}
