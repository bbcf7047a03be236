import Testing

@testable import SecureChannel

@Suite("X25519")
struct KeyPairTests {
  static let base = [9] + [UInt8](repeating: 0, count: 31)

  @Test("RFC 7748, section 6.1")
  func diffieHellman() throws {
    let alice = try KeyPair(hex: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    let bob = try KeyPair(hex: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    #expect(alice.publicKey == hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
    #expect(bob.publicKey == hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"))
    let shared = try alice.sharedSecret(with: bob.publicKey)
    #expect(shared.exposed == hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"))
    #expect(try bob.sharedSecret(with: alice.publicKey) == shared)
  }

  @Test("RFC 7748, section 5.2, the iteration once and a thousand times")
  func iteration() throws {
    var k = Self.base
    var u = Self.base
    for round in 1...1000 {
      (k, u) = (try KeyPair(privateKey: SecretBytes(copying: k)).sharedSecret(with: u).exposed, k)
      if round == 1 {
        #expect(k == hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"))
      }
    }
    #expect(k == hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"))
  }

  @Test("every pair is fresh")
  func generate() throws {
    let keys = try (0..<10).map { _ in try KeyPair.generate().publicKey }
    #expect(Set(keys).count == 10)
    #expect(keys.allSatisfy { $0.count == 32 })
  }

  /// Encodings of all points of order 1, 2, 4 and 8 on the curve and its twist, canonical and not.
  static let smallOrder = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ]

  @Test("public keys of small order are refused, top bit set or not", arguments: smallOrder)
  func refusesSmallOrder(encoding: String) throws {
    let pair = try KeyPair.generate()
    for topBit: UInt8 in [0, 0x80] {
      var point = hex(encoding)
      point[31] |= topBit
      #expect(throws: CryptoError.allZeroSharedSecret) { try pair.sharedSecret(with: point) }
    }
  }

  @Test("keys of other lengths are refused", arguments: [0, 31, 33])
  func lengths(count: Int) throws {
    #expect(throws: CryptoError.wrongLength(of: "an X25519 private key", expected: "32", actual: count)) {
      try KeyPair(privateKey: SecretBytes.random(count: count))
    }
    #expect(throws: CryptoError.wrongLength(of: "an X25519 public key", expected: "32", actual: count)) {
      try KeyPair.generate().sharedSecret(with: [UInt8](repeating: 9, count: count))
    }
  }
}
