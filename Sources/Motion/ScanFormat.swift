/// How one channel is stored in an IIO scan: `[be|le]:[s|S|u|U]bits/storage[Xrepeat]>>shift`.
///
/// The kernel prints this text in `scan_elements/*_type` (Linux ABI document `sysfs-bus-iio`); libiio repeats it in a
/// context with the sign letter in upper case when a code fills its storage after the shift ("fully defined": every
/// upper bit is already valid, so that neither sign extension nor masking is needed).
public struct ScanFormat: Sendable, Hashable, CustomStringConvertible {
  /// Whether the most significant byte comes first.
  public let isBigEndian: Bool
  /// Whether codes are two's complement.
  public let isSigned: Bool
  /// Whether the bits above `bits` are valid after the shift (upper-case sign letter, or bits = storage).
  public let isFullyDefined: Bool
  /// The number of valid bits of a code.
  public let bits: Int
  /// The number of bits a code occupies in the scan, a multiple of 8.
  public let storageBits: Int
  /// How many such codes the channel has in each scan.
  public let repetitions: Int
  /// How far a stored code is shifted right before use.
  public let shift: Int

  /// Bytes the channel occupies in a scan, which is also what it is aligned to.
  public var byteCount: Int { storageBits / 8 * repetitions }

  /// The text in libiio's form.
  public var description: String {
    let sign = isSigned ? (isFullyDefined ? "S" : "s") : (isFullyDefined ? "U" : "u")
    let repetition = repetitions == 1 ? "" : "X\(repetitions)"
    return "\(isBigEndian ? "be" : "le"):\(sign)\(bits)/\(storageBits)\(repetition)>>\(shift)"
  }

  /// Parses a format text.
  ///
  /// - Returns: nil if the text has another form, if a number is out of range (storage 8 to 1024 bits in whole bytes,
  ///   at most 64 unless repeated or unused; repeat 1 to 64), or if bits and shift do not fit the storage.
  public init?(_ text: String) {
    var rest = Substring(text)

    func number(upTo limit: Int) -> Int? {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty, digits.count <= 4, let value = Int(digits), value <= limit else { return nil }
      rest = rest.dropFirst(digits.count)
      return value
    }
    func skip(_ literal: String) -> Bool {
      guard rest.hasPrefix(literal) else { return false }
      rest = rest.dropFirst(literal.count)
      return true
    }

    if skip("be:") {
      isBigEndian = true
    } else if skip("le:") {
      isBigEndian = false
    } else {
      return nil
    }
    guard let sign = rest.first, "sSuU".contains(sign) else { return nil }
    rest = rest.dropFirst()
    guard let bits = number(upTo: 64), bits >= 1, skip("/") else { return nil }
    guard let storage = number(upTo: 1024), storage >= 8, storage % 8 == 0 else { return nil }
    var repetitions = 1
    if skip("X") {
      guard let value = number(upTo: 64), value >= 1 else { return nil }
      repetitions = value
    }
    guard skip(">>"), let shift = number(upTo: 1023), rest.isEmpty, bits + shift <= storage else { return nil }

    self.bits = bits
    self.shift = shift
    self.repetitions = repetitions
    storageBits = storage
    isSigned = sign == "s" || sign == "S"
    isFullyDefined = sign == "S" || sign == "U" || bits == storage
  }

  /// Decodes the code that starts at an index of a buffer.
  ///
  /// The stored bytes are put in order, shifted right (arithmetically if signed) and, unless the format is fully
  /// defined, reduced to `bits` bits with or without sign extension: libiio's `iio_channel_convert`.
  ///
  /// - Parameters:
  ///   - bytes: the buffer.
  ///   - start: index of the first byte.
  /// - Returns: the code; an unsigned code above `Int64.max` gives `Int64.max`; nil if the bytes end too soon, or if
  ///   the storage is wider than 64 bits.
  public func decode(_ bytes: [UInt8], at start: Int) -> Int64? {
    let width = storageBits / 8
    guard width <= 8, start >= 0, start <= bytes.count - width else { return nil }
    var word: UInt64 = 0
    for index in 0..<width {
      word = word << 8 | UInt64(bytes[isBigEndian ? start + index : start + width - 1 - index])
    }
    if isSigned {
      let unused = 64 - storageBits
      var value = (Int64(bitPattern: word) << Int64(unused)) >> Int64(unused + shift)
      if !isFullyDefined { value = (value << Int64(64 - bits)) >> Int64(64 - bits) }
      return value
    }
    word >>= UInt64(shift)
    if !isFullyDefined && bits < 64 { word &= (1 << UInt64(bits)) - 1 }
    return word > UInt64(Int64.max) ? Int64.max : Int64(word)
  }

  /// The largest code that `bits` bits can hold.
  public var maximumCode: Int64 {
    let magnitudeBits = isSigned ? bits - 1 : bits
    return magnitudeBits >= 63 ? Int64.max : (1 << Int64(magnitudeBits)) - 1
  }

  /// The smallest code that `bits` bits can hold.
  public var minimumCode: Int64 { isSigned ? -maximumCode - 1 : 0 }

  /// Whether a code is at the end of what `bits` bits can hold, so that the true value may lie beyond.
  public func isFullScale(_ code: Int64) -> Bool { code >= maximumCode || code <= minimumCode }
}
