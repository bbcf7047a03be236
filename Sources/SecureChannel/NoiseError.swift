/// Why a Noise operation was refused. ``origin`` tells caller bugs from bad input.
public enum NoiseError: Error, Equatable, Sendable {
  // Caller bugs: wrong use of the API on this side.

  /// It is the other side's turn: `writeMessage` was called when a message has to be read, or the reverse.
  case wrongTurn(expected: Turn)
  /// All messages of the pattern are done; call `split`.
  case handshakeFinished
  /// `split` was called before the last message of the pattern.
  case handshakeNotFinished
  /// `split` was called twice. A second transport under the same keys would repeat nonces.
  case alreadySplit
  /// The pattern mixes in a pre-shared key and none was given.
  case pskMissing
  /// A pre-shared key was given to a pattern that would ignore it.
  case pskNotUsed
  /// A pre-shared key must have 32 bytes.
  case pskWrongLength(actual: Int)
  /// The pattern has both sides know each other's static key, and none were given.
  case staticKeysMissing
  /// Static keys were given to a pattern that would ignore them.
  case staticKeysNotUsed
  /// A public key must have 32 bytes.
  case staticKeyWrongLength(actual: Int)
  /// The message would exceed 65535 bytes.
  case payloadTooLong(count: Int, maximum: Int)
  /// The transport was closed and its keys are gone.
  case transportClosed

  // Bad input: what the other side, or somebody on the way, sent.

  /// A received message is shorter than its fixed parts.
  case messageTooShort(count: Int, minimum: Int)
  /// A received message exceeds 65535 bytes.
  case messageTooLong(count: Int)
  /// A received message is not authentic: wrong key, wrong prologue, out of order, or altered.
  case authenticationFailed
  /// A Diffie-Hellman result is all zero, so the other side's public key contributes nothing.
  case allZeroSharedSecret
  /// The other side's ephemeral key is our own: somebody reflects our messages.
  case reflectedEphemeral

  // Limits of this side.

  /// 2^64 - 1 messages went in one direction; the session must end.
  case nonceExhausted
  /// A primitive failed, for want of guarded memory as a rule.
  case crypto(CryptoError)

  /// What a handshake waits for.
  public enum Turn: Sendable {
    /// The next message is to be written here.
    case write
    /// The next message is to come from the other side.
    case read
  }

  /// Who has to change something.
  public enum Origin: Sendable {
    /// The program on this side misused the API.
    case caller
    /// The other side, or the network, sent what it must not.
    case peer
    /// This machine, or the age of the session.
    case local
  }

  /// Whether this is a caller bug, bad input, or a limit of this machine.
  public var origin: Origin {
    switch self {
    case .wrongTurn, .handshakeFinished, .handshakeNotFinished, .alreadySplit, .pskMissing, .pskNotUsed,
      .pskWrongLength, .staticKeysMissing, .staticKeysNotUsed, .staticKeyWrongLength, .payloadTooLong, .transportClosed:
      .caller
    case .messageTooShort, .messageTooLong, .authenticationFailed, .allZeroSharedSecret, .reflectedEphemeral:
      .peer
    case .nonceExhausted, .crypto:
      .local
    }
  }

  /// A primitive's failure in Noise's terms.
  init(_ error: CryptoError) {
    self = error == .allZeroSharedSecret ? .allZeroSharedSecret : .crypto(error)
  }
}

extension NoiseError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .wrongTurn(.write):
      "a message was read when one has to be written; call writeMessage first"
    case .wrongTurn(.read):
      "a message was written when one has to be read; wait for the other side's message"
    case .handshakeFinished:
      "the handshake has no more messages; call split and use the transport"
    case .handshakeNotFinished:
      "split was called before the last handshake message; exchange all messages first"
    case .alreadySplit:
      "split was called a second time; keep the transport of the first call"
    case .pskMissing:
      "this handshake pattern needs a pre-shared key and none was given; pass one of 32 bytes"
    case .pskNotUsed:
      "this handshake pattern takes no pre-shared key; choose one that does, or give none"
    case .pskWrongLength(let actual):
      "the pre-shared key has \(actual) bytes, expected 32; derive it with HKDF"
    case .staticKeysMissing:
      "this handshake pattern needs both static keys and none were given; pass one's own pair and the other's public key"
    case .staticKeysNotUsed:
      "this handshake pattern takes no static keys; choose one that does, or give none"
    case .staticKeyWrongLength(let actual):
      "the other side's static key has \(actual) bytes, expected 32"
    case .payloadTooLong(let count, let maximum):
      "the payload has \(count) bytes, this message takes at most \(maximum); split the payload"
    case .transportClosed:
      "the transport was closed and its keys are gone; begin a new handshake"
    case .messageTooShort(let count, let minimum):
      "the received message has \(count) bytes, expected at least \(minimum); discard it or end the attempt"
    case .messageTooLong(let count):
      "the received message has \(count) bytes, expected at most \(maximumMessageCount); discard it or end the attempt"
    case .authenticationFailed:
      "the received message is not authentic: the keys or prologues differ, or it was altered, lost or reordered; "
        + "discard it or end the attempt"
    case .allZeroSharedSecret:
      "the Diffie-Hellman result is all zero, so the other side's public key is not a proper one; end the attempt"
    case .reflectedEphemeral:
      "the other side's ephemeral key is our own, so our messages are being reflected; end the attempt"
    case .nonceExhausted:
      "no nonce is left in this direction; begin a new handshake"
    case .crypto(let error):
      error.description
    }
  }
}
