/// How a WebSocket connection is closed (RFC 6455 section 7.4).
struct CloseReason: Sendable, Hashable {
  var code: UInt16
  /// At most 123 bytes of UTF-8, so that it fits a control frame. One of a fixed set of texts; a limit comes last.
  var text: String

  static let normal: UInt16 = 1000
  static let goingAway: UInt16 = 1001
  static let protocolError: UInt16 = 1002
  static let notUTF8: UInt16 = 1007
  static let policy: UInt16 = 1008
  static let tooBig: UInt16 = 1009
  static let tryAgainLater: UInt16 = 1013

  /// The limit that the text names.
  var limit: String? {
    let words = text.split(separator: " ").suffix(2)
    return words.count == 2 && words.first == "limit" ? words.last.map(String.init) : nil
  }
}
