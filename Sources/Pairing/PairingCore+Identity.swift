import SecureChannel

extension PairingCore {
  /// Goes on from the peer's confirmation: to the end, or to the exchange of identities where both sides have one.
  mutating func identify(in session: PairedSession, at now: PairingInstant) throws(AbortReason) {
    guard let own = configuration.identity, peerHello?.offersIdentity == true else {
      outputs.append(.paired(session))
      finish()
      return
    }
    let exchange = IdentityExchange(own: own, role: role, handshakeHash: session.handshakeHash)
    identities = exchange
    enter(.identifying, at: now)
    send(.identity, try seal(exchange.identity, in: session))
  }

  mutating func receiveIdentity(_ body: [UInt8]) throws(AbortReason) {
    guard step == .identifying, let session, identities != nil else { throw .unexpectedMessage("an identity") }
    let message = try open(body, in: session)
    guard let proof = try identities?.receive(identity: message) else { return }
    report.roundTrips += 1
    send(.identityProof, try seal(proof, in: session))
  }

  mutating func receiveIdentityProof(_ body: [UInt8]) throws(AbortReason) {
    guard step == .identifying, let identities, var session else { throw .unexpectedMessage("an identity's proof") }
    session.peer = try identities.receive(proof: try open(body, in: session))
    self.session = session
    report.roundTrips += 1
    outputs.append(.paired(session))
    finish()
  }

  private func seal(_ message: [UInt8], in session: PairedSession) throws(AbortReason) -> [UInt8] {
    do { return try session.transport.encrypt(message) } catch { throw .internalFault("\(error)") }
  }

  private func open(_ body: [UInt8], in session: PairedSession) throws(AbortReason) -> [UInt8] {
    do { return try session.transport.decrypt(body) } catch { throw .confirmation }
  }
}
