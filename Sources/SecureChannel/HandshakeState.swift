/// The HandshakeState object of the Noise Protocol Framework, revision 34 (section 5.3), with X25519,
/// ChaCha20-Poly1305 and SHA-256.
///
/// Write and read messages in turn until ``isFinished``, compare ``remoteEphemeral`` with whatever was committed to,
/// then ``split()``. A call that throws leaves the handshake as it was, so a bad message may be dropped and another
/// awaited; the caller decides how often.
///
/// It has identity on purpose: two copies of one handshake would use the same keys and nonces for two messages.
public final class HandshakeState: Sendable {
  /// Which side of the handshake this is.
  public enum Role: Sendable {
    /// Sends the first message.
    case initiator
    /// Receives the first message.
    case responder
  }

  /// The pattern that both sides agreed on beforehand.
  public let pattern: HandshakePattern
  /// Which side this is.
  public let role: Role
  private let progress: Locked<Progress>

  /// Begins a handshake.
  ///
  /// - Parameters:
  ///   - prologue: public data of any length that both sides must hold alike for the handshake to succeed.
  ///   - psk: the pre-shared key, 32 bytes, if and only if the pattern uses one.
  ///   - staticKeys: this side's key pair and the other side's public key, if and only if the pattern has them known.
  ///   - ephemeral: the ephemeral key pair to use, when it was committed to beforehand (and for test vectors). It must
  ///     serve this one handshake only. Without it a fresh one is made.
  /// - Throws: ``NoiseError`` on a missing, superfluous or wrong pre-shared key or static keys, or without guarded memory.
  public init(
    pattern: HandshakePattern, role: Role, prologue: [UInt8], psk: SecretBytes? = nil,
    staticKeys: (own: KeyPair, remote: [UInt8])? = nil, ephemeral: KeyPair? = nil
  ) throws(NoiseError) {
    if let psk {
      guard pattern.usesPSK else { throw .pskNotUsed }
      guard psk.count == Sodium.keyLength else { throw .pskWrongLength(actual: psk.count) }
    } else if pattern.usesPSK {
      throw .pskMissing
    }
    guard pattern.knowsStaticKeys == (staticKeys != nil) else {
      throw pattern.knowsStaticKeys ? .staticKeysMissing : .staticKeysNotUsed
    }
    var symmetric = try SymmetricState(protocolName: pattern.protocolName)
    symmetric.mixHash(prologue)
    if let (own, remote) = staticKeys {
      guard remote.count == Sodium.keyLength else { throw .staticKeyWrongLength(actual: remote.count) }
      // Pre-messages: the initiator's key, then the responder's.
      symmetric.mixHash(role == .initiator ? own.publicKey : remote)
      symmetric.mixHash(role == .initiator ? remote : own.publicKey)
    }
    self.pattern = pattern
    self.role = role
    progress = Locked(
      Progress(
        pattern: pattern, role: role, handshakeHash: symmetric.hash,
        secrets: Secrets(symmetric: symmetric, psk: psk, staticKeys: staticKeys, ephemeral: ephemeral)))
  }

  /// Whether all messages of the pattern went through.
  public var isFinished: Bool { progress.withLock { $0.isFinished } }

  /// The hash of everything that both sides saw so far, 32 bytes. Once ``isFinished``, it names this session and no
  /// other (channel binding, section 11.2); it stays readable after ``split()``.
  public var handshakeHash: [UInt8] { progress.withLock { $0.handshakeHash } }

  /// The other side's ephemeral public key, 32 bytes, once its message was accepted.
  public var remoteEphemeral: [UInt8]? { progress.withLock { $0.remoteEphemeral } }

  /// WriteMessage: the next message of the pattern, with `payload` in it.
  ///
  /// - Throws: ``NoiseError``; nothing has changed then.
  public func writeMessage(payload: [UInt8] = []) throws(NoiseError) -> [UInt8] {
    try attempt { (next) throws(NoiseError) in try next.write(payload) }
  }

  /// ReadMessage: the payload of the other side's next message.
  ///
  /// - Throws: ``NoiseError``; nothing has changed then.
  public func readMessage(_ message: [UInt8]) throws(NoiseError) -> [UInt8] {
    try attempt { (next) throws(NoiseError) in try next.read(message) }
  }

  /// Split: the transport under the session's keys. The handshake's own secrets are given up, so it works once.
  ///
  /// - Throws: ``NoiseError`` before the last message, and the second time.
  public func split() throws(NoiseError) -> Transport {
    try splitWithExporter().transport
  }

  /// Split, with one secret more: the third output of the HKDF call whose first two are the transport's keys, as Trevor
  /// Perrin proposed for additional symmetric keys (Noise mailing list, June 2018). None of the three tells of another,
  /// and the transport is the same as without it.
  ///
  /// - Returns: the transport, and 32 bytes that are the same on both sides.
  /// - Throws: ``NoiseError`` before the last message, and the second time.
  public func splitWithExporter() throws(NoiseError) -> (transport: Transport, exporter: SecretBytes) {
    let role = role
    return try progress.withLock { (progress) throws(NoiseError) in
      guard progress.isFinished else { throw .handshakeNotFinished }
      guard let secrets = progress.secrets else { throw .alreadySplit }
      let (initiator, responder, exporter) = try secrets.symmetric.split()
      progress.secrets = nil
      let hash = progress.handshakeHash
      let transport =
        switch role {
        case .initiator: Transport(sending: initiator, receiving: responder, handshakeHash: hash)
        case .responder: Transport(sending: responder, receiving: initiator, handshakeHash: hash)
        }
      return (transport, exporter)
    }
  }

  /// Runs one step on a copy, which replaces the original only if the step did not throw.
  private func attempt(
    _ step: (inout Progress) throws(NoiseError) -> [UInt8]
  ) throws(NoiseError) -> [UInt8] {
    try progress.withLock { (progress) throws(NoiseError) in
      var next = progress
      let result = try step(&next)
      progress = next
      return result
    }
  }
}

extension HandshakeState: CustomStringConvertible, CustomReflectable {
  /// Protocol name and role; nothing of the keys.
  public var description: String { "HandshakeState(\(pattern), \(role), keys redacted)" }

  /// Pattern and role alone.
  public var customMirror: Mirror { Mirror(self, children: ["pattern": pattern.protocolName, "role": role]) }
}

/// What a handshake must forget once it is split.
private struct Secrets: Sendable {
  var symmetric: SymmetricState
  let psk: SecretBytes?
  let staticKeys: (own: KeyPair, remote: [UInt8])?
  var ephemeral: KeyPair?
}

/// How far a handshake has come. A value, so that a checkpoint is a copy.
private struct Progress: Sendable {
  let pattern: HandshakePattern
  let role: HandshakeState.Role
  /// As the symmetric state's, but also there after the split.
  var handshakeHash: [UInt8]
  var secrets: Secrets?
  var remoteEphemeral: [UInt8]?
  var nextMessage = 0

  var isFinished: Bool { nextMessage == pattern.messages.count }

  private var turn: NoiseError.Turn {
    (nextMessage % 2 == 0) == (role == .initiator) ? .write : .read
  }

  mutating func write(_ payload: [UInt8]) throws(NoiseError) -> [UInt8] {
    var secrets = try begin(.write)
    let maximum = maximumMessageCount - pattern.overhead(ofMessage: nextMessage)
    guard payload.count <= maximum else { throw .payloadTooLong(count: payload.count, maximum: maximum) }
    var message: [UInt8] = []
    for token in pattern.messages[nextMessage] {
      switch token {
      case .e:
        let pair = if let given = secrets.ephemeral { given } else { try freshKeyPair() }
        try refuseReflection(local: pair.publicKey, remote: remoteEphemeral)
        secrets.ephemeral = pair
        message += pair.publicKey
        try mixEphemeral(pair.publicKey, into: &secrets.symmetric)
      case .ee, .es, .se, .ss: try mixSharedSecret(token, into: &secrets)
      case .psk: try mixPSK(into: &secrets)
      }
    }
    message += try secrets.symmetric.encryptAndHash(payload)
    end(with: secrets)
    return message
  }

  mutating func read(_ message: [UInt8]) throws(NoiseError) -> [UInt8] {
    var secrets = try begin(.read)
    guard message.count <= maximumMessageCount else { throw .messageTooLong(count: message.count) }
    let minimum = pattern.overhead(ofMessage: nextMessage)
    guard message.count >= minimum else { throw .messageTooShort(count: message.count, minimum: minimum) }
    // The check above covers every slice below.
    var rest = message[...]
    for token in pattern.messages[nextMessage] {
      switch token {
      case .e:
        let remote = Array(rest.prefix(Sodium.keyLength))
        rest = rest.dropFirst(Sodium.keyLength)
        try refuseReflection(local: secrets.ephemeral?.publicKey, remote: remote)
        remoteEphemeral = remote
        try mixEphemeral(remote, into: &secrets.symmetric)
      case .ee, .es, .se, .ss: try mixSharedSecret(token, into: &secrets)
      case .psk: try mixPSK(into: &secrets)
      }
    }
    let payload = try secrets.symmetric.decryptAndHash(Array(rest))
    end(with: secrets)
    return payload
  }

  private func begin(_ wanted: NoiseError.Turn) throws(NoiseError) -> Secrets {
    guard !isFinished, let secrets else { throw .handshakeFinished }
    guard turn == wanted else { throw .wrongTurn(expected: turn) }
    return secrets
  }

  private mutating func end(with secrets: Secrets) {
    self.secrets = secrets
    handshakeHash = secrets.symmetric.hash
    nextMessage += 1
  }

  private func freshKeyPair() throws(NoiseError) -> KeyPair {
    do {
      return try KeyPair.generate()
    } catch {
      throw NoiseError(error)
    }
  }

  /// X25519 ignores the top bit of a public key, so a reflection with that bit flipped is one too.
  private func refuseReflection(local: [UInt8]?, remote: [UInt8]?) throws(NoiseError) {
    guard let local, let remote else { return }
    if local.dropLast() == remote.dropLast(), local.last.map({ $0 & 0x7f }) == remote.last.map({ $0 & 0x7f }) {
      throw .reflectedEphemeral
    }
  }

  /// In patterns with a pre-shared key the ephemeral keys go into the chaining key too (section 9.2).
  private func mixEphemeral(_ publicKey: [UInt8], into symmetric: inout SymmetricState) throws(NoiseError) {
    symmetric.mixHash(publicKey)
    if pattern.usesPSK { try symmetric.mixKey(publicKey) }
  }

  private func mixSharedSecret(_ token: HandshakePattern.Token, into secrets: inout Secrets) throws(NoiseError) {
    // The first letter is the initiator's key, the second the responder's.
    let isInitiators = token == .se || token == .ss
    let isResponders = token == .es || token == .ss
    let ownIsStatic = role == .initiator ? isInitiators : isResponders
    let remoteIsStatic = role == .initiator ? isResponders : isInitiators
    // All are there: every token stands behind the keys that it needs, and the initialiser saw to the static ones.
    guard let own = ownIsStatic ? secrets.staticKeys?.own : secrets.ephemeral,
      let remote = remoteIsStatic ? secrets.staticKeys?.remote : remoteEphemeral
    else { throw .handshakeNotFinished }
    let shared: SecretBytes
    do {
      shared = try own.sharedSecret(with: remote)
    } catch {
      throw NoiseError(error)
    }
    try secrets.symmetric.mixKey(shared)
  }

  private func mixPSK(into secrets: inout Secrets) throws(NoiseError) {
    // The initialiser saw to it that a pattern with this token has its key.
    guard let psk = secrets.psk else { throw .pskMissing }
    try secrets.symmetric.mixKeyAndHash(psk)
  }
}
