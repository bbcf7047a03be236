/// The longest Noise message, in bytes (revision 34, section 3).
let maximumMessageCount = 65535

/// A Noise handshake pattern as data (revision 34, sections 7 and 9): for each message, the tokens that
/// ``HandshakeState`` walks. The initiator sends the first message, then the two take turns.
///
/// Another pattern is another constant here; a pattern that sends static keys (`s` in a message) also needs that token in
/// `HandshakeState`'s two switches.
public struct HandshakePattern: Equatable, Sendable {
  /// One step inside a message, with the specification's name.
  enum Token: Sendable {
    /// An ephemeral public key, in the clear.
    case e
    /// Diffie-Hellman between the two ephemeral keys.
    case ee
    /// Diffie-Hellman between the initiator's ephemeral key and the responder's static one.
    case es
    /// Diffie-Hellman between the initiator's static key and the responder's ephemeral one.
    case se
    /// Diffie-Hellman between the two static keys.
    case ss
    /// The pre-shared key.
    case psk
  }

  /// The pattern's name with its modifiers, as in a protocol name.
  public let name: String
  /// Whether both sides know each other's static key beforehand: the pre-messages `-> s` and `<- s`.
  public let knowsStaticKeys: Bool
  let messages: [[Token]]

  private init(name: String, knowsStaticKeys: Bool = false, messages: [[Token]]) {
    self.name = name
    self.knowsStaticKeys = knowsStaticKeys
    self.messages = messages
  }

  /// `NN`: encryption against listeners; it proves nothing about who the other side is.
  public static let nn = HandshakePattern(name: "NN", messages: [[.e], [.e, .ee]])

  /// `NNpsk0`: both sides prove from their first byte that they know the pre-shared key.
  public static let nnPSK0 = HandshakePattern(name: "NNpsk0", messages: [[.psk, .e], [.e, .ee]])

  /// `KK`: each side proves that it has the static key that the other knows it by; nothing in the messages tells a
  /// listener which keys those are.
  public static let kk = HandshakePattern(
    name: "KK", knowsStaticKeys: true, messages: [[.e, .es, .ss], [.e, .ee, .se]])

  /// `KKpsk0`: and both prove from their first byte that they know the pre-shared key.
  public static let kkPSK0 = HandshakePattern(
    name: "KKpsk0", knowsStaticKeys: true, messages: [[.psk, .e, .es, .ss], [.e, .ee, .se]])

  /// The full Noise protocol name with this module's primitives.
  public var protocolName: String { "Noise_\(name)_25519_ChaChaPoly_SHA256" }

  /// Whether the pattern mixes in a pre-shared key.
  public var usesPSK: Bool { messages.contains { $0.contains(.psk) } }

  /// Bytes of message `index` beyond its payload: public keys, and a tag as soon as there is a key.
  func overhead(ofMessage index: Int) -> Int {
    let publicKeys = messages[index].count { $0 == .e } * Sodium.keyLength
    // `e` makes a key too where there is a pre-shared key; every other token makes one always.
    let isKeyed = usesPSK || messages[...index].contains { $0.contains { $0 != .e } }
    return publicKeys + (isKeyed ? Sodium.tagLength : 0)
  }
}

extension HandshakePattern: CustomStringConvertible {
  /// The full Noise protocol name.
  public var description: String { protocolName }
}
