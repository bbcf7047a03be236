import Testing

@testable import SecureChannel

@Suite("Handshakes between boards that know each other")
struct KnownKeyTests {
  private let prologue = ascii("prologue")

  private func initiator(
    _ own: KeyPair, _ remote: [UInt8], psk: SecretBytes? = nil
  ) throws -> HandshakeState {
    try HandshakeState(
      pattern: psk == nil ? .kk : .kkPSK0, role: .initiator, prologue: prologue, psk: psk, staticKeys: (own, remote))
  }

  private func responder(
    _ own: KeyPair, _ remote: [UInt8], psk: SecretBytes? = nil
  ) throws -> HandshakeState {
    try HandshakeState(
      pattern: psk == nil ? .kk : .kkPSK0, role: .responder, prologue: prologue, psk: psk, staticKeys: (own, remote))
  }

  @Test("only the one whose key is known is answered, and only it can read the answer")
  func authentication() throws {
    let (a, b, stranger) = (try KeyPair.generate(), try KeyPair.generate(), try KeyPair.generate())
    let first = try initiator(a, b.publicKey).writeMessage()
    #expect(try responder(b, a.publicKey).readMessage(first) == [])
    // A board that has other keys for the initiator, and one that is not the one meant.
    #expect(throws: NoiseError.authenticationFailed) { try responder(b, stranger.publicKey).readMessage(first) }
    #expect(throws: NoiseError.authenticationFailed) { try responder(stranger, a.publicKey).readMessage(first) }
    // Who knows both public keys but has neither private one.
    let forged = try initiator(stranger, b.publicKey).writeMessage()
    #expect(throws: NoiseError.authenticationFailed) { try responder(b, a.publicKey).readMessage(forged) }
  }

  @Test("two of the same board do not agree: one would be the other's peer")
  func oneself() throws {
    let (a, b) = (try KeyPair.generate(), try KeyPair.generate())
    let first = try initiator(a, b.publicKey).writeMessage()
    #expect(throws: NoiseError.authenticationFailed) { try responder(a, b.publicKey).readMessage(first) }
  }

  @Test("with the static keys, but without the pairing's secret, nobody is answered")
  func forgotten() throws {
    let (a, b) = (try KeyPair.generate(), try KeyPair.generate())
    let (psk, other) = (try SecretBytes.random(count: 32), try SecretBytes.random(count: 32))
    let first = try initiator(a, b.publicKey, psk: psk).writeMessage()
    #expect(throws: NoiseError.authenticationFailed) { try responder(b, a.publicKey, psk: other).readMessage(first) }
    #expect(try responder(b, a.publicKey, psk: psk).readMessage(first) == [])
  }

  @Test("static keys are given where they are needed, and only there")
  func callerBugs() throws {
    let pair = try KeyPair.generate()
    let psk = try SecretBytes.random(count: 32)
    #expect(throws: NoiseError.staticKeysMissing) {
      try HandshakeState(pattern: .kkPSK0, role: .initiator, prologue: [], psk: psk)
    }
    #expect(throws: NoiseError.staticKeysNotUsed) {
      try HandshakeState(pattern: .nn, role: .initiator, prologue: [], staticKeys: (pair, pair.publicKey))
    }
    #expect(throws: NoiseError.staticKeyWrongLength(actual: 31)) {
      try initiator(pair, Array(pair.publicKey.dropLast()))
    }
    #expect(throws: NoiseError.allZeroSharedSecret) {
      try initiator(pair, [UInt8](repeating: 0, count: 32)).writeMessage()
    }
  }

  @Test("meeting secrets: the same from both sides, others for every purpose, pairing and day")
  func meeting() throws {
    let (a, b) = (try IdentityKeys.generate().publicIdentity, try IdentityKeys.generate().publicIdentity)
    let secret = try PairingSecret(bytes: SecretBytes.random(count: 32))
    let one = try MeetingSecrets(secret, boards: (a, b), purpose: ascii("x"))
    let same = try MeetingSecrets(secret, boards: (b, a), purpose: ascii("x"))
    #expect(one.presharedKey == same.presharedKey)
    #expect(try one.room(onDay: 20_000) == same.room(onDay: 20_000))
    let other = try MeetingSecrets(secret, boards: (a, b), purpose: ascii("y"))
    let paired = try MeetingSecrets(
      PairingSecret(bytes: SecretBytes.random(count: 32)), boards: (a, b), purpose: ascii("x"))
    let rooms = [
      try one.room(onDay: 0), try one.room(onDay: 1), try one.room(onDay: -1), try other.room(onDay: 0),
      try paired.room(onDay: 0),
    ]
    #expect(Set(rooms).count == rooms.count)
    #expect(rooms.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
    #expect(one.presharedKey != other.presharedKey && one.presharedKey != paired.presharedKey)
    #expect(MeetingSecrets.day(ofSecond: 86_399) == 0 && MeetingSecrets.day(ofSecond: 86_400) == 1)
    #expect(MeetingSecrets.day(ofSecond: -1) == -1)
  }

  @Test("BLAKE2b-256, whole and in pieces (RFC 7693's algorithm; \"abc\" as b2sum -l 256 prints it)")
  func blake2b() {
    let expected = hex("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
    #expect(BLAKE2b.hash(ascii("abc")) == expected)
    var hash = BLAKE2b()
    hash.update(ascii("a"))
    let copy = hash
    hash.update(ascii("xbcx")[1...2])
    #expect(hash.finalize() == expected)
    #expect(copy.finalize() == BLAKE2b.hash(ascii("a")))
  }
}
