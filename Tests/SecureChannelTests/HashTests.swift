import Testing

@testable import SecureChannel

@Suite("SHA-256 and HMAC-SHA-256")
struct HashTests {
  @Test(
    "FIPS 180-4 examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func examples(message: String, expected: String) {
    #expect(SHA256.hash(ascii(message)) == hex(expected))
  }

  @Test("a million times the letter a, in uneven pieces")
  func million() {
    var hash = SHA256()
    var left = 1_000_000
    while left > 0 {
      let count = min(left, 997)
      hash.update([UInt8](repeating: 0x61, count: count))
      left -= count
    }
    #expect(hash.finalize() == hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"))
  }

  @Test("pieces make the whole, wherever the cuts are", arguments: [1, 2, 3] as [UInt64])
  func pieces(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let message = random.bytes(Int.random(in: 0...300, using: &random))
      let cut = Int.random(in: 0...message.count, using: &random)
      var hash = SHA256()
      hash.update(Array(message[..<cut]))
      let early = hash.finalize()
      var copy = hash
      copy.update([1])
      hash.update(Array(message[cut...]))
      #expect(hash.finalize() == SHA256.hash(message), "seed \(seed)")
      #expect(hash.finalize() == SHA256.hash(message), "seed \(seed), asked again")
      #expect(early == SHA256.hash(Array(message[..<cut])), "seed \(seed)")
      #expect(copy.finalize() == SHA256.hash(message[..<cut] + [1]), "seed \(seed), the copy")
    }
  }

  @Test(
    "HMAC: RFC 4231, cases 1, 2, 3 and 6",
    arguments: [
      (
        [UInt8](repeating: 0x0b, count: 20), ascii("Hi There"),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        ascii("Jefe"), ascii("what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
      ),
      (
        [UInt8](repeating: 0xaa, count: 131), ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ])
  func hmac(key: [UInt8], message: [UInt8], expected: String) throws {
    #expect(try HMACSHA256.authenticate(key: SecretBytes(copying: key), message: message) == hex(expected))
  }

  @Test("constant-time comparison compares")
  func comparison() {
    #expect(constantTimeEqual([], []))
    #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
    #expect(!constantTimeEqual([], [0]))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2, 2]))
    #expect(!constantTimeEqual([0x80, 2, 3], [0, 2, 3]))
  }

  @Test("random bytes: the length asked for, and never the same")
  func random() throws {
    #expect(try SystemRandom.bytes(count: 0).isEmpty)
    let strings = try (0..<20).map { _ in try SystemRandom.bytes(count: 33) }
    #expect(strings.allSatisfy { $0.count == 33 })
    #expect(Set(strings).count == 20)
    #expect(throws: CryptoError.wrongLength(of: "a random string", expected: "zero or more", actual: -1)) {
      try SystemRandom.bytes(count: -1)
    }
  }
}
