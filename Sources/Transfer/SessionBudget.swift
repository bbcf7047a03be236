/// How much a session at a relay may still carry.
///
/// A relay ends a session over a limit of bytes or messages and says which; it does not tell its limits beforehand. So the
/// first session goes on until it is ended, and those after it go on to the next one before that.
public struct SessionBudget: Sendable, Equatable {
  /// Messages after which a session is replaced in any case: a client's own bound for what a relay sends is above it.
  public static let maximumMessages = 12_000
  /// Seconds after which a session is replaced in any case; relays let one live 30 minutes.
  public static let maximumSeconds = 1_500.0

  private var learnedBytes: Int?
  private var learnedMessages: Int?
  private var bytes = 0
  private var messages = 0

  /// Nothing is known of the relay.
  public init() {}

  /// Bytes of a packet as the relay counts them: base64, and the envelope around it.
  static func wireCount(_ packet: Int) -> Int { (packet + 2) / 3 * 4 + 76 }

  /// A session has begun.
  public mutating func begin() { (bytes, messages) = (0, 0) }

  /// A packet went either way.
  public mutating func count(packet: Int) {
    bytes += Self.wireCount(packet)
    messages += 1
  }

  /// Whether it is time for another session.
  ///
  /// - Parameter seconds: how old this one is.
  public func isSpent(afterSeconds seconds: Double) -> Bool { isSpent(1, afterSeconds: seconds) }

  /// Whether it is time to make another session, so that it is there when this one is spent.
  ///
  /// - Parameter seconds: how old this one is.
  public func isHalfSpent(afterSeconds seconds: Double) -> Bool { isSpent(2, afterSeconds: seconds) }

  private func isSpent(_ parts: Int, afterSeconds seconds: Double) -> Bool {
    messages >= min(learnedMessages ?? .max, Self.maximumMessages) / parts || bytes >= (learnedBytes ?? .max) / parts
      || seconds >= Self.maximumSeconds / Double(parts)
  }

  /// The relay ended the session; learns from it if its words name a limit of the session.
  ///
  /// - Returns: whether they do.
  public mutating func sessionEnded(saying text: String) -> Bool {
    // What is under way when a session ends is counted and was not carried.
    let margin = 2 * ResumableStream.window
    if text.contains("sessionBytes") {
      learnedBytes = max(bytes - margin, bytes / 2)
    } else if text.contains("sessionMessages") {
      learnedMessages = max(messages - 32, messages / 2)
    } else {
      return false
    }
    return true
  }
}
