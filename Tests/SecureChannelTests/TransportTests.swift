import Testing

@testable import SecureChannel

@Suite("Transport")
struct TransportTests {
  /// Key 00...1f, and what REKEY makes of it once and twice, by two Python implementations.
  static let keys = [
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "50835543a205b22c9323f2022bc4f67d838f90e61d5ccf33c4513e01f85b5042",
    "30fe3726fa0f864af01d15663c77f95e490e30143788af57e90d56fb9aa71609",
  ]

  /// Two ends under known keys, with the first direction's nonce at `nonce`.
  private func pair(nonce: UInt64 = 0) throws -> (a: Transport, b: Transport) {
    let key = try SecretBytes(hex: Self.keys[0])
    let forth = CipherState(key: key, nonce: nonce)
    let back = CipherState(key: try SecretBytes(copying: [UInt8](repeating: 2, count: 32)))
    return (
      Transport(sending: forth, receiving: back, handshakeHash: []),
      Transport(sending: back, receiving: forth, handshakeHash: [])
    )
  }

  @Test("associated data, order, repetition and every bit count")
  func authenticity() throws {
    let (a, b) = try pair()
    let first = try a.encrypt(ascii("first"), ad: [1])
    let second = try a.encrypt(ascii("second"))
    #expect(first.count == 5 + 16)
    #expect(throws: NoiseError.authenticationFailed) { try b.decrypt(second) }
    #expect(throws: NoiseError.authenticationFailed) { try b.decrypt(first, ad: [2]) }
    for index in first.indices {
      var altered = first
      altered[index] ^= 0x10
      #expect(throws: NoiseError.authenticationFailed) { try b.decrypt(altered, ad: [1]) }
    }
    #expect(try b.decrypt(first, ad: [1]) == ascii("first"))
    #expect(throws: NoiseError.authenticationFailed) { try b.decrypt(first, ad: [1]) }
    #expect(throws: NoiseError.authenticationFailed) { try a.decrypt(second) }
    #expect(try b.decrypt(second) == ascii("second"))
  }

  @Test("lengths: empty, longest, and beyond")
  func lengths() throws {
    let (a, b) = try pair()
    #expect(try b.decrypt(a.encrypt([])) == [])
    let longest = [UInt8](repeating: 3, count: 65519)
    #expect(throws: NoiseError.payloadTooLong(count: 65520, maximum: 65519)) { try a.encrypt(longest + [3]) }
    let sealed = try a.encrypt(longest)
    #expect(sealed.count == 65535)
    #expect(throws: NoiseError.messageTooLong(count: 65536)) { try b.decrypt(sealed + [0]) }
    for count in 0..<16 {
      let short = Array(sealed.prefix(count))
      #expect(throws: NoiseError.messageTooShort(count: count, minimum: 16)) { try b.decrypt(short) }
    }
    #expect(try b.decrypt(sealed) == longest)
  }

  @Test("2^16 messages and more: both directions cross a rekey in step, independently of each other")
  func rekeyInStep() throws {
    let (a, b) = try Sides().finish()
    for number in 0..<(1 << 16) + 3 {
      let text = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
      guard try b.decrypt(a.encrypt(text)) == text else {
        Issue.record("message \(number) was not opened")
        return
      }
    }
    #expect(try a.decrypt(b.encrypt([1])) == [1])
    for number in 0..<(1 << 16) + 3 {
      guard try a.decrypt(b.encrypt([5])) == [5] else {
        Issue.record("answer \(number) was not opened")
        return
      }
    }
    #expect(try b.decrypt(a.encrypt([2])) == [2])
  }

  @Test("the key changes exactly after every 2^16 messages, the nonce goes on", arguments: [1, 2])
  func rekeyVector(times: Int) throws {
    let boundary = UInt64(times) << 16
    let (before, after) = (Self.keys[times - 1], Self.keys[times])
    let start = CipherState(key: try SecretBytes(hex: before), nonce: boundary - 2)
    let sender = Transport(sending: start, receiving: start, handshakeHash: [])
    let receiver = Transport(sending: start, receiving: start, handshakeHash: [])
    for (nonce, key) in [
      (boundary - 2, before), (boundary - 1, before), (boundary, after), (boundary + 1, after),
    ] {
      var reference = CipherState(key: try SecretBytes(hex: key), nonce: nonce)
      let sealed = try sender.encrypt([1, 2, 3], ad: [4])
      #expect(try sealed == reference.encrypt(ad: [4], plaintext: [1, 2, 3]), "nonce \(nonce)")
      // A forgery right before, at and after the boundary must not move the receiver.
      #expect(throws: NoiseError.authenticationFailed) { try receiver.decrypt(sealed) }
      #expect(try receiver.decrypt(sealed, ad: [4]) == [1, 2, 3], "nonce \(nonce)")
    }
  }

  @Test("the last nonce is used, the reserved one is not")
  func nonceExhaustion() throws {
    let (a, b) = try pair(nonce: .max - 1)
    #expect(try b.decrypt(a.encrypt([1])) == [1])
    #expect(throws: NoiseError.nonceExhausted) { try a.encrypt([1]) }
    #expect(throws: NoiseError.nonceExhausted) { try b.decrypt([UInt8](repeating: 0, count: 16)) }
    #expect(try a.decrypt(b.encrypt([2])) == [2])
  }

  @Test("closing gives up the keys and never falls back to plaintext")
  func close() throws {
    weak var sendingKey: SecretBytes?
    weak var receivingKey: SecretBytes?
    let transport = try {
      let keys = (try SecretBytes.random(count: 32), try SecretBytes.random(count: 32))
      (sendingKey, receivingKey) = keys
      return Transport(
        sending: CipherState(key: keys.0), receiving: CipherState(key: keys.1), handshakeHash: [])
    }()
    _ = try transport.encrypt([1])
    #expect(sendingKey != nil && receivingKey != nil)
    transport.close()
    #expect(sendingKey == nil && receivingKey == nil)
    #expect(throws: NoiseError.transportClosed) { try transport.encrypt([1]) }
    #expect(throws: NoiseError.transportClosed) { try transport.decrypt([UInt8](repeating: 0, count: 16)) }
    transport.close()
  }

  @Test("the end of the last reference gives up the keys")
  func end() throws {
    weak var key: SecretBytes?
    do {
      let secret = try SecretBytes.random(count: 32)
      key = secret
      let cipher = CipherState(key: secret)
      _ = try Transport(sending: cipher, receiving: cipher, handshakeHash: []).encrypt([1])
    }
    #expect(key == nil)
  }

  @Test("split gives up the handshake's keys")
  func splitForgets() throws {
    weak var psk: SecretBytes?
    let handshake = try {
      let secret = try SecretBytes.random(count: 32)
      psk = secret
      let a = try HandshakeState(pattern: .nnPSK0, role: .initiator, prologue: [], psk: secret)
      let b = try HandshakeState(pattern: .nnPSK0, role: .responder, prologue: [], psk: secret)
      _ = try b.readMessage(a.writeMessage())
      _ = try a.readMessage(b.writeMessage())
      return a
    }()
    #expect(psk != nil)
    _ = try handshake.split()
    #expect(psk == nil)
  }

  @Test("used from many tasks, no nonce serves twice")
  func concurrency() async throws {
    let (a, _) = try pair()
    let sealed = try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<4 {
        group.addTask { try (0..<500).map { _ in try a.encrypt([0, 0, 0, 0]) } }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(sealed).count == 2000)
  }
}
