import SecureChannel

/// How two boards that know each other make sure, in a fresh session at the relay, that it is they:
/// `Noise_KKpsk0_25519_ChaChaPoly_SHA256` with their static keys and the pre-shared key of their pairing, prologue
/// "TACC2/meet/1" ‖ LP(purpose) ‖ session identifier, empty payloads. No I/O: packets in, packets out.
///
/// What goes over the wire is two ephemeral keys and two tags: nothing in it is the same twice. An old first message means
/// nothing in a session with another identifier, and where a relay repeats identifiers it is answered with a message that
/// only the initiator can use; so nobody is believed to be there before its first sealed message.
public struct Introduction: Sendable {
  private let handshake: HandshakeState
  private let role: HandshakeState.Role

  /// Begins one.
  ///
  /// - Parameter sessionID: the relay's.
  public init(_ acquaintance: Acquaintance, sessionID: [UInt8]) throws(TransferError) {
    var prologue = Array("TACC2/meet/1".utf8)
    prologue.append(bigEndian: UInt32(acquaintance.purpose.label.count))
    prologue += acquaintance.purpose.label + sessionID
    role = acquaintance.role
    do {
      handshake = try HandshakeState(
        pattern: .kkPSK0, role: role, prologue: prologue, psk: acquaintance.secrets.presharedKey,
        staticKeys: (acquaintance.own, acquaintance.remoteKey))
    } catch {
      throw .noise(error)
    }
  }

  /// What to send before anything arrived; `nil` for the responder.
  public func firstPacket() throws(TransferError) -> [UInt8]? {
    guard role == .initiator else { return nil }
    do { return try handshake.writeMessage() } catch { throw .noise(error) }
  }

  /// Takes the other side's packet.
  ///
  /// - Returns: the channel, and what to send before it is used.
  /// - Throws: ``TransferError/noise(_:)``; the packet may be dropped and another awaited.
  public func take(_ packet: [UInt8]) throws(TransferError) -> (transport: Transport, answer: [UInt8]?) {
    do {
      _ = try handshake.readMessage(packet)
      let answer = role == .responder ? try handshake.writeMessage() : nil
      return (try handshake.split(), answer)
    } catch {
      throw .noise(error)
    }
  }
}
