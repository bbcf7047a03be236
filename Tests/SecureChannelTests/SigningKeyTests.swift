import Testing

@testable import SecureChannel

@Suite("Ed25519")
struct SigningKeyTests {
  struct Vector: Sendable {
    let seed, publicKey, message, signature: String
  }
  static let vectors = [
    Vector(
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
      signature:
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    Vector(
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
      signature:
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
    Vector(
      seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", message: "af82",
      signature:
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
  ]

  @Test("RFC 8032, section 7.1", arguments: vectors)
  func vector(_ vector: Vector) throws {
    let key = try SigningKey(seed: SecretBytes(hex: vector.seed))
    #expect(key.publicKey == hex(vector.publicKey))
    #expect(key.sign(hex(vector.message)) == hex(vector.signature))
    #expect(SigningKey.isValid(hex(vector.signature), of: hex(vector.message), by: key.publicKey))
  }

  @Test("every bit of message, signature and key counts")
  func alterations() throws {
    let key = try SigningKey.generate()
    let message = ascii("TACC2/id and so on")
    let signature = key.sign(message)
    #expect(SigningKey.isValid(signature, of: message, by: key.publicKey))
    for bit in 0..<512 {
      var other = signature
      other[bit / 8] ^= 1 << (bit % 8)
      #expect(!SigningKey.isValid(other, of: message, by: key.publicKey), "bit \(bit)")
    }
    var other = message
    other[3] ^= 1
    #expect(!SigningKey.isValid(signature, of: other, by: key.publicKey))
    #expect(!SigningKey.isValid(signature, of: message, by: try SigningKey.generate().publicKey))
  }

  @Test("a key of small order, which would accept signatures of anything, is refused")
  func smallOrder() {
    // The neutral element as public key and as R, and S = 0: the equation holds for every message.
    let one = [1] + [UInt8](repeating: 0, count: 31)
    let signature = one + [UInt8](repeating: 0, count: 32)
    #expect(!SigningKey.isValid(signature, of: ascii("anything"), by: one))
  }

  @Test("other lengths are refused", arguments: [0, 31, 33, 64])
  func lengths(count: Int) throws {
    #expect(throws: CryptoError.wrongLength(of: "an Ed25519 seed", expected: "32", actual: count)) {
      try SigningKey(seed: SecretBytes.random(count: count))
    }
    let key = try SigningKey.generate()
    #expect(!SigningKey.isValid(Array(key.sign([]).dropLast()), of: [], by: key.publicKey))
    #expect(!SigningKey.isValid(key.sign([]), of: [], by: [UInt8](repeating: 1, count: count)))
  }
}
