import Testing

@testable import SecureChannel

@Suite("Short authentication string")
struct ShortAuthenticationStringTests {
  /// Values computed with Python's hmac module.
  @Test(
    "known values",
    arguments: [
      ("0000000000000000000000000000000000000000000000000000000000000000", "381567", "381 567"),
      ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "592926", "592 926"),
      ("df12f628e78e4c2d9b4096d15376777be9786c7af689b420549ce5ef23b8d7bc", "000306", "000 306"),
    ])
  func values(hash: String, digits: String, grouped: String) throws {
    let sas = try ShortAuthenticationString(handshakeHash: hex(hash))
    #expect(sas.digits == digits)
    #expect(sas.grouped == grouped)
    let list = ShortAuthenticationString.wordList
    let pairs = stride(from: 0, to: 6, by: 2).compactMap { Int(String(Array(digits)[$0..<$0 + 2])) }
    #expect(sas.words == pairs.map { list[$0] })
    #expect(sas.description == "\(grouped) (\(sas.words.joined(separator: " ")))")
  }

  @Test("both sides of a session show the same, another session something else")
  func sessions() throws {
    let one = try Sides()
    _ = try one.finish()
    let two = try Sides()
    _ = try two.finish()
    let sas = try ShortAuthenticationString(handshakeHash: one.initiator.handshakeHash)
    #expect(try sas == ShortAuthenticationString(handshakeHash: one.responder.handshakeHash))
    // The full hashes: two six-digit numbers may meet by chance.
    #expect(one.initiator.handshakeHash != two.initiator.handshakeHash)
  }

  @Test("a hash of another length is refused", arguments: [0, 31, 33, 64])
  func lengths(count: Int) {
    #expect(throws: CryptoError.wrongLength(of: "a handshake hash", expected: "32", actual: count)) {
      try ShortAuthenticationString(handshakeHash: [UInt8](repeating: 0, count: count))
    }
  }

  @Test("the words are a hundred, short, plain and far apart, and their order never changes")
  func wordList() {
    let words = ShortAuthenticationString.wordList
    #expect(words.count == 100)
    #expect(words.allSatisfy { (4...7).contains($0.count) && $0.allSatisfy { ("a"..."z").contains($0) } })
    #expect(Set(words.map { $0.prefix(3) }).count == 100)
    for (index, word) in words.enumerated() {
      for other in words[..<index] {
        #expect(editDistance(word, other) >= 3, "\(word) and \(other) are too alike")
      }
    }
    #expect(
      SHA256.hash(ascii(words.joined(separator: " ")))
        == hex("1a30e426839ef573de89d709a980e2cff407c6b5da04a29b82c667ef90e4da9d"))
  }

  /// Levenshtein's distance.
  private func editDistance(_ left: String, _ right: String) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        (diagonal, row[j + 1]) = (row[j + 1], min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1)))
      }
    }
    return row[right.count]
  }
}
