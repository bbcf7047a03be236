/// How a WebSocket connection is closed (RFC 6455 section 7.4).
struct CloseReason: Sendable, Equatable {
  var code: UInt16
  /// At most 123 bytes of UTF-8, so that it fits a control frame.
  var text: String

  static let normal: UInt16 = 1000
  static let goingAway: UInt16 = 1001
  static let protocolError: UInt16 = 1002
  static let notUTF8: UInt16 = 1007
  static let policy: UInt16 = 1008
  static let tooBig: UInt16 = 1009
  static let tryAgainLater: UInt16 = 1013
}
