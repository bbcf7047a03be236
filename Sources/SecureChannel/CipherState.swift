/// The CipherState object of the Noise specification (revision 34, section 5.1): a key, or none yet, and a nonce.
///
/// A value: a caller that keeps a copy can go back to it.
struct CipherState: Sendable {
  /// 2^64 - 1 is reserved for ``rekey()``.
  static let reservedNonce = UInt64.max

  private(set) var key: SecretBytes?
  private(set) var nonce: UInt64 = 0

  init(key: SecretBytes? = nil, nonce: UInt64 = 0) {
    self.key = key
    self.nonce = nonce
  }

  /// EncryptWithAd: the ciphertext and its tag, or the plaintext itself while there is no key.
  mutating func encrypt(ad: [UInt8], plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
    guard let key else { return plaintext }
    guard nonce != Self.reservedNonce else { throw .nonceExhausted }
    let ciphertext = Sodium.seal(key: key, nonce: nonce, ad: ad, plaintext: plaintext)
    nonce += 1
    return ciphertext
  }

  /// DecryptWithAd. The nonce advances only if the ciphertext is authentic.
  mutating func decrypt(ad: [UInt8], ciphertext: [UInt8]) throws(NoiseError) -> [UInt8] {
    guard let key else { return ciphertext }
    guard nonce != Self.reservedNonce else { throw .nonceExhausted }
    guard let plaintext = Sodium.open(key: key, nonce: nonce, ad: ad, ciphertext: ciphertext) else {
      throw .authenticationFailed
    }
    nonce += 1
    return plaintext
  }

  /// Rekey: the new key is the first 32 bytes of 32 zeros encrypted under the reserved nonce (section 4.2). The nonce
  /// goes on counting.
  mutating func rekey() throws(NoiseError) {
    guard let key else { return }
    let zeros = [UInt8](repeating: 0, count: Sodium.keyLength)
    var block = Sodium.seal(key: key, nonce: Self.reservedNonce, ad: [], plaintext: zeros)
    defer { wipe(&block) }
    do {
      self.key = try SecretBytes(count: Sodium.keyLength) { (memory) throws(CryptoError) in
        memory.update(from: block, count: Sodium.keyLength)
      }
    } catch {
      throw NoiseError(error)
    }
  }
}
