/// An upper limit on the min-entropy that may be claimed per kept bit, in thousandths of a bit.
public struct EntropyBound: Sendable, Equatable {
  /// What the bound was taken from, for reports.
  public let name: String
  /// Thousandths of a bit per bit, rounded down; `nil` if the bound could not be computed, which must abort.
  public let millibits: Int?

  /// A bound of `millibits` thousandths of a bit, or one that could not be computed.
  public init(name: String, millibits: Int?) {
    self.name = name
    self.millibits = millibits
  }

  /// A bound from an estimate in bits; anything but a finite number in 0...1 counts as not computed.
  init(name: String, bits: Double?) {
    self.init(name: name, millibits: bits.flatMap(Self.millibits(roundingDown:)))
  }

  /// The bound as text with three decimals.
  var figure: String {
    guard let millibits else { return "could not be computed" }
    let digits = String(1000 + abs(millibits % 1000)).dropFirst()
    return "\(millibits / 1000).\(digits)"
  }

  /// Thousandths of a bit, rounded down; `nil` unless 0 ≤ bits ≤ 1.
  static func millibits(roundingDown bits: Double) -> Int? {
    guard bits >= 0, bits <= 1 else { return nil }
    return Int((bits * 1000).rounded(.down))
  }

  /// The bias bound: −log2 of the upper confidence limit of the share of the commoner bit value.
  ///
  /// NIST SP 800-90B, section 6.3.1 (most common value) on single bits. Not computed on fewer than two bits.
  public static func bias(of bits: BitString) -> EntropyBound {
    let ones = bits.onesCount
    return EntropyBound(
      name: "bias",
      bits: ConfidenceBound.mostCommonValue(count: max(ones, bits.count - ones), of: bits.count, alphabet: 2))
  }

  /// The most-common-byte bound: −log2 of the upper confidence limit of the share of the commonest byte of the packed
  /// string, divided by eight.
  ///
  /// NIST SP 800-90B, section 6.3.1 (most common value) on bytes; bits that fill no byte are left out. The estimate is
  /// taken at all eight alignments of the bytes and the smallest counts, so that structure cannot hide behind a shift.
  /// On few bytes this is a weak test in both directions: 500 uniform bytes give about 0.6 and never 1, and structure
  /// that spreads over many byte values goes unseen. Not computed on fewer than two bytes at any alignment.
  public static func mostCommonByte(of bits: BitString) -> EntropyBound {
    let scratch = bits.unpackedScratch()
    let counts = WipedScratch<Int>(repeating: 0, count: 256)
    var smallest: Double?
    for shift in 0..<8 {
      let bytes = max(0, scratch.count - shift) / 8
      for value in 0..<256 { counts[value] = 0 }
      for byte in 0..<bytes {
        var value = 0
        for bit in 0..<8 { value = value << 1 | Int(scratch[shift + byte * 8 + bit]) }
        counts[value] += 1
      }
      let commonest = (0..<256).reduce(0) { max($0, counts[$1]) }
      guard let bits = ConfidenceBound.mostCommonValue(count: commonest, of: bytes, alphabet: 256) else {
        return EntropyBound(name: "most common byte", millibits: nil)
      }
      smallest = min(smallest ?? bits, bits)
    }
    return EntropyBound(name: "most common byte", bits: smallest.map { $0 / 8 })
  }
}
