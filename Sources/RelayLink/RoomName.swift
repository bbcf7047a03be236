/// The name of a room at the relay.
public enum RoomName {
  /// Whether it is 1 to 64 characters of `A-Za-z0-9._-`, and not only dots: `.` and `..` would be path segments with a
  /// meaning of their own.
  public static func isValid(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { isUnreserved($0) && $0 != UInt8(ascii: "~") }
      && text.contains { $0 != "." }
  }

  /// Whether a byte needs no escaping in a URL (RFC 3986, 2.3).
  static func isUnreserved(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._~".utf8.contains(byte)
  }
}
