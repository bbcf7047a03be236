internal import CSodium

/// Every call into libsodium that is not a matter of memory layout alone, with C's conventions
/// (status codes, pointer pairs, out-parameters) turned into Swift's. Nothing here is public.
enum Sodium {
  static let keyLength = 32
  static let hashLength = Int(crypto_hash_sha256_BYTES)
  static let signatureLength = Int(crypto_sign_BYTES)
  static let tagLength = Int(crypto_aead_chacha20poly1305_ietf_ABYTES)

  /// `sodium_init` runs once, when first needed: `static let` is initialised exactly once, by one thread.
  private static let initStatus = sodium_init()

  /// Makes sure that libsodium is ready for randomness and guarded memory.
  static func initialize() throws(CryptoError) {
    try require(initStatus: initStatus)
  }

  /// `sodium_init` says 0 for success, 1 for "was ready already", and a negative number for failure.
  static func require(initStatus: Int32) throws(CryptoError) {
    guard initStatus >= 0 else { throw .libraryUnavailable }
  }

  // MARK: Randomness

  static func fillWithRandomBytes(_ output: UnsafeMutablePointer<UInt8>, count: Int) {
    randombytes_buf(output, count)
  }

  /// Fills `words` with ChaCha20 keystream in memory order, zero nonce, 64-bit block counter.
  static func chaCha20Keystream(key: [UInt8], firstBlock: UInt64, into words: inout [UInt64]) {
    words.withUnsafeMutableBytes { raw in
      raw.withMemoryRebound(to: UInt8.self) { bytes in
        guard let start = bytes.baseAddress else { return }
        start.update(repeating: 0, count: bytes.count)
        let nonce = [UInt8](repeating: 0, count: Int(crypto_stream_chacha20_NONCEBYTES))
        crypto_stream_chacha20_xor_ic(start, start, UInt64(bytes.count), nonce, firstBlock, key)
      }
    }
  }

  // MARK: Temporary memory

  /// Gives `body` zeroed temporary memory at a fixed address, zeroed again before it is given back.
  ///
  /// A local variable would do for the arithmetic, but the compiler may move it and leave copies behind. `Value` is
  /// `UInt8` or a C structure of libsodium, for which all zeros is a value.
  static func withWipedScratch<Value: BitwiseCopyable, Result, Failure: Error>(
    _ type: Value.Type, count: Int = 1, _ body: (UnsafeMutablePointer<Value>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let scratch = UnsafeMutablePointer<Value>.allocate(capacity: count)
    let size = MemoryLayout<Value>.stride * count
    sodium_memzero(scratch, size)
    defer {
      sodium_memzero(scratch, size)
      scratch.deallocate()
    }
    return try body(scratch)
  }

  // MARK: HMAC-SHA-256

  /// An HMAC-SHA-256 under way. Valid only inside the closure that receives it.
  struct HMACInput {
    fileprivate let state: UnsafeMutablePointer<crypto_auth_hmacsha256_state>

    func append(_ bytes: UnsafePointer<UInt8>, count: Int) {
      crypto_auth_hmacsha256_update(state, bytes, UInt64(count))
    }

    func append(_ bytes: some ByteSource) {
      bytes.withUnsafePointer { append($0, count: bytes.count) }
    }
  }

  /// Writes HMAC-SHA-256 (RFC 2104) of what `feed` appends to the 32 bytes at `output`, which may be among the input.
  static func hmac(
    key: UnsafePointer<UInt8>, keyCount: Int, into output: UnsafeMutablePointer<UInt8>,
    _ feed: (HMACInput) -> Void
  ) {
    withWipedScratch(crypto_auth_hmacsha256_state.self) { state in
      crypto_auth_hmacsha256_init(state, key, keyCount)
      feed(HMACInput(state: state))
      crypto_auth_hmacsha256_final(state, output)
    }
  }

  // MARK: X25519

  static func x25519PublicKey(privateKey: UnsafePointer<UInt8>) -> [UInt8] {
    var publicKey = [UInt8](repeating: 0, count: keyLength)
    _ = crypto_scalarmult_curve25519_base(&publicKey, privateKey)
    return publicKey
  }

  /// X25519 (RFC 7748); both inputs 32 bytes. A zero result is an error, as the Noise specification allows.
  static func x25519(
    privateKey: UnsafePointer<UInt8>, publicKey: [UInt8], into output: UnsafeMutablePointer<UInt8>
  ) throws(CryptoError) {
    guard crypto_scalarmult_curve25519(output, privateKey, publicKey) == 0 else { throw .allZeroSharedSecret }
  }

  // MARK: Ed25519

  static func ed25519PublicKey(seed: UnsafePointer<UInt8>) -> [UInt8] {
    withEd25519Key(seed: seed) { publicKey, _ in publicKey }
  }

  static func ed25519Sign(_ message: [UInt8], seed: UnsafePointer<UInt8>) -> [UInt8] {
    withEd25519Key(seed: seed) { _, secretKey in
      var signature = [UInt8](repeating: 0, count: signatureLength)
      // It has no failure to report.
      _ = crypto_sign_detached(&signature, nil, message, UInt64(message.count), secretKey)
      return signature
    }
  }

  static func ed25519Verify(_ signature: [UInt8], _ message: [UInt8], publicKey: [UInt8]) -> Bool {
    crypto_sign_verify_detached(signature, message, UInt64(message.count), publicKey) == 0
  }

  /// Gives `body` the public key and libsodium's 64-byte secret key, which is seed and public key together.
  private static func withEd25519Key<Result>(
    seed: UnsafePointer<UInt8>, _ body: ([UInt8], UnsafePointer<UInt8>) -> Result
  ) -> Result {
    withWipedScratch(UInt8.self, count: Int(crypto_sign_SECRETKEYBYTES)) { secretKey in
      var publicKey = [UInt8](repeating: 0, count: keyLength)
      _ = crypto_sign_seed_keypair(&publicKey, secretKey, seed)
      return body(publicKey, secretKey)
    }
  }

  // MARK: Text of secrets

  /// Writes two digits a byte, in time that depends on the length alone; `output` has room for a final zero too.
  static func hexadecimal(_ bytes: UnsafePointer<UInt8>, count: Int, into output: UnsafeMutablePointer<CChar>) {
    _ = sodium_bin2hex(output, 2 * count + 1, bytes, count)
  }

  /// How many characters ``base64(_:count:into:)`` writes, the final zero included.
  static func base64Length(_ count: Int) -> Int { sodium_base64_encoded_len(count, sodium_base64_VARIANT_ORIGINAL) }

  /// Writes padded base64 (RFC 4648, section 4), in time that depends on the length alone.
  static func base64(_ bytes: UnsafePointer<UInt8>, count: Int, into output: UnsafeMutablePointer<CChar>) {
    _ = sodium_bin2base64(output, base64Length(count), bytes, count, sodium_base64_VARIANT_ORIGINAL)
  }

  /// Reads padded base64; false unless the text is that of exactly `count` bytes.
  static func base64Decode(_ text: ArraySlice<UInt8>, into output: UnsafeMutablePointer<UInt8>, count: Int) -> Bool {
    text.withUnsafeBytes { raw in
      var decoded = 0
      guard
        let characters = raw.bindMemory(to: CChar.self).baseAddress,
        sodium_base642bin(output, count, characters, raw.count, nil, &decoded, nil, sodium_base64_VARIANT_ORIGINAL)
          == 0
      else { return false }
      return decoded == count
    }
  }

  // MARK: ChaCha20-Poly1305

  /// Noise's ENCRYPT for ChaChaPoly: the 96-bit nonce is 32 zero bits, then `nonce` in little-endian order.
  static func seal(key: SecretBytes, nonce: UInt64, ad: [UInt8], plaintext: [UInt8]) -> [UInt8] {
    let count = plaintext.count + tagLength
    return [UInt8](unsafeUninitializedCapacity: count) { ciphertext, initialized in
      guard let start = ciphertext.baseAddress else { return }
      key.withUnsafePointer { key in
        withNonceBytes(nonce) { nonce in
          // It has no failure to report: lengths are far below its limit, and it always returns 0.
          _ = crypto_aead_chacha20poly1305_ietf_encrypt(
            start, nil, plaintext, UInt64(plaintext.count), ad, UInt64(ad.count), nil, nonce, key)
        }
      }
      initialized = count
    }
  }

  /// Noise's DECRYPT for ChaChaPoly; nil when the ciphertext is not authentic.
  static func open(key: SecretBytes, nonce: UInt64, ad: [UInt8], ciphertext: [UInt8]) -> [UInt8]? {
    guard ciphertext.count >= tagLength else { return nil }
    var status: Int32 = -1
    let count = ciphertext.count - tagLength
    let plaintext = [UInt8](unsafeUninitializedCapacity: count) { plaintext, initialized in
      status = key.withUnsafePointer { key in
        withNonceBytes(nonce) { nonce in
          crypto_aead_chacha20poly1305_ietf_decrypt(
            plaintext.baseAddress, nil, nil, ciphertext, UInt64(ciphertext.count), ad, UInt64(ad.count), nonce, key)
        }
      }
      initialized = status == 0 ? count : 0
    }
    return status == 0 ? plaintext : nil
  }

  private static func withNonceBytes<Result>(
    _ nonce: UInt64, _ body: (UnsafePointer<UInt8>) -> Result
  ) -> Result {
    let low = UInt32(truncatingIfNeeded: nonce).littleEndian
    let high = UInt32(truncatingIfNeeded: nonce >> 32).littleEndian
    let words: (UInt32, UInt32, UInt32) = (0, low, high)
    return withUnsafePointer(to: words) { pointer in
      pointer.withMemoryRebound(to: UInt8.self, capacity: 12, body)
    }
  }
}
