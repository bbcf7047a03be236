import Testing

@testable import SecureChannel

@Suite("HKDF-SHA-256")
struct HKDFTests {
  struct Vector: Sendable {
    let ikm: [UInt8]
    let salt: [UInt8]
    let info: [UInt8]
    let prk: String
    let okm: String
  }

  /// RFC 5869, appendices A.1 to A.3.
  static let vectors = [
    Vector(
      ikm: [UInt8](repeating: 0x0b, count: 22), salt: [UInt8](0x00...0x0c), info: [UInt8](0xf0...0xf9),
      prk: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
    Vector(
      ikm: [UInt8](0x00...0x4f), salt: [UInt8](0x60...0xaf), info: [UInt8](0xb0...0xff),
      prk: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      okm: """
        b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09
        da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87
        """),
    Vector(
      ikm: [UInt8](repeating: 0x0b, count: 22), salt: [], info: [],
      prk: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
  ]

  @Test("RFC 5869", arguments: vectors)
  func rfc(vector: Vector) throws {
    let prk = try HKDF.extract(salt: vector.salt, ikm: SecretBytes(copying: vector.ikm))
    #expect(prk.exposed == hex(vector.prk))
    let okm = hex(vector.okm)
    #expect(try HKDF.expand(prk: prk, info: vector.info, count: okm.count).exposed == okm)
  }

  @Test("a shorter output is the beginning of a longer one, at every length around the blocks")
  func prefixes() throws {
    let prk = try SecretBytes(copying: [UInt8](1...32))
    let longest = try HKDF.expand(prk: prk, info: [7], count: HKDF.maximumOutputCount).exposed
    #expect(longest.count == 8160)
    for count in [1, 31, 32, 33, 63, 64, 65, 8159] {
      #expect(try HKDF.expand(prk: prk, info: [7], count: count).exposed == Array(longest.prefix(count)))
    }
    // The blocks must not repeat: the counter byte goes up to 255.
    let blocks = stride(from: 0, to: 8160, by: 32).map { Array(longest[$0..<$0 + 32]) }
    #expect(Set(blocks).count == 255)
  }

  @Test("wrong lengths are refused")
  func lengths() throws {
    let prk = try SecretBytes.random(count: 32)
    let short = try SecretBytes.random(count: 31)
    for count in [Int.min, -1, 0, 8161, Int.max] {
      #expect(throws: CryptoError.wrongLength(of: "the HKDF output", expected: "1 to 8160", actual: count)) {
        try HKDF.expand(prk: prk, info: [], count: count)
      }
    }
    #expect(throws: CryptoError.wrongLength(of: "the HKDF pseudorandom key", expected: "32 or more", actual: 31)) {
      try HKDF.expand(prk: short, info: [], count: 32)
    }
  }

  @Test("Noise's HKDF is Extract and Expand with no info, cut into keys", arguments: [2, 3])
  func noise(outputs: Int) throws {
    let chainingKey = [UInt8](repeating: 5, count: 32)
    let keys = try HKDF.noise(
      chainingKey: SecretBytes(copying: chainingKey), inputKeyMaterial: [1, 2, 3], outputs: outputs)
    let prk = try HKDF.extract(salt: chainingKey, ikm: SecretBytes(copying: [1, 2, 3]))
    #expect(keys.count == outputs)
    #expect(
      try keys.flatMap(\.exposed) == HKDF.expand(prk: prk, info: [], count: 32 * outputs).exposed)
  }
}
