/// What two boards keep of a pairing, so that other programs get keys from it: 32 bytes, the same on both, that are used
/// for nothing but further derivations.
///
/// It follows from the handshake and from nothing that the transport uses:
///
///     PS = HKDF-Expand(HKDF-Extract("TACC2/pairing-secret", exporter), h, 32)
///
/// with the exporter of ``HandshakeState/splitWithExporter()`` and h the handshake's hash. A key for another program is
///
///     HKDF-Expand(PS, "TACC2/export" ‖ LP(label) ‖ pk_1 ‖ pk_2 ‖ be32(count), count)
///
/// where LP(x) = be32(length) ‖ x, and pk_1, pk_2 are the two boards' ``PublicIdentity/encoded`` in the order of their
/// bytes: the role that a board had in the pairing does not matter. HKDF-SHA-256 is RFC 5869's.
public struct PairingSecret: Sendable {
  /// How many bytes ``bytes`` has.
  public static let count = 32
  /// The longest exported key.
  public static let maximumKeyCount = 1024

  /// PS.
  public let bytes: SecretBytes

  /// One that was kept.
  ///
  /// - Throws: ``CryptoError`` unless there are 32 bytes.
  public init(bytes: SecretBytes) throws(CryptoError) {
    guard bytes.count == Self.count else {
      throw .wrongLength(of: "a pairing secret", expected: "\(Self.count)", actual: bytes.count)
    }
    self.bytes = bytes
  }

  /// That of a finished handshake.
  ///
  /// - Parameters:
  ///   - exporter: 32 bytes.
  ///   - handshakeHash: h.
  /// - Throws: ``CryptoError`` without guarded memory.
  public init(exporter: SecretBytes, handshakeHash: [UInt8]) throws(CryptoError) {
    let prk = try HKDF.extract(salt: Array("TACC2/pairing-secret".utf8), ikm: exporter)
    bytes = try HKDF.expand(prk: prk, info: handshakeHash, count: Self.count)
  }

  /// A key for another program, the same on both boards and independent of those for other labels and lengths.
  ///
  /// - Parameters:
  ///   - boards: the two, in any order.
  ///   - count: 1...``maximumKeyCount`` bytes.
  /// - Throws: ``CryptoError`` on a wrong count or without guarded memory.
  public func exportedKey(
    _ label: ExportLabel, boards: (PublicIdentity, PublicIdentity), count: Int
  ) throws(CryptoError) -> SecretBytes {
    guard (1...Self.maximumKeyCount).contains(count) else {
      throw .wrongLength(of: "an exported key", expected: "1 to \(Self.maximumKeyCount)", actual: count)
    }
    func be32(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    var keys = [boards.0.encoded, boards.1.encoded]
    if keys[1].lexicographicallyPrecedes(keys[0]) { keys.swapAt(0, 1) }
    let text = Array(label.text.utf8)
    return try HKDF.expand(
      prk: bytes, info: Array("TACC2/export".utf8) + be32(text.count) + text + keys[0] + keys[1] + be32(count),
      count: count)
  }
}
