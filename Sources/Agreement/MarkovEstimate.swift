/// The Markov estimate for single bits of NIST SP 800-90B, section 6.3.3.
enum MarkovEstimate {
  /// Min-entropy in bits per bit from the most probable 128-bit string of a fitted first-order chain; `nil` on fewer
  /// than two bits.
  static func bits(of string: WipedScratch<UInt8>) -> Double? {
    guard string.count >= 2 else { return nil }
    var ones = 0
    var pairs = [0, 0, 0, 0]
    for index in 0..<string.count {
      ones += Int(string[index])
      if index > 0 { pairs[Int(string[index - 1]) * 2 + Int(string[index])] += 1 }
    }
    let n = Double(string.count)
    let first = [logarithm((n - Double(ones)) / n), logarithm(Double(ones) / n)]
    func transition(_ from: Int, _ to: Int) -> Double {
      let leaving = pairs[from * 2] + pairs[from * 2 + 1]
      return leaving == 0 ? -.infinity : logarithm(Double(pairs[from * 2 + to]) / Double(leaving))
    }
    let (p00, p01, p10, p11) = (transition(0, 0), transition(0, 1), transition(1, 0), transition(1, 1))
    // 0000…, 0101…, 0111…, 1000…, 1010…, 1111…
    let paths = [
      first[0] + 127 * p00, first[0] + 64 * p01 + 63 * p10, first[0] + p01 + 126 * p11,
      first[1] + p10 + 126 * p00, first[1] + 64 * p10 + 63 * p01, first[1] + 127 * p11,
    ]
    guard let most = paths.max(), most.isFinite else { return nil }
    return min(1, max(0, -most / 128))
  }

  private static func logarithm(_ p: Double) -> Double { p > 0 ? BinaryEntropy.log2(p) : -.infinity }
}
