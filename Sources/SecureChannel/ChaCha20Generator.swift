/// A random number generator that is the same on every machine: the ChaCha20 keystream of a key (RFC 8439, section
/// 2.4), zero nonce, block counter from 0, read as little-endian 64-bit words.
///
/// For choices that two parties must make alike, such as public permutations. Key and keystream lie in ordinary
/// memory: this is not a generator of secrets. After the 2^32 blocks (256 GiB) of RFC 8439's counter the carry goes on
/// into the first nonce word, which is ChaCha20 as Bernstein first defined it, so the stream never repeats or stops.
public struct ChaCha20Generator: RandomNumberGenerator, Sendable {
  private static let wordsPerRefill = 128
  private static let blocksPerRefill: UInt64 = 16

  private let key: [UInt8]
  private var words = [UInt64](repeating: 0, count: wordsPerRefill)
  private var nextWord = wordsPerRefill
  private var nextBlock: UInt64 = 0

  /// A generator at the start of its stream.
  ///
  /// - Parameter key: 32 bytes.
  /// - Throws: ``CryptoError`` on any other length, or when libsodium cannot be initialised.
  public init(key: [UInt8]) throws(CryptoError) {
    try Sodium.initialize()
    guard key.count == Sodium.keyLength else {
      throw .wrongLength(of: "a ChaCha20 key", expected: "\(Sodium.keyLength)", actual: key.count)
    }
    self.key = key
  }

  /// The next eight bytes of the keystream as a little-endian number.
  public mutating func next() -> UInt64 {
    if nextWord == Self.wordsPerRefill {
      Sodium.chaCha20Keystream(key: key, firstBlock: nextBlock, into: &words)
      nextBlock &+= Self.blocksPerRefill
      nextWord = 0
    }
    defer { nextWord += 1 }
    return UInt64(littleEndian: words[nextWord])
  }
}
