extension SecretBytes {
  /// How a secret is written as text.
  public enum TextEncoding: Sendable {
    /// Two lower-case digits a byte.
    case hexadecimal
    /// RFC 4648, section 4, padded.
    case base64
  }

  /// Calls `body` with the secret as ASCII text in an ordinary array, and zeroes that afterwards. The text is made in time
  /// that depends on the length alone. `body` must not keep the array.
  public func withExposedText<Result, Failure: Error>(
    _ encoding: TextEncoding, _ body: ([UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let length = encoding == .hexadecimal ? 2 * count + 1 : Sodium.base64Length(count)
    return try Sodium.withWipedScratch(CChar.self, count: length) { (scratch) throws(Failure) in
      withUnsafePointer { secret in
        switch encoding {
        case .hexadecimal: Sodium.hexadecimal(secret, count: count, into: scratch)
        case .base64: Sodium.base64(secret, count: count, into: scratch)
        }
      }
      // All but the zero at the end.
      var text = (0..<(length - 1)).map { UInt8(bitPattern: scratch[$0]) }
      defer { wipe(&text) }
      return try body(text)
    }
  }

  /// A secret of `count` bytes from its base64; nothing else may be in `text`, which the caller wipes.
  ///
  /// - Throws: ``CryptoError/malformedText(count:)``, or without guarded memory.
  public convenience init(base64 text: ArraySlice<UInt8>, count: Int) throws(CryptoError) {
    try self.init(count: count) { (memory) throws(CryptoError) in
      guard Sodium.base64Decode(text, into: memory, count: count) else { throw .malformedText(count: count) }
    }
  }
}
