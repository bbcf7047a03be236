/// The sealed channel that a handshake ends in (Noise revision 34, sections 5 and 11.3).
///
/// Each direction has its own key and a nonce that counts messages, so loss, repetition and reordering all show as
/// ``NoiseError/authenticationFailed``. After every 2^16 messages of a direction its key is replaced by a one-way
/// function of itself, in step on both sides. It has identity on purpose: a copy would use nonces twice.
public final class Transport: Sendable {
  /// After how many messages of a direction its key is replaced.
  public static let messagesPerKey: UInt64 = 1 << 16
  /// How many bytes longer a ciphertext is than its plaintext.
  public static let overheadCount = Sodium.tagLength
  /// The longest plaintext of one message: 65535 bytes less the tag.
  public static let maximumPlaintextCount = maximumMessageCount - Sodium.tagLength

  /// The handshake's hash, 32 bytes, the same on both sides and in no other session.
  public let handshakeHash: [UInt8]
  private let ciphers: Locked<Ciphers?>

  private struct Ciphers: Sendable {
    var sending: CipherState
    var receiving: CipherState
  }

  init(sending: CipherState, receiving: CipherState, handshakeHash: [UInt8]) {
    ciphers = Locked(Ciphers(sending: sending, receiving: receiving))
    self.handshakeHash = handshakeHash
  }

  /// Seals the next message to the other side.
  ///
  /// - Parameters:
  ///   - plaintext: at most ``maximumPlaintextCount`` bytes.
  ///   - ad: further data that is authenticated but not sent; the other side must give the same.
  /// - Returns: the ciphertext, 16 bytes longer than the plaintext.
  /// - Throws: ``NoiseError``; nothing has changed then.
  public func encrypt(_ plaintext: [UInt8], ad: [UInt8] = []) throws(NoiseError) -> [UInt8] {
    let maximum = Self.maximumPlaintextCount
    guard plaintext.count <= maximum else { throw .payloadTooLong(count: plaintext.count, maximum: maximum) }
    return try ciphers.withLock { (ciphers) throws(NoiseError) in
      guard var next = ciphers?.sending else { throw .transportClosed }
      let ciphertext = try next.encrypt(ad: ad, plaintext: plaintext)
      try Self.rekeyIfDue(&next)
      ciphers?.sending = next
      return ciphertext
    }
  }

  /// Opens the other side's next message.
  ///
  /// - Throws: ``NoiseError``; nothing has changed then.
  public func decrypt(_ ciphertext: [UInt8], ad: [UInt8] = []) throws(NoiseError) -> [UInt8] {
    guard ciphertext.count <= maximumMessageCount else { throw .messageTooLong(count: ciphertext.count) }
    guard ciphertext.count >= Sodium.tagLength else {
      throw .messageTooShort(count: ciphertext.count, minimum: Sodium.tagLength)
    }
    return try ciphers.withLock { (ciphers) throws(NoiseError) in
      guard var next = ciphers?.receiving else { throw .transportClosed }
      let plaintext = try next.decrypt(ad: ad, ciphertext: ciphertext)
      try Self.rekeyIfDue(&next)
      ciphers?.receiving = next
      return plaintext
    }
  }

  /// Gives up the keys, which are zeroed. Everything after it throws ``NoiseError/transportClosed``. The end of the
  /// last reference does the same.
  public func close() {
    ciphers.withLock { $0 = nil }
  }

  private static func rekeyIfDue(_ cipher: inout CipherState) throws(NoiseError) {
    if cipher.nonce % messagesPerKey == 0 { try cipher.rekey() }
  }
}

extension Transport: CustomStringConvertible, CustomReflectable {
  /// The name alone.
  public var description: String { "Transport(keys redacted)" }

  /// A mirror without children.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
