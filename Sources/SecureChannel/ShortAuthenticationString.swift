/// A number of six digits that two people may compare to see that their boards share one session.
///
/// It is six digits of HKDF over the handshake hash, so an adversary between the boards gets past a comparison with
/// probability one in a million, per handshake that people look at. Where nobody compares, it protects nothing.
public struct ShortAuthenticationString: Equatable, Sendable {
  /// 0...999999.
  public let value: Int

  /// The string of a session.
  ///
  /// - Parameter handshakeHash: the 32 bytes of the finished handshake's hash.
  /// - Throws: ``CryptoError`` on any other length, or without guarded memory.
  public init(handshakeHash: [UInt8]) throws(CryptoError) {
    guard handshakeHash.count == Sodium.hashLength else {
      throw .wrongLength(of: "a handshake hash", expected: "\(Sodium.hashLength)", actual: handshakeHash.count)
    }
    let prk = try HKDF.extract(salt: Array("TACC2/sas".utf8), ikm: SecretBytes(copying: handshakeHash))
    let output = try HKDF.expand(prk: prk, info: Array("sas".utf8), count: 8)
    let number = output.withUnsafeBytes { bytes in bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    value = Int(number % 1_000_000)
  }

  /// Six digits, leading zeros included, as in "042137".
  public var digits: String {
    let text = String(value)
    return String(repeating: "0", count: 6 - text.count) + text
  }

  /// The digits in two groups, as in "042 137".
  public var grouped: String { "\(digits.prefix(3)) \(digits.suffix(3))" }

  /// The same number as three words, for reading aloud: its digits in base 100, most significant first.
  public var words: [String] {
    [value / 10_000, value / 100 % 100, value % 100].map { Self.wordList[$0] }
  }
}

extension ShortAuthenticationString: CustomStringConvertible {
  /// Digits and words.
  public var description: String { "\(grouped) (\(words.joined(separator: " ")))" }
}
