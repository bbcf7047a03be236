import Testing

@testable import SecureChannel

@Suite("Noise, against runs of other implementations")
struct NoiseVectorTests {
  static let files: [(name: String, pattern: HandshakePattern, runs: Int)] = [
    ("noise_nn", .nn, 3), ("noise_nnpsk0", .nnPSK0, 7), ("noise_kk", .kk, 2), ("noise_kkpsk0", .kkPSK0, 2),
  ]

  @Test("every message, hash and key is the same byte for byte", arguments: files)
  func succeedingRuns(file: (name: String, pattern: HandshakePattern, runs: Int)) throws {
    let fixture = try NoiseFixture.load(file.name)
    #expect(fixture.protocol_name == file.pattern.protocolName)
    #expect(fixture.vectors.count == file.runs)
    for run in fixture.vectors { try check(run, file.pattern) }
  }

  private func check(_ run: NoiseFixture.Run, _ pattern: HandshakePattern) throws {
    let psk = try run.psk.map { try SecretBytes(hex: $0) }
    let statics = try run.init_static.flatMap { a in
      try run.resp_static.map { (try KeyPair(hex: a), try KeyPair(hex: $0)) }
    }
    let initiator = try HandshakeState(
      pattern: pattern, role: .initiator, prologue: hex(run.init_prologue), psk: psk,
      staticKeys: statics.map { ($0.0, $0.1.publicKey) },
      ephemeral: KeyPair(hex: run.init_ephemeral))
    let responder = try HandshakeState(
      pattern: pattern, role: .responder, prologue: hex(run.resp_prologue), psk: psk,
      staticKeys: statics.map { ($0.1, $0.0.publicKey) },
      ephemeral: KeyPair(hex: run.resp_ephemeral))

    for (index, message) in run.messages.prefix(2).enumerated() {
      let (writer, reader) = index == 0 ? (initiator, responder) : (responder, initiator)
      #expect(!writer.isFinished && !reader.isFinished)
      let written = try writer.writeMessage(payload: hex(message.payload))
      #expect(written == hex(message.ciphertext), "run \(run.id), handshake message \(index)")
      #expect(try reader.readMessage(written) == hex(message.payload))
    }

    #expect(initiator.isFinished && responder.isFinished)
    #expect(initiator.handshakeHash == hex(run.handshake_hash), "run \(run.id)")
    #expect(responder.handshakeHash == hex(run.handshake_hash), "run \(run.id)")
    #expect(try initiator.remoteEphemeral == KeyPair(hex: run.resp_ephemeral).publicKey)
    #expect(try responder.remoteEphemeral == KeyPair(hex: run.init_ephemeral).publicKey)

    let (a, b) = (try initiator.split(), try responder.split())
    #expect(a.handshakeHash == hex(run.handshake_hash) && b.handshakeHash == hex(run.handshake_hash))
    for (index, message) in run.messages.dropFirst(2).enumerated() {
      let (sender, receiver) = index % 2 == 0 ? (a, b) : (b, a)
      let sealed = try sender.encrypt(hex(message.payload))
      #expect(sealed == hex(message.ciphertext), "run \(run.id), transport message \(index)")
      #expect(try receiver.decrypt(sealed) == hex(message.payload))
    }

    // One more message each way shows the key of each direction, also in runs without transport messages.
    let sent = UInt64(run.messages.count - 2)
    for (sender, key, nonce) in [
      (a, run.init_to_resp_key, (sent + 1) / 2), (b, run.resp_to_init_key, sent / 2),
    ] {
      var cipher = CipherState(key: try SecretBytes(hex: key), nonce: nonce)
      #expect(try sender.encrypt([1, 2, 3]) == cipher.encrypt(ad: [], plaintext: [1, 2, 3]), "run \(run.id)")
    }
  }

  @Test("each failing run fails at its step, with its error, and the responder stays usable")
  func failingRuns() throws {
    let fixture = try NoiseFixture.load("noise_nnpsk0")
    #expect(fixture.negative.count == 10)
    for run in fixture.negative {
      let responder = try HandshakeState(
        pattern: .nnPSK0, role: .responder, prologue: hex(run.resp_prologue), psk: SecretBytes(hex: run.psk),
        ephemeral: KeyPair(hex: run.resp_ephemeral))
      let before = responder.handshakeHash
      var failure: (step: String, error: NoiseError)?
      do {
        _ = try responder.readMessage(hex(run.message))
        do { _ = try responder.writeMessage() } catch { failure = ("write", error) }
      } catch {
        failure = ("read", error)
        #expect(responder.handshakeHash == before)
        #expect(responder.remoteEphemeral == nil)
      }
      let (step, error) = try #require(failure, "\(run.case) was accepted")
      #expect(step == run.fails_at, "\(run.case)")
      #expect(name(of: error) == run.expect, "\(run.case)")
      #expect(error.origin == .peer, "\(run.case)")
      #expect(!responder.isFinished)
    }
  }

  /// The name of the error's case, without associated values.
  private func name(of error: NoiseError) -> String {
    switch error {
    case .authenticationFailed: "authenticationFailed"
    case .messageTooShort: "messageTooShort"
    case .allZeroSharedSecret: "allZeroSharedSecret"
    default: "\(error)"
    }
  }
}
