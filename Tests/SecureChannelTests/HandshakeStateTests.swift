import Testing

@testable import SecureChannel

@Suite("Handshake")
struct HandshakeStateTests {
  static let patterns = [HandshakePattern.nn, .nnPSK0, .kk, .kkPSK0]

  @Test("protocol names are the specification's")
  func names() {
    #expect(HandshakePattern.nn.protocolName == "Noise_NN_25519_ChaChaPoly_SHA256")
    #expect(HandshakePattern.nnPSK0.protocolName == "Noise_NNpsk0_25519_ChaChaPoly_SHA256")
  }

  @Test("fresh ephemerals: both sides agree, and no two sessions are alike", arguments: patterns)
  func agreement(pattern: HandshakePattern) throws {
    var hashes: Set<[UInt8]> = []
    for _ in 0..<5 {
      let sides = try Sides(pattern)
      let (a, b) = try sides.finish()
      #expect(sides.initiator.handshakeHash == sides.responder.handshakeHash)
      #expect(sides.initiator.handshakeHash.count == 32)
      hashes.insert(sides.initiator.handshakeHash)
      #expect(try b.decrypt(a.encrypt([1, 2], ad: [3]), ad: [3]) == [1, 2])
      #expect(try a.decrypt(b.encrypt([4, 5], ad: [6]), ad: [6]) == [4, 5])
    }
    #expect(hashes.count == 5)
  }

  @Test("different prologues or keys do not agree")
  func disagreement() throws {
    let a = try Sides(prologue: [1], psk: [UInt8](repeating: 1, count: 32))
    let otherPrologue = try Sides(prologue: [2], psk: [UInt8](repeating: 1, count: 32))
    let otherKey = try Sides(prologue: [1], psk: [UInt8](repeating: 2, count: 32))
    let message = try a.initiator.writeMessage()
    #expect(throws: NoiseError.authenticationFailed) { try otherPrologue.responder.readMessage(message) }
    #expect(throws: NoiseError.authenticationFailed) { try otherKey.responder.readMessage(message) }
    #expect(try a.responder.readMessage(message) == [])
  }

  @Test("without a pre-shared key a different prologue shows at the second message")
  func unauthenticatedDisagreement() throws {
    let a = try Sides(.nn, prologue: [1])
    let b = try Sides(.nn, prologue: [2])
    _ = try b.responder.readMessage(a.initiator.writeMessage())
    let answer = try b.responder.writeMessage()
    #expect(throws: NoiseError.authenticationFailed) { try a.initiator.readMessage(answer) }
  }

  @Test("caller bugs are told apart from bad input, and change nothing", arguments: patterns)
  func callerBugs(pattern: HandshakePattern) throws {
    let sides = try Sides(pattern)
    let (a, b) = (sides.initiator, sides.responder)
    #expect(throws: NoiseError.wrongTurn(expected: .read)) { try b.writeMessage() }
    #expect(throws: NoiseError.wrongTurn(expected: .write)) { try a.readMessage([]) }
    #expect(throws: NoiseError.handshakeNotFinished) { try a.split() }
    let first = try a.writeMessage()
    #expect(throws: NoiseError.wrongTurn(expected: .read)) { try a.writeMessage() }
    _ = try b.readMessage(first)
    #expect(throws: NoiseError.wrongTurn(expected: .write)) { try b.readMessage(first) }
    #expect(throws: NoiseError.handshakeNotFinished) { try b.split() }
    _ = try a.readMessage(b.writeMessage())
    #expect(throws: NoiseError.handshakeFinished) { try a.writeMessage() }
    #expect(throws: NoiseError.handshakeFinished) { try b.readMessage(first) }
    let hash = a.handshakeHash
    let (sender, receiver) = (try a.split(), try b.split())
    #expect(throws: NoiseError.alreadySplit) { try a.split() }
    #expect(throws: NoiseError.handshakeFinished) { try a.writeMessage() }
    #expect(a.isFinished && a.handshakeHash == hash)
    #expect(try receiver.decrypt(sender.encrypt([7])) == [7])
  }

  @Test("a pre-shared key is demanded, refused, or measured as the pattern says")
  func preSharedKeys() throws {
    let key = try SecretBytes.random(count: 32)
    let short = try SecretBytes.random(count: 31)
    #expect(throws: NoiseError.pskMissing) { try HandshakeState(pattern: .nnPSK0, role: .initiator, prologue: []) }
    #expect(throws: NoiseError.pskNotUsed) {
      try HandshakeState(pattern: .nn, role: .initiator, prologue: [], psk: key)
    }
    #expect(throws: NoiseError.pskWrongLength(actual: 31)) {
      try HandshakeState(pattern: .nnPSK0, role: .responder, prologue: [], psk: short)
    }
  }

  @Test("65535 bytes are a message, one more is not", arguments: patterns)
  func messageLimits(pattern: HandshakePattern) throws {
    let sides = try Sides(pattern)
    let overhead = pattern == .nn ? 32 : 48
    let maximum = 65535 - overhead
    let tooLong = [UInt8](repeating: 1, count: maximum + 1)
    #expect(throws: NoiseError.payloadTooLong(count: maximum + 1, maximum: maximum)) {
      try sides.initiator.writeMessage(payload: tooLong)
    }
    let longest = [UInt8](repeating: 1, count: maximum)
    let message = try sides.initiator.writeMessage(payload: longest)
    #expect(message.count == 65535)
    #expect(throws: NoiseError.messageTooLong(count: 65536)) { try sides.responder.readMessage(message + [0]) }
    #expect(throws: NoiseError.messageTooShort(count: overhead - 1, minimum: overhead)) {
      try sides.responder.readMessage(Array(message.prefix(overhead - 1)))
    }
    #expect(try sides.responder.readMessage(message) == longest)
  }

  @Test("our own ephemeral coming back is refused, its top bit flipped or not", arguments: patterns)
  func reflection(pattern: HandshakePattern) throws {
    let sides = try Sides(pattern)
    let message = try sides.initiator.writeMessage()
    var flipped = message + [UInt8](repeating: 0, count: 16)
    flipped[31] ^= 0x80
    for reflected in [message + [UInt8](repeating: 0, count: 16), flipped] {
      #expect(throws: NoiseError.reflectedEphemeral) { try sides.initiator.readMessage(reflected) }
    }
    #expect(NoiseError.reflectedEphemeral.origin == .peer)
    #expect(sides.initiator.remoteEphemeral == nil)
  }

  @Test("a responder that committed to its ephemeral refuses the same one from the other side")
  func reflectionToResponder() throws {
    let pair = try KeyPair.generate()
    let psk = try SecretBytes.random(count: 32)
    let a = try HandshakeState(pattern: .nnPSK0, role: .initiator, prologue: [], psk: psk, ephemeral: pair)
    let b = try HandshakeState(pattern: .nnPSK0, role: .responder, prologue: [], psk: psk, ephemeral: pair)
    let message = try a.writeMessage()
    #expect(throws: NoiseError.reflectedEphemeral) { try b.readMessage(message) }
  }

  @Test("an answer with an all-zero ephemeral is refused")
  func zeroEphemeral() throws {
    let a = try Sides(.nn).initiator
    _ = try a.writeMessage()
    let before = a.handshakeHash
    #expect(throws: NoiseError.allZeroSharedSecret) { try a.readMessage([UInt8](repeating: 0, count: 48)) }
    #expect(a.handshakeHash == before && a.remoteEphemeral == nil)
  }

  @Test("after any number of bad messages the good one still works", arguments: patterns, [1, 2, 3] as [UInt64])
  func badMessagesLeaveNoTrace(pattern: HandshakePattern, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sides = try Sides(pattern)
    for (writer, reader) in [(sides.initiator, sides.responder), (sides.responder, sides.initiator)] {
      let payload = random.bytes(Int.random(in: 0...50, using: &random))
      let good = try writer.writeMessage(payload: payload)
      // The first message of NN is not authenticated: any 32 bytes and more are a good one.
      let isAuthenticated = pattern.usesPSK || writer === sides.responder
      for round in 0..<200 {
        let before = (reader.handshakeHash, reader.remoteEphemeral)
        let bad = mutate(good, keepingShort: !isAuthenticated, &random)
        do {
          _ = try reader.readMessage(bad)
          Issue.record("seed \(seed), round \(round): a bad message was accepted")
        } catch {
          #expect(error.origin == .peer, "seed \(seed), round \(round): \(error)")
        }
        #expect(reader.handshakeHash == before.0 && reader.remoteEphemeral == before.1, "seed \(seed)")
      }
      #expect(try reader.readMessage(good) == payload, "seed \(seed)")
    }
    #expect(sides.initiator.handshakeHash == sides.responder.handshakeHash)
    #expect(try sides.responder.split().decrypt(sides.initiator.split().encrypt([1])) == [1])
  }

  private func mutate(_ good: [UInt8], keepingShort: Bool, _ random: inout SeededGenerator) -> [UInt8] {
    if keepingShort { return random.bytes(Int.random(in: 0...31, using: &random)) }
    var bad = good
    switch Int.random(in: 0...3, using: &random) {
    case 0: bad[Int.random(in: bad.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1: bad.removeLast(Int.random(in: 1...bad.count, using: &random))
    case 2: bad += random.bytes(Int.random(in: 1...40, using: &random))
    default: bad = random.bytes(Int.random(in: 0...200, using: &random))
    }
    return bad
  }

  @Test("error texts say what to do")
  func errorTexts() {
    let errors: [NoiseError] = [
      .wrongTurn(expected: .read), .wrongTurn(expected: .write), .handshakeFinished, .handshakeNotFinished,
      .alreadySplit, .pskMissing, .pskNotUsed, .pskWrongLength(actual: 1), .payloadTooLong(count: 2, maximum: 1),
      .transportClosed, .messageTooShort(count: 1, minimum: 2), .messageTooLong(count: 3), .authenticationFailed,
      .allZeroSharedSecret, .reflectedEphemeral, .nonceExhausted, .crypto(.memoryProtectionFailed),
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    #expect(errors.filter { $0.origin == .caller }.count == 10)
    #expect(errors.filter { $0.origin == .peer }.count == 5)
    for error in errors { #expect(error.description.contains(";"), "no advice in: \(error)") }
  }
}
