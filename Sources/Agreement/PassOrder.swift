/// In what order a pass takes the bits: the passes below `CascadeSchedule.structuredPassLimit` shuffle them, the others
/// take a random half, whose parity is usually all that is asked for, so that an order is not even made.
enum PassOrder: Sendable {
  case shuffled(Permutation)
  case half(RandomHalf)

  /// The order of the pass that has this number in queries.
  init(pass: Int, count: Int, using generator: inout some RandomNumberGenerator) {
    self =
      pass < CascadeSchedule.structuredPassLimit
      ? .shuffled(Permutation(count: count, using: &generator)) : .half(RandomHalf(count: count, using: &generator))
  }

  /// The bits in order.
  var permutation: Permutation {
    switch self {
    case .shuffled(let permutation): permutation
    case .half(let half): Permutation(half)
    }
  }
}
