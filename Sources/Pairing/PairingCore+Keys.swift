import Agreement
import SecureChannel

extension PairingCore {
  private static let confirmation = "TACC2/confirm"

  /// Derives the keys and commits to the next ephemeral.
  mutating func commit(transcript: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard step == .closingReconciliation, let peerHello else { throw .unexpectedMessage("a checkpoint") }
    let (alice, bob) = role == .alice ? (hello, peerHello) : (peerHello, hello)
    do {
      let keys = try KeySchedule(
        bits: bits, sessionID: configuration.sessionID, nonceAlice: alice.nonce, nonceBob: bob.nonce,
        transcript: transcript)
      bits = BitString()
      let ephemeral = try KeyPair.generate()
      self.keys = keys
      self.ephemeral = ephemeral
      report.ledger.debit(.tag, bits: 0, "commitment tag: keyed, bound to the transcript")
      enter(.committing, at: now)
      outputs.append(.progress(.confirming))
      send(
        .commitCheckpoint,
        keys.tag(of: role, transcript: transcript)
          + KeySchedule.ephemeralCommitment(of: role, transcript: transcript, ephemeral: ephemeral.publicKey))
    } catch {
      throw .internalFault("\(error)")
    }
  }

  mutating func receiveCommitments(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard step == .committing, let keys, let transcript = transcripts["rec"] else {
      throw .unexpectedMessage("a commitment")
    }
    var reader = ByteReader(body)
    let tag = try reader.read(32)
    peerEphemeralCommitment = try reader.read(32)
    try reader.end()
    guard !constantTimeEqual(tag, keys.tag(of: role, transcript: transcript)) else { throw .tagReflected }
    guard constantTimeEqual(tag, keys.tag(of: role.peer, transcript: transcript)) else { throw .tagMismatch }
    report.roundTrips += 1
  }

  mutating func beginHandshake(transcript: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard step == .committing, let keys, let ephemeral else { throw .unexpectedMessage("a checkpoint") }
    do {
      let inner = try HandshakeState(
        pattern: .nnPSK0, role: role == .alice ? .initiator : .responder,
        prologue: ascii("TACC2/inner/1") + configuration.sessionID + outerHash + transcript, psk: keys.pairingKey,
        ephemeral: ephemeral)
      self.inner = inner
      enter(.handshaking, at: now)
      if role == .alice { send(.handshake, try inner.writeMessage()) }
    } catch {
      throw .handshake("\(error)")
    }
  }

  mutating func receiveHandshake(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard step == .handshaking, let inner, let transcript = transcripts["rec"] else {
      throw .unexpectedMessage("a handshake message")
    }
    guard body.count >= 32 else { throw .malformed("a handshake message of \(body.count) bytes") }
    let committed = KeySchedule.ephemeralCommitment(
      of: role.peer, transcript: transcript, ephemeral: Array(body.prefix(32)))
    guard constantTimeEqual(committed, peerEphemeralCommitment) else { throw .ephemeralMismatch }
    do {
      guard try inner.readMessage(body).isEmpty else { throw AbortReason.malformed("a payload in the handshake") }
      report.roundTrips += 1
      if role == .bob { send(.handshake, try inner.writeMessage()) }
      try confirm(inner, at: now)
    } catch let reason as AbortReason {
      throw reason
    } catch {
      throw .handshake("\(error)")
    }
  }

  private mutating func confirm(_ inner: HandshakeState, at now: PairingInstant) throws(AbortReason) {
    guard let keys else { throw .internalFault("no keys") }
    do {
      let (transport, exporter) = try inner.splitWithExporter()
      let hash = inner.handshakeHash
      let sealed = try transport.encrypt(ascii(PairingCore.confirmation) + [role.byte])
      session = PairedSession(
        transport: transport, pairingKey: keys.pairingKey, fingerprint: keys.fingerprint,
        sas: try ShortAuthenticationString(handshakeHash: hash), handshakeHash: hash,
        pairingSecret: try PairingSecret(exporter: exporter, handshakeHash: hash))
      enter(.confirming, at: now)
      send(.confirm, sealed)
    } catch {
      throw .internalFault("\(error)")
    }
  }

  mutating func receiveConfirmation(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard step == .confirming, let session else { throw .unexpectedMessage("a confirmation") }
    let expected = ascii(PairingCore.confirmation) + [role.peer.byte]
    guard let plaintext = try? session.transport.decrypt(body), constantTimeEqual(plaintext, expected) else {
      throw .confirmation
    }
    try identify(in: session, at: now)
  }
}
