/// How far bits of a preamble depend on those of earlier steps.
enum BitAutocorrelation {
  /// How far the correlation of symbols' bits with the same bit plane `lag` steps before, all planes together, is from
  /// zero beyond one standard deviation of chance; 1 where the bits never change, `nil` with fewer than 30 pairs of bits.
  static func beyondChance(_ symbols: [Int?], levels: Int, lag: Int) -> Double? {
    var n = 0.0
    var x = 0.0
    var y = 0.0
    var xy = 0.0
    for t in stride(from: lag, to: symbols.count, by: 1) {
      guard let now = symbols[t], let before = symbols[t - lag] else { continue }
      for plane in 0..<levels {
        let a = Double(now >> plane & 1)
        let b = Double(before >> plane & 1)
        n += 1
        x += a
        y += b
        xy += a * b
      }
    }
    guard n >= 30 else { return nil }
    let variance = (x / n * (1 - x / n) * (y / n) * (1 - y / n)).squareRoot()
    guard variance > 0 else { return 1 }
    return abs(xy / n - x / n * (y / n)) / variance - 1 / n.squareRoot()
  }
}
