import Testing

@testable import SecureChannel

@Suite("Identities")
struct IdentityTests {
  @Test("what is kept gives the same keys again")
  func secretRoundTrip() throws {
    let keys = try IdentityKeys.generate()
    let again = try IdentityKeys(secret: keys.secret())
    #expect(again.publicIdentity == keys.publicIdentity)
    #expect(again.signingKey.sign([1]) == keys.signingKey.sign([1]))
    #expect(try keys.secret().exposed == keys.staticKey.privateKey.exposed + keys.signingKey.seed.exposed)
    #expect(throws: CryptoError.wrongLength(of: "the secret of an identity", expected: "64", actual: 63)) {
      try IdentityKeys(secret: SecretBytes.random(count: 63))
    }
  }

  @Test("a public identity is 64 bytes, and its fingerprint is a hash of them")
  func publicIdentity() throws {
    let bytes = [UInt8](repeating: 2, count: 32) + [UInt8](repeating: 1, count: 32)
    let identity = try PublicIdentity(encoded: bytes)
    #expect(identity.staticKey == Array(bytes.prefix(32)))
    #expect(identity.encoded == bytes)
    #expect(identity.fingerprint == "f6bc2db80cf6a3fe6f8ae9b0f25aa8ce")
    #expect(throws: CryptoError.self) { try PublicIdentity(encoded: Array(bytes.dropLast())) }
  }

  @Test("no secret can be agreed with a key of small order")
  func smallOrder() throws {
    let keys = try IdentityKeys.generate()
    let bad = try PublicIdentity(
      staticKey: [UInt8](repeating: 0, count: 32), signingKey: keys.publicIdentity.signingKey)
    #expect(!keys.canAgree(with: bad))
    #expect(keys.canAgree(with: try IdentityKeys.generate().publicIdentity))
  }

  @Test(
    "names that would do harm on a line are none",
    arguments: [
      "", " a", "a ", "a\nb", "a\u{7F}", "a\u{1B}[31m", "a\u{202E}b", "a\u{200B}b", "a\u{2028}b", "\u{E000}",
      String(repeating: "x", count: 65), String(repeating: "é", count: 33),
    ])
  func badNames(text: String) {
    #expect(DeviceName(text) == nil)
    let made = DeviceName(sanitizing: text)
    #expect(DeviceName(made.text) == made, "«\(made)»")
  }

  @Test(
    "names that are names stay as they are",
    arguments: [
      "raspberrypi", "Küche 2", "板", String(repeating: "x", count: 64), String(repeating: "é", count: 32),
    ])
  func goodNames(text: String) {
    #expect(DeviceName(text)?.text == text)
    #expect(DeviceName(sanitizing: text).text == text)
  }

  @Test("what is cut is cut between characters")
  func cutting() {
    #expect(DeviceName(sanitizing: String(repeating: "é", count: 40)).text == String(repeating: "é", count: 32))
    #expect(DeviceName(sanitizing: "x" + String(repeating: "é", count: 40)).text.utf8.count == 63)
    #expect(DeviceName(sanitizing: "\u{1B}[31m red \n").text == "[31m red")
    #expect(DeviceName(sanitizing: "\n\t ").text == "board")
  }

  @Test("random names are sanitised to names")
  func randomNames() {
    let seed = UInt64.random(in: 0..<1 << 48)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let bytes = random.bytes(Int.random(in: 0...90, using: &random))
      let name = DeviceName(sanitizing: String(decoding: bytes, as: UTF8.self))
      #expect(DeviceName(name.text) == name, "seed \(seed)")
    }
  }
}

@Suite("Exported keys")
struct PairingSecretTests {
  static func boards() throws -> (PublicIdentity, PublicIdentity) {
    (
      try PublicIdentity(encoded: [UInt8](repeating: 2, count: 32) + [UInt8](repeating: 1, count: 32)),
      try PublicIdentity(encoded: [UInt8](repeating: 1, count: 32) + [UInt8](repeating: 9, count: 32))
    )
  }

  @Test("as another program computes it")
  func vector() throws {
    // Python's hmac and hashlib, from the formula.
    let secret = try PairingSecret(
      exporter: SecretBytes(copying: Array(0..<32)), handshakeHash: Array(100..<132))
    #expect(secret.bytes.exposed == hex("4bfbdd5a9a53ffb1d54dabeba45df1fcef7925a9099deec1f31c5454e9dced4d"))
    let label = try #require(ExportLabel("wireguard-psk"))
    let boards = try Self.boards()
    for pair in [boards, (boards.1, boards.0)] {
      let key = try secret.exportedKey(label, boards: pair, count: 32)
      #expect(key.exposed == hex("ca7f1d1e140a778b141150957561ebcd645677629bc6e43c0298cf5bf60bc624"))
    }
  }

  @Test("both sides of a handshake hold the same secret, which is not the transport's")
  func handshake() throws {
    let sides = try Sides()
    _ = try sides.responder.readMessage(sides.initiator.writeMessage())
    _ = try sides.initiator.readMessage(sides.responder.writeMessage())
    let (a, b) = (try sides.initiator.splitWithExporter(), try sides.responder.splitWithExporter())
    #expect(a.exporter == b.exporter)
    #expect(try b.transport.decrypt(a.transport.encrypt([7])) == [7])
    let first = try PairingSecret(exporter: a.exporter, handshakeHash: a.transport.handshakeHash)
    #expect(first.bytes != a.exporter)
    #expect(throws: NoiseError.alreadySplit) { try sides.initiator.splitWithExporter() }
    // Another handshake, another secret.
    let other = try Sides()
    _ = try other.responder.readMessage(other.initiator.writeMessage())
    _ = try other.initiator.readMessage(other.responder.writeMessage())
    #expect(try other.initiator.splitWithExporter().exporter != a.exporter)
  }

  @Test("labels, lengths, boards and secrets give keys that have nothing in common")
  func independence() throws {
    let boards = try Self.boards()
    let third = try IdentityKeys.generate().publicIdentity
    let labels = try ["a", "b", "wireguard-psk", "wireguard-psk2"].map { try #require(ExportLabel($0)) }
    var prefixes: Set<[UInt8]> = []
    var made = 0
    for secret in [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)] {
      let secret = try PairingSecret(bytes: SecretBytes(copying: secret))
      for label in labels {
        for pair in [boards, (boards.0, third), (boards.1, third)] {
          for count in [16, 32, 33, 1024] {
            let key = try secret.exportedKey(label, boards: pair, count: count)
            #expect(key.count == count)
            prefixes.insert(Array(key.exposed.prefix(16)))
            made += 1
          }
        }
      }
    }
    #expect(prefixes.count == made)
  }

  @Test("lengths that are none", arguments: [-1, 0, 1025])
  func lengths(count: Int) throws {
    let secret = try PairingSecret(bytes: SecretBytes.random(count: 32))
    let label = try #require(ExportLabel("a"))
    let boards = try Self.boards()
    #expect(throws: CryptoError.self) { try secret.exportedKey(label, boards: boards, count: count) }
    #expect(throws: CryptoError.self) { try PairingSecret(bytes: SecretBytes.random(count: 31)) }
  }

  @Test("labels that are none", arguments: ["", "a b", "ä", "a\n", String(repeating: "x", count: 65)])
  func labels(text: String) { #expect(ExportLabel(text) == nil) }

  @Test("text of secrets")
  func text() throws {
    let secret = try SecretBytes(copying: Array(0..<32) + [0xFF])
    #expect(
      secret.withExposedText(.hexadecimal) { String(decoding: $0, as: UTF8.self) } == Hexadecimal.text(secret.exposed))
    let text = secret.withExposedText(.base64) { Array($0) }
    #expect(String(decoding: text, as: UTF8.self) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh//")
    #expect(try SecretBytes(base64: text[...], count: 33) == secret)
    for bad in [
      Array(text.dropLast()), text + [65], text + ascii("AAAA"), [], ascii("!") + text.dropFirst(), text + [0],
    ] {
      #expect(throws: CryptoError.malformedText(count: 33)) { try SecretBytes(base64: bad[...], count: 33) }
    }
  }
}
