/// What two paired boards need to find each other again and to know that it is they, for one purpose.
///
/// Both follow from the pairing secret PS and from nothing that is ever sent:
///
///     psk  = HKDF-Expand(PS, "TACC2/meet/psk" ‖ LP(purpose) ‖ pk_1 ‖ pk_2, 32)
///     room = HKDF-Expand(PS, "TACC2/meet/room" ‖ LP(purpose) ‖ pk_1 ‖ pk_2 ‖ be64(day), 16) in hexadecimal
///
/// with pk_1, pk_2 the boards' ``PublicIdentity/encoded`` in the order of their bytes and LP(x) = be32(length) ‖ x. A board
/// that has forgotten the other has neither: the pre-shared key makes that final even for who kept the static keys. The
/// name of a room tells nothing of names, keys or other rooms to whoever has not PS; it changes every day, so that it is
/// no lasting mark of the pair either.
public struct MeetingSecrets: Sendable {
  /// Seconds that a room's name lasts.
  public static let secondsPerDay: Int64 = 86_400

  /// The pre-shared key of the handshake, 32 bytes.
  public let presharedKey: SecretBytes
  private let secret: PairingSecret
  private let context: [UInt8]

  /// - Parameters:
  ///   - secret: that of the pairing.
  ///   - boards: the two, in any order.
  ///   - purpose: what they meet for; another purpose, independent secrets.
  /// - Throws: ``CryptoError`` without guarded memory.
  public init(
    _ secret: PairingSecret, boards: (PublicIdentity, PublicIdentity), purpose: [UInt8]
  ) throws(CryptoError) {
    var keys = [boards.0.encoded, boards.1.encoded]
    if keys[1].lexicographicallyPrecedes(keys[0]) { keys.swapAt(0, 1) }
    self.secret = secret
    context = bigEndian(UInt32(truncatingIfNeeded: purpose.count)) + purpose + keys[0] + keys[1]
    presharedKey = try HKDF.expand(
      prk: secret.bytes, info: Array("TACC2/meet/psk".utf8) + context, count: Sodium.keyLength)
  }

  /// The day that a time lies in: its seconds since the epoch by 86,400, rounded down.
  public static func day(ofSecond second: Int64) -> Int64 {
    let (quotient, remainder) = second.quotientAndRemainder(dividingBy: secondsPerDay)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// The name of the room on a day: 32 characters of 0-9a-f.
  ///
  /// - Throws: ``CryptoError`` without guarded memory.
  public func room(onDay day: Int64) throws(CryptoError) -> String {
    let info = Array("TACC2/meet/room".utf8) + context + bigEndian(UInt64(bitPattern: day))
    // It goes to the relay: from here on it is no secret.
    return try HKDF.expand(prk: secret.bytes, info: info, count: 16).withExposedBytes { Hexadecimal.text($0) }
  }
}

private func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
