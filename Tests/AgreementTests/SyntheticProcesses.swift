import Foundation

@testable import Agreement

/// A seeded generator (SplitMix64, G. Steele et al. 2014), so that a failing test can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func uniform() -> Double { Double.random(in: 0..<1, using: &self) }
  mutating func normal() -> Double { (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform()) }
  mutating func bits(_ count: Int, ones: Double = 0.5) -> BitString {
    var bits = BitString()
    for _ in 0..<count { bits.append(uniform() < ones) }
    return bits
  }
}

/// Channels x_t = Σ a_i·x_{t−i} + e_t with white normal e, and the best guess of each value from the past.
struct AutoregressiveProcess {
  let channels: Int
  /// T·C values.
  var values: [Double]
  /// T·C conditional means given all earlier values of the channel; the conditional spread is 1.
  var means: [Double]

  init(_ coefficients: [Double], steps: Int, channels: Int, using generator: inout SeededGenerator) {
    self.channels = channels
    let warmUp = 300
    var past = [[Double]](repeating: [Double](repeating: 0, count: coefficients.count), count: channels)
    values = []
    means = []
    for step in 0..<(steps + warmUp) {
      for channel in 0..<channels {
        let mean = zip(coefficients, past[channel]).map(*).reduce(0, +)
        let value = mean + generator.normal()
        if !coefficients.isEmpty { past[channel] = [value] + past[channel].dropLast() }
        if step >= warmUp {
          means.append(mean)
          values.append(value)
        }
      }
    }
  }

  var steps: Int { values.count / channels }

  /// The root mean square over all channels.
  var scale: Double { (values.map { $0 * $0 }.reduce(0, +) / Double(values.count)).squareRoot() }

  /// Quantised to 2^levels equiprobable cells of a normal distribution, erasing what is within `guardBand` standard
  /// deviations of a threshold, and what `missing` says.
  func grid(levels: Int, guardBand: Double, missing: ((Int) -> Bool)? = nil) throws -> SymbolGrid {
    let quantiles: [Double] =
      switch levels {
      case 1: [0]
      case 2: [-0.6744897501960817, 0, 0.6744897501960817]
      default:
        [-1.1503493803760079, -0.6744897501960817, -0.3186393639643752, 0]
          + [0.3186393639643752, 0.6744897501960817, 1.1503493803760079]
      }
    let thresholds = quantiles.map { $0 * scale }
    let band = guardBand * scale
    var given = values
    if let missing { for index in given.indices where missing(index) { given[index] = .nan } }
    let kept = given.map { value in value.isFinite && thresholds.allSatisfy { abs($0 - value) >= band } }
    let grid = try SymbolGrid(
      steps: steps, levels: [Int](repeating: levels, count: channels), kinds: [Int](repeating: 0, count: channels),
      thresholds: [[Double]](repeating: thresholds, count: channels), values: given, inputs: [], ownKept: kept,
      peerKept: kept)
    return grid
  }

  /// The hit rate of the best predictor that knows the coefficients and all past values: the mean, over the kept bits, of
  /// the probability of the likelier value.
  func bestHitRate(on grid: SymbolGrid, guardBand: Double) -> Double {
    let band = guardBand * scale
    func below(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    var expected = 0.0
    var count = 0.0
    for index in values.indices where grid.ownKept[index] {
      let channel = index % channels
      let levels = grid.levels[channel]
      let limits = [-Double.infinity] + grid.thresholds[channel] + [.infinity]
      var chance = [Double](repeating: 0, count: 1 << levels)
      for cell in chance.indices {
        let (lower, upper) = (limits[cell] + band - means[index], limits[cell + 1] - band - means[index])
        let mass = lower > 0 ? below(-lower) - below(-upper) : below(upper) - below(lower)
        chance[SymbolGrid.grayCode(cell)] = max(mass, 1e-300)
      }
      let symbol = SymbolGrid.grayCode(grid.cell(of: values[index], channel: channel))
      var open = Array(chance.indices)
      for plane in stride(from: levels - 1, through: 0, by: -1) {
        let total = open.map { chance[$0] }.reduce(0, +)
        let ones = open.filter { $0 >> plane & 1 == 1 }.map { chance[$0] }.reduce(0, +)
        expected += max(ones, total - ones) / total
        count += 1
        open.removeAll { $0 >> plane & 1 != symbol >> plane & 1 }
      }
    }
    return expected / count
  }
}
