import Agreement
import SecureChannel

/// The keys that follow from the reconciled bits.
struct KeySchedule: Sendable {
  /// The pairing key Kp.
  let pairingKey: SecretBytes
  /// The key of the two commitment tags.
  let commitKey: SecretBytes

  /// PRK = HKDF-Extract(salt, be32(n) ‖ bits); Kp and the commit key are its only expansions.
  init(
    bits: BitString, sessionID: [UInt8], nonceAlice: [UInt8], nonceBob: [UInt8], transcript: [UInt8]
  ) throws(CryptoError) {
    let salt = SHA256.hash(ascii("TACC2/salt") + sessionID + nonceAlice + nonceBob)
    var packed = bits.packed()
    var material = bigEndian(UInt32(bits.count)) + packed
    wipe(&packed)
    let ikm = try SecretBytes(moving: &material)
    let prk = try HKDF.extract(salt: salt, ikm: ikm)
    pairingKey = try HKDF.expand(prk: prk, info: ascii("TACC2/kp") + transcript, count: 32)
    commitKey = try HKDF.expand(prk: prk, info: ascii("TACC2/commit") + transcript, count: 32)
  }

  /// tag_X = HMAC(commit key, "TACC2/tag" ‖ X ‖ th_rec).
  func tag(of role: PairingRole, transcript: [UInt8]) -> [UInt8] {
    HMACSHA256.authenticate(key: commitKey, message: ascii("TACC2/tag") + [role.byte] + transcript)
  }

  /// Eight bytes of an HMAC under Kp, in hexadecimal.
  var fingerprint: String {
    let mac = HMACSHA256.authenticate(key: pairingKey, message: ascii("TACC2/fingerprint"))
    return Hexadecimal.text(mac.prefix(8))
  }

  /// H("TACC2/ecommit" ‖ X ‖ th_rec ‖ e_X).
  static func ephemeralCommitment(of role: PairingRole, transcript: [UInt8], ephemeral: [UInt8]) -> [UInt8] {
    SHA256.hash(ascii("TACC2/ecommit") + [role.byte] + transcript + ephemeral)
  }
}
