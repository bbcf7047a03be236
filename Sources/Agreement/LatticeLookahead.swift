/// What the positions published for the next two steps say of the value at hand.
///
/// A candidate for the value implies forecasts of the next values, and these must have the positions that were published.
/// Where a forecast leaves open more than about one cell, every position is as likely and nothing is learnt; where it
/// leaves less, as with wide cells, a wrong candidate soon needs an unlikely turn.
final class LatticeLookahead {
  private static let order = 6
  /// How many steps are looked ahead.
  private static let depth = 2
  /// From this many cells of uncertainty on, the positions are as good as uniform (to 1e-5).
  private static let widest = 0.8

  private let grid: PreparedGrid
  private let lattice: SymbolGrid.Lattice
  /// Per channel an autoregression of the whole segment, its future included: more than an adversary can know.
  private let regressions: [GappedRegression]
  private let spreads: WipedScratch<Double>
  private let row: WipedScratch<Double>
  /// Whether all figures are finite.
  private(set) var isFinite = true

  init(_ grid: PreparedGrid, _ lattice: SymbolGrid.Lattice) {
    self.grid = grid
    self.lattice = lattice
    let width = Self.order + 2
    regressions = (0..<grid.channels).map { _ in GappedRegression(width: width, ridge: 1e-4, forgetting: 1) }
    spreads = WipedScratch(repeating: 1, count: grid.channels)
    row = WipedScratch(repeating: 0, count: width)
    for channel in 0..<grid.channels { learn(channel) }
  }

  private func learn(_ channel: Int) {
    for step in 0..<grid.steps {
      fill(step, channel)
      row[row.count - 1] = value(step, channel)
      if (0..<row.count).allSatisfy({ !row[$0].isNaN }) { regressions[channel].learn(row, hasGaps: false) }
    }
    regressions[channel].endCollecting()
    var sum = 0.0
    var count = 0.0
    for step in 0..<grid.steps where !value(step, channel).isNaN {
      let error = value(step, channel) - forecast(step, channel)
      sum += error * error
      count += 1
    }
    spreads[channel] = count > 0 ? max(sum / count, 1e-18).squareRoot() : 1
    if !regressions[channel].isFinite || !spreads[channel].isFinite { isFinite = false }
  }

  /// Fills in the tree of the value at (step, channel), which the past alone guesses with a mean and a spread.
  func set(_ chances: inout CellProbabilities, mean: Double, spread: Double, step: Int, channel: Int) {
    let quantiser = lattice.quantisers[channel]
    let position = lattice.positions[step * grid.channels + channel]
    guard spreads[channel] < Self.widest * quantiser.step else {
      chances.set(mean: mean, spread: spread, on: quantiser, position: position)
      return
    }
    let forecasts = (1...Self.depth).map { ahead in
      let constant = forecast(step + ahead, channel, from: step, assuming: [])
      return Forecast(
        constant: constant,
        slopes: (0..<ahead).map { known in
          forecast(step + ahead, channel, from: step, assuming: (0..<ahead).map { $0 == known ? 1 : 0 }) - constant
        })
    }
    var path = [Double](repeating: 0, count: Self.depth + 1)
    chances.set(mean: mean, spread: spread, on: quantiser, position: position) { point in
      path[0] = point
      return likelihood(step, channel, ahead: 1, &path, forecasts)
    }
    for place in path.indices { path[place] = 0 }
  }

  /// The forecast of a value as a linear function of those that come between it and what is known, the earliest first.
  private struct Forecast {
    let constant: Double
    let slopes: [Double]
  }

  /// How likely the positions published for the steps from `ahead` on are, after a path of values.
  private func likelihood(
    _ step: Int, _ channel: Int, ahead: Int, _ path: inout [Double], _ forecasts: [Forecast]
  ) -> Double {
    guard ahead <= Self.depth, step + ahead < grid.steps else { return 1 }
    let position = lattice.positions[(step + ahead) * grid.channels + channel]
    var guess = forecasts[ahead - 1].constant
    for (place, slope) in forecasts[ahead - 1].slopes.enumerated() { guess += slope * path[place] }
    guard position < OffsetQuantiser.positions, abs(guess) < 1e6 else { return 1 }
    let quantiser = lattice.quantisers[channel]
    let place = quantiser.place(of: position)
    let reach = 3.5 * spreads[channel] / quantiser.step
    let middle = guess / quantiser.step - place
    var sum = 1e-6
    for index in Int((middle - reach).rounded(.down))...Int((middle + reach).rounded(.up)) {
      path[ahead] = (Double(index) + place) * quantiser.step
      let distance = (path[ahead] - guess) / spreads[channel]
      sum += exponential(-0.5 * distance * distance) * likelihood(step, channel, ahead: ahead + 1, &path, forecasts)
    }
    return sum
  }

  /// The forecast of the value at a step from those before.
  ///
  /// - Parameter assumed: what stands for the values from the step `present` on, which are not known, the earliest first; 0
  ///   where nothing is given.
  private func forecast(
    _ step: Int, _ channel: Int, from present: Int? = nil, assuming assumed: [Double] = []
  ) -> Double {
    fill(step, channel)
    if let present {
      for unknown in present..<step where step - unknown <= Self.order {
        row[step - unknown] = unknown - present < assumed.count ? assumed[unknown - present] : 0
      }
    }
    row[row.count - 1] = .nan
    var mean = 0.0
    regressions[channel].guess(row, (row.count - 1)..<row.count) { _, guess, _ in mean = guess }
    return mean
  }

  /// Fills the row (1, values of the steps before with the latest first, …).
  private func fill(_ step: Int, _ channel: Int) {
    row[0] = 1
    for lag in 1...Self.order { row[lag] = value(step - lag, channel) }
  }

  private func value(_ step: Int, _ channel: Int) -> Double {
    step >= 0 && step < grid.steps ? grid.values[step * grid.channels + channel] : .nan
  }
}
