import Agreement
import Motion

/// How the key zone is cut into bits, by the profile that the two sides agreed on.
///
/// Bob derives a plan from the two public preambles, with the board for the reference that leaves more, and sends it; Alice
/// derives the same numbers and accepts each within one quantum, so that floating point on two processors cannot split the
/// sides. Nothing in it depends on the key zone.
enum Plan: Sendable, Hashable {
  /// Innovations between guarded thresholds.
  case `guard`(SignalPlan)
  /// Low-passed values on a lattice.
  case offset(OffsetPlan)

  var profile: QuantiserProfile {
    switch self {
    case .guard: .guard
    case .offset: .offset
    }
  }

  /// Grid points per step.
  var width: Int {
    switch self {
    case .guard(let plan): plan.chain.width
    case .offset(let plan): plan.lowPass.width
    }
  }

  /// The channels in use, gyroscope before accelerometer, x before y before z.
  var channels: [MotionChannel] {
    switch self {
    case .guard(let plan): plan.channels.map(\.channel)
    case .offset(let plan): plan.channels.map(\.channel)
    }
  }

  /// Bits per value of each channel.
  var levels: [Int] {
    switch self {
    case .guard(let plan): plan.channels.map(\.levels)
    case .offset(let plan): plan.channels.map(\.bits)
    }
  }

  /// Predicted rate of bit errors after erasure, in units of 10⁻⁴.
  var errorCode: UInt16 {
    switch self {
    case .guard(let plan): plan.errorCode
    case .offset(let plan): plan.errorCode
    }
  }

  /// Predicted rate of bit errors after erasure.
  var predictedErrorRate: Double { Double(errorCode) * 1e-4 }

  /// The bits that one step holds before erasure.
  var bitsPerStep: Int { levels.reduce(0, +) }

  func encoded() -> [UInt8] {
    switch self {
    case .guard(let plan): plan.encoded()
    case .offset(let plan): plan.encoded()
    }
  }

  /// A plan of the agreed profile, whose body says nothing of the profile itself.
  init(decoding body: [UInt8], profile: QuantiserProfile) throws(AbortReason) {
    switch profile {
    case .guard: self = .guard(try SignalPlan(decoding: body))
    case .offset: self = .offset(try OffsetPlan(decoding: body))
    }
  }
}
