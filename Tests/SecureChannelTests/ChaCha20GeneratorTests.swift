import Testing

@testable import SecureChannel

@Suite("ChaCha20 generator")
struct ChaCha20GeneratorTests {
  private func bytes(_ generator: inout ChaCha20Generator, _ count: Int) -> [UInt8] {
    (0..<count / 8).flatMap { _ in
      let word = generator.next()
      return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
  }

  @Test("RFC 8439, appendix A.1, vectors 1 and 2: zero key, zero nonce, blocks 0 and 1")
  func rfc() throws {
    var generator = try ChaCha20Generator(key: [UInt8](repeating: 0, count: 32))
    #expect(
      bytes(&generator, 128)
        == hex(
          """
          76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7
          da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586
          9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed
          29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f
          """))
  }

  @Test("a mebibyte of keystream is another implementation's, across every refill")
  func mebibyte() throws {
    var generator = try ChaCha20Generator(key: [UInt8](0..<32))
    let stream = bytes(&generator, 1 << 20)
    // OpenSSL's ChaCha20, by way of Python's cryptography.
    #expect(stream.prefix(16) == hex("39fd2b7dd9c5196a8dbd0377b8dc4a49")[...])
    #expect(SHA256.hash(stream) == hex("d9349ac5d39db0263c5f438bd673d0a6a8a061d0f176078271ee37bf024aa7f1"))
  }

  @Test("a copy goes on by itself, from the same place")
  func value() throws {
    var one = try ChaCha20Generator(key: [UInt8](repeating: 1, count: 32))
    for _ in 0..<100 { _ = one.next() }
    var two = one
    let ahead = (0..<300).map { _ in one.next() }
    #expect((0..<300).map { _ in two.next() } == ahead)
  }

  @Test("keys of other lengths are refused", arguments: [0, 31, 33])
  func lengths(count: Int) {
    #expect(throws: CryptoError.wrongLength(of: "a ChaCha20 key", expected: "32", actual: count)) {
      try ChaCha20Generator(key: [UInt8](repeating: 0, count: count))
    }
  }
}
