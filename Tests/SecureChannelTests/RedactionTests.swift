import Testing

@testable import SecureChannel

@Suite("Secrets do not show")
struct RedactionTests {
  /// A leak would show as 171171 or abab, once everything but letters and digits is left out.
  private static let telltale = [UInt8](repeating: 0xAB, count: 32)

  /// Everything that Swift's standard ways of printing make of `value`.
  private func printed(_ value: some Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    return [
      String(describing: value), String(reflecting: value), "\(value)", "\([value])", "\(Optional(value) as Any)",
      "\((1, value))", String(describing: Mirror(reflecting: value).children.map { "\($0)" }), dumped,
    ].joined().lowercased().filter { $0.isLetter || $0.isNumber }
  }

  private func expectSilence(_ value: some Any) {
    let text = printed(value)
    #expect(!text.contains("171171"), "\(text)")
    #expect(!text.contains("abab"), "\(text)")
  }

  @Test("the search would find a leak")
  func control() {
    #expect(printed(Self.telltale).contains("171171"))
  }

  @Test("SecretBytes")
  func secretBytes() throws {
    let secret = try SecretBytes(copying: Self.telltale)
    expectSilence(secret)
    #expect("\(secret)" == "SecretBytes(32 bytes, redacted)")
    #expect(Mirror(reflecting: secret).children.isEmpty)
  }

  @Test("KeyPair shows its public key alone")
  func keyPair() throws {
    let pair = try KeyPair(privateKey: SecretBytes(copying: Self.telltale))
    expectSilence(pair)
    #expect(Mirror(reflecting: pair).children.map(\.label) == ["publicKey"])
  }

  @Test("long-term keys show their public halves alone")
  func identity() throws {
    let signing = try SigningKey(seed: SecretBytes(copying: Self.telltale))
    expectSilence(signing)
    #expect(Mirror(reflecting: signing).children.map(\.label) == ["publicKey"])
    expectSilence(try IdentityKeys(secret: SecretBytes(copying: Self.telltale + Self.telltale)))
    expectSilence(try PairingSecret(bytes: SecretBytes(copying: Self.telltale)))
  }

  @Test("Noise states")
  func noise() throws {
    let secret = try SecretBytes(copying: Self.telltale)
    let cipher = CipherState(key: secret)
    expectSilence(cipher)
    expectSilence(Transport(sending: cipher, receiving: cipher, handshakeHash: Self.telltale))
    let pair = try KeyPair(privateKey: secret)
    expectSilence(
      try HandshakeState(pattern: .nnPSK0, role: .initiator, prologue: [], psk: secret, ephemeral: pair))
    var symmetric = try SymmetricState(protocolName: "x")
    try symmetric.mixKey(secret)
    #expect(printed(symmetric).contains("secretbytes32bytesredacted"))
  }

  @Test("running hash")
  func hash() {
    var hash = SHA256()
    hash.update(Self.telltale)
    expectSilence(hash)
  }
}
