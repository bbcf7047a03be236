/// How far bits of a preamble depend on those of earlier steps.
enum BitAutocorrelation {
  /// How far the correlation of symbols' bits with the same bit plane `lag` steps before, all planes together, is from
  /// zero beyond one standard deviation of chance; 1 where the bits never change, `nil` with fewer than 30 pairs of bits.
  static func beyondChance(_ symbols: [Int?], levels: Int, lag: Int) -> Double? {
    var pairs = 0
    var ones = (now: 0, before: 0, both: 0)
    for t in stride(from: lag, to: symbols.count, by: 1) {
      guard let now = symbols[t], let before = symbols[t - lag] else { continue }
      pairs += levels
      ones.now += now.nonzeroBitCount
      ones.before += before.nonzeroBitCount
      ones.both += (now & before).nonzeroBitCount
    }
    guard pairs >= 30 else { return nil }
    let n = Double(pairs)
    let (x, y, xy) = (Double(ones.now), Double(ones.before), Double(ones.both))
    let variance = (x / n * (1 - x / n) * (y / n) * (1 - y / n)).squareRoot()
    guard variance > 0 else { return 1 }
    return abs(xy / n - x / n * (y / n)) / variance - 1 / n.squareRoot()
  }
}
