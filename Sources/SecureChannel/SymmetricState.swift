/// The SymmetricState object of the Noise specification (revision 34, section 5.2): chaining key, handshake hash, and
/// the cipher that protects handshake payloads.
///
/// A value: a caller that keeps a copy can go back to it.
struct SymmetricState: Sendable {
  private(set) var cipher = CipherState()
  private(set) var chainingKey: SecretBytes
  private(set) var hash: [UInt8]

  /// InitializeSymmetric.
  init(protocolName: String) throws(NoiseError) {
    let name = Array(protocolName.utf8)
    let padding = Sodium.hashLength - name.count
    hash = padding >= 0 ? name + [UInt8](repeating: 0, count: padding) : SHA256.hash(name)
    do {
      chainingKey = try SecretBytes(copying: hash)
    } catch {
      throw NoiseError(error)
    }
  }

  /// MixKey.
  mutating func mixKey(_ inputKeyMaterial: some ByteSource) throws(NoiseError) {
    let keys = try derive(from: inputKeyMaterial, outputs: 2)
    chainingKey = keys[0]
    cipher = CipherState(key: keys[1])
  }

  /// MixHash.
  mutating func mixHash(_ data: [UInt8]) {
    hash = Self.hash(hash, data)
  }

  /// MixKeyAndHash, for pre-shared keys.
  mutating func mixKeyAndHash(_ inputKeyMaterial: some ByteSource) throws(NoiseError) {
    let keys = try derive(from: inputKeyMaterial, outputs: 3)
    chainingKey = keys[0]
    hash = keys[1].withExposedBytes { Self.hash(hash, $0) }
    cipher = CipherState(key: keys[2])
  }

  /// EncryptAndHash.
  mutating func encryptAndHash(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
    let ciphertext = try cipher.encrypt(ad: hash, plaintext: plaintext)
    mixHash(ciphertext)
    return ciphertext
  }

  /// DecryptAndHash. The state changes only if the ciphertext is authentic.
  mutating func decryptAndHash(_ ciphertext: [UInt8]) throws(NoiseError) -> [UInt8] {
    let plaintext = try cipher.decrypt(ad: hash, ciphertext: ciphertext)
    mixHash(ciphertext)
    return plaintext
  }

  /// Split: the initiator's sending cipher, the responder's, and the secret that HandshakeState hands on for other uses.
  func split() throws(NoiseError) -> (initiator: CipherState, responder: CipherState, exporter: SecretBytes) {
    // HKDF's outputs are a stream: asking for a third one leaves the two of the specification as they are.
    let keys = try derive(from: [UInt8](), outputs: 3)
    return (CipherState(key: keys[0]), CipherState(key: keys[1]), keys[2])
  }

  private func derive(from inputKeyMaterial: some ByteSource, outputs: Int) throws(NoiseError) -> [SecretBytes] {
    do {
      return try HKDF.noise(chainingKey: chainingKey, inputKeyMaterial: inputKeyMaterial, outputs: outputs)
    } catch {
      throw NoiseError(error)
    }
  }

  private static func hash(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(left)
    hash.update(right)
    return hash.finalize()
  }
}
