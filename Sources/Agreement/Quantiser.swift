/// Cuts a real value into 2^levels cells, and erases it where it lies within the guard of a threshold.
///
/// A value near a threshold is one the other board may well put into the next cell. It is erased whole, with all its
/// bit planes: in a Gray code only one plane would flip, but erasing that plane alone would publish which threshold
/// the value is near, and with it the other planes.
public struct Quantiser: Sendable, Hashable {
  /// Guards on offer, in units of the innovation's deviation. Wider ones would keep only the values that are easiest to
  /// predict.
  public static let guardMenu: [Double] = [0.025, 0.0375, 0.05, 0.075, 0.10, 0.125, 0.15, 0.20, 0.25, 0.30, 0.35]

  /// Bits per value, 1…3.
  public let levels: Int
  /// 2^levels − 1 ascending thresholds, symmetric about zero, in the units of the values.
  public let thresholds: [Double]
  /// Half width of the erased zone about each threshold.
  public let guardBand: Double

  /// A quantiser from its positive thresholds (2^(levels−1) − 1 of them, ascending).
  ///
  /// - Returns: `nil` unless the counts fit, the thresholds ascend from above zero, and all numbers are finite.
  public init?(levels: Int, positiveThresholds: [Double], guardBand: Double) {
    guard (1...3).contains(levels), positiveThresholds.count == (1 << (levels - 1)) - 1, guardBand.isFinite,
      guardBand >= 0, positiveThresholds.allSatisfy(\.isFinite),
      zip([0] + positiveThresholds, positiveThresholds).allSatisfy({ $0 < $1 })
    else { return nil }
    self.levels = levels
    thresholds = positiveThresholds.reversed().map { -$0 } + [0] + positiveThresholds
    self.guardBand = guardBand
  }

  /// The cell of a value, 0..<2^levels; `nil` for an erasure: missing (NaN), or within the guard of a threshold.
  public func cell(_ value: Double) -> Int? {
    guard value.isFinite else { return nil }
    var cell = 0
    for threshold in thresholds {
      if abs(value - threshold) < guardBand { return nil }
      if value >= threshold { cell += 1 }
    }
    return cell
  }

  /// The cell of a finite value, erased or not.
  public func nearestCell(_ value: Double) -> Int { thresholds.count { value >= $0 } }

  /// The binary-reflected Gray code of a cell.
  public static func gray(_ cell: Int) -> Int { cell ^ (cell >> 1) }

  /// Positive thresholds for which the cells, their guards taken off, are equally probable.
  ///
  /// - Parameters:
  ///   - magnitudes: a sample of the values' magnitudes, ascending.
  ///   - levels: 1…3.
  ///   - guardBand: as above, in the units of the magnitudes.
  /// - Returns: the thresholds and the share of values that they keep; `nil` where the guard leaves nothing.
  public static func equiprobableThresholds(
    magnitudes: [Double], levels: Int, guardBand: Double
  ) -> (thresholds: [Double], kept: Double)? {
    guard (1...3).contains(levels), magnitudes.count >= 16 else { return nil }
    let cells = 1 << (levels - 1)
    let distribution = EmpiricalDistribution(ascending: magnitudes)
    var thresholds = [Double](repeating: 0, count: cells - 1)
    /// Places thresholds at which every inner half-cell keeps `mass`; returns what the outermost then keeps.
    func place(_ mass: Double) -> Double? {
      var lower = guardBand
      for index in thresholds.indices {
        guard let upper = distribution.quantile(distribution.share(below: lower) + mass) else { return nil }
        thresholds[index] = upper + guardBand
        lower = upper + 2 * guardBand
      }
      return 1 - distribution.share(below: lower)
    }
    // What the outermost cell keeps falls as the others' share grows: bisect for equality.
    var low = 0.0
    var high = 1.0 / Double(cells)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if let outermost = place(middle), outermost >= middle { low = middle } else { high = middle }
    }
    guard low > 0.01 / Double(cells), let outermost = place(low) else { return nil }
    return (thresholds, cells == 1 ? outermost : low * Double(cells))
  }
}

/// A sample's distribution function, linear between its points.
private struct EmpiricalDistribution {
  let points: [Double]

  init(ascending points: [Double]) { self.points = points }

  /// The share of the sample below `x`.
  func share(below x: Double) -> Double {
    var low = 0
    var high = points.count
    while low < high {
      let middle = (low + high) / 2
      if points[middle] < x { low = middle + 1 } else { high = middle }
    }
    guard low > 0, low < points.count else { return low == 0 ? 0 : 1 }
    let span = points[low] - points[low - 1]
    let fraction = span > 0 ? (x - points[low - 1]) / span : 0
    return (Double(low - 1) + fraction + 0.5) / Double(points.count)
  }

  /// The value below which a share of the sample lies; `nil` beyond its last point.
  func quantile(_ share: Double) -> Double? {
    let place = share * Double(points.count) - 0.5
    guard place < Double(points.count - 1) else { return nil }
    guard place > 0 else { return points[0] * max(0, (place + 0.5) * 2) }
    let index = Int(place)
    return points[index] + (place - Double(index)) * (points[index + 1] - points[index])
  }
}
