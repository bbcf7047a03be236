@testable import SecureChannel

/// Bytes of a hexadecimal string; anything else in it is left out.
func hex(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

extension SecretBytes {
  convenience init(hex text: String) throws { try self.init(copying: hex(text)) }

  var exposed: [UInt8] { withExposedBytes { $0 } }
}

extension KeyPair {
  init(hex text: String) throws { try self.init(privateKey: SecretBytes(hex: text)) }
}

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

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

/// Two sides of one handshake.
struct Sides {
  let initiator: HandshakeState
  let responder: HandshakeState

  init(
    _ pattern: HandshakePattern = .nnPSK0, prologue: [UInt8] = ascii("prologue"),
    psk: [UInt8] = [UInt8](repeating: 9, count: 32)
  ) throws {
    let key = pattern.usesPSK ? try SecretBytes(copying: psk) : nil
    let statics = pattern.knowsStaticKeys ? (try KeyPair.generate(), try KeyPair.generate()) : nil
    initiator = try HandshakeState(
      pattern: pattern, role: .initiator, prologue: prologue, psk: key,
      staticKeys: statics.map { ($0.0, $0.1.publicKey) })
    responder = try HandshakeState(
      pattern: pattern, role: .responder, prologue: prologue, psk: key,
      staticKeys: statics.map { ($0.1, $0.0.publicKey) })
  }

  func finish() throws -> (initiator: Transport, responder: Transport) {
    _ = try responder.readMessage(initiator.writeMessage())
    _ = try initiator.readMessage(responder.writeMessage())
    return (try initiator.split(), try responder.split())
  }
}
