/// HKDF with SHA-256 (RFC 5869).
public enum HKDF {
  /// The longest output of ``expand(prk:info:count:)``: 255 blocks, 8160 bytes.
  public static let maximumOutputCount = 255 * Sodium.hashLength

  /// HKDF-Extract: a 32-byte pseudorandom key from input key material of any quality.
  ///
  /// - Parameter salt: may be empty, which stands for 32 zero bytes.
  /// - Throws: ``CryptoError`` when there is no guarded memory.
  public static func extract(salt: [UInt8], ikm: SecretBytes) throws(CryptoError) -> SecretBytes {
    try SecretBytes(count: Sodium.hashLength) { (output) throws(CryptoError) in
      extract(salt: salt, ikm: ikm, into: output)
    }
  }

  /// HKDF-Expand: `count` bytes bound to `info`.
  ///
  /// - Parameters:
  ///   - prk: at least 32 bytes, as the RFC requires; the output of ``extract(salt:ikm:)``.
  ///   - count: 1...``maximumOutputCount``.
  /// - Throws: ``CryptoError`` on wrong lengths or when there is no guarded memory.
  public static func expand(prk: SecretBytes, info: [UInt8], count: Int) throws(CryptoError) -> SecretBytes {
    guard prk.count >= Sodium.hashLength else {
      throw .wrongLength(of: "the HKDF pseudorandom key", expected: "\(Sodium.hashLength) or more", actual: prk.count)
    }
    guard (1...maximumOutputCount).contains(count) else {
      throw .wrongLength(of: "the HKDF output", expected: "1 to \(maximumOutputCount)", actual: count)
    }
    return try SecretBytes(count: count) { (output) throws(CryptoError) in
      prk.withUnsafePointer { key in
        let blocks = (count + Sodium.hashLength - 1) / Sodium.hashLength
        expand(prk: key, prkCount: prk.count, info: info, blocks: blocks) { index, block in
          let start = index * Sodium.hashLength
          (output + start).update(from: block, count: min(Sodium.hashLength, count - start))
        }
      }
    }
  }

  /// The HKDF function of the Noise specification (revision 34, section 4.3): `outputs` keys of 32 bytes each.
  ///
  /// It is Extract with the chaining key as salt, then Expand with no info. The pseudorandom key between them
  /// never leaves scratch memory.
  static func noise(
    chainingKey: SecretBytes, inputKeyMaterial: some ByteSource, outputs: Int
  ) throws(CryptoError) -> [SecretBytes] {
    let length = Sodium.hashLength
    return try Sodium.withWipedScratch(UInt8.self, count: length * (1 + outputs)) { (prk) throws(CryptoError) in
      let blocks = prk + length
      extract(salt: chainingKey, ikm: inputKeyMaterial, into: prk)
      expand(prk: prk, prkCount: length, info: [], blocks: outputs) { index, block in
        (blocks + index * length).update(from: block, count: length)
      }
      var keys: [SecretBytes] = []
      for index in 0..<outputs {
        keys.append(
          try SecretBytes(count: length) { (memory) throws(CryptoError) in
            memory.update(from: blocks + index * length, count: length)
          })
      }
      return keys
    }
  }

  private static func extract(salt: some ByteSource, ikm: some ByteSource, into output: UnsafeMutablePointer<UInt8>) {
    salt.withUnsafePointer { key in
      Sodium.hmac(key: key, keyCount: salt.count, into: output) { $0.append(ikm) }
    }
  }

  /// T(1), T(2), ... of the RFC, handed out one by one; each is wiped after the next is made.
  private static func expand(
    prk: UnsafePointer<UInt8>, prkCount: Int, info: [UInt8], blocks: Int,
    _ receive: (_ index: Int, _ block: UnsafePointer<UInt8>) -> Void
  ) {
    Sodium.withWipedScratch(UInt8.self, count: Sodium.hashLength) { block in
      for index in 0..<blocks {
        Sodium.hmac(key: prk, keyCount: prkCount, into: block) { input in
          if index > 0 { input.append(block, count: Sodium.hashLength) }
          input.append(info)
          input.append([UInt8(truncatingIfNeeded: index + 1)])
        }
        receive(index, block)
      }
    }
  }
}
