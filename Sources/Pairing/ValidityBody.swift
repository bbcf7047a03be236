import Agreement

/// Which values of one second a side has: all but those that clipping and gaps spoilt.
struct ValidityBody: Equatable {
  /// One per step and channel, step by step.
  var isPresent: [Bool]

  func encoded() -> [UInt8] { BitString(isPresent).packed() }

  init(isPresent: [Bool]) { self.isPresent = isPresent }

  init(decoding body: [UInt8], count: Int) throws(AbortReason) {
    guard let bits = BitString(packed: body, count: count) else { throw .malformed("validity of the wrong length") }
    isPresent = (0..<bits.count).map { bits[$0] }
  }
}
