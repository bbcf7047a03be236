import SecureChannel

@testable import Transfer

/// A small generator for reproducible random inputs (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// Two boards that were paired.
struct Boards {
  let first: IdentityKeys
  let second: IdentityKeys
  let secret: PairingSecret

  init() throws {
    first = try IdentityKeys.generate()
    second = try IdentityKeys.generate()
    secret = try PairingSecret(bytes: SecretBytes.random(count: 32))
  }

  func atFirst(_ activity: Acquaintance.Activity, secret other: PairingSecret? = nil) throws -> Acquaintance {
    try Acquaintance(keys: first, peer: second.publicIdentity, secret: other ?? secret, activity: activity)
  }

  func atSecond(_ activity: Acquaintance.Activity) throws -> Acquaintance {
    try Acquaintance(keys: second, peer: first.publicIdentity, secret: secret, activity: activity)
  }
}

extension ResumableStream {
  static func numbered(_ number: UInt8) -> ResumableStream {
    ResumableStream(nonce: [UInt8](repeating: number, count: 16))
  }

  /// All frames that are to be sent now.
  mutating func frames() -> [[UInt8]] {
    var frames: [[UInt8]] = []
    while let frame = nextFrame() { frames.append(frame) }
    return frames
  }
}
