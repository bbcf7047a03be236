/// Guesses of the next value of every channel by a linear predictor that learns as it goes, with their spread.
///
/// At each time step the value of a channel is guessed from past values and from those channels of the same step that
/// come earlier, kept or not: an adversary is granted more than the kept bits.
struct LinearForecast {
  /// What a predictor looks at and how it learns.
  struct Model {
    /// For reports.
    let name: String
    /// Whether all channels are seen together; otherwise every channel sees itself only, and channels of the same kind
    /// learn one predictor.
    var joint: Bool
    /// Whether past inputs are seen instead of past values.
    var fromInputs = false
    /// The number of past steps, at least 1.
    var lags: Int
    /// See `GappedRegression`.
    var ridge: Double
    /// See `GappedRegression`.
    var forgetting = 1.0
    /// How often the whole segment is gone through before the pass that counts. That stands for an adversary who knows the
    /// process from elsewhere: it sees a little more than can be known beforehand, never less.
    var rehearsals = 0
  }

  /// T·C normalised guesses.
  let means: WipedScratch<Double>
  /// T·C spreads (root mean square errors) learnt over all steps so far.
  let spreads: WipedScratch<Double>
  /// T·C spreads that follow the last few steps, for a motion that swells and ebbs.
  let localSpreads: WipedScratch<Double>
  /// Whether all figures are finite.
  let isFinite: Bool

  init(_ model: Model, on grid: PreparedGrid) {
    let area = grid.steps * grid.channels
    means = WipedScratch(repeating: 0, count: area)
    spreads = WipedScratch(repeating: 1, count: area)
    localSpreads = WipedScratch(repeating: 1, count: area)
    let gaps = WipedScratch(repeating: 1.0, count: area)
    let source = model.fromInputs ? grid.inputs ?? grid.values : grid.values
    // One regression for all channels, or one per group of like channels.
    let sets = model.joint ? [Array(0..<grid.channels)] : (0..<grid.channels).map { [$0] }
    let seen = model.joint ? grid.channels : 1
    let start = 1 + model.lags * seen
    let width = start + (model.fromInputs ? 2 : 1) * seen
    let regressions = (0..<(model.joint ? 1 : grid.groups)).map { _ in
      GappedRegression(width: width, ridge: model.ridge, forgetting: model.forgetting)
    }
    let row = WipedScratch(repeating: 0.0, count: width)
    var pass = 0
    while pass <= model.rehearsals {
      let isFinal = pass == model.rehearsals
      let collects = pass > 0 && !isFinal
      if collects { regressions.forEach { $0.beginCollecting() } }
      var rowsWithGaps = 0
      for step in 0..<grid.steps {
        for set in sets {
          let gapCount = Self.fill(row, set, step, model, grid, source)
          // Without a value there is nothing to guess and next to nothing to learn.
          guard (start..<(start + seen)).contains(where: { !row[$0].isNaN }) else { continue }
          // A row with many gaps takes long to fill and teaches little.
          if !isFinal && 3 * gapCount > width { continue }
          let hasGaps = gapCount > 0
          let regression = regressions[model.joint ? 0 : grid.group[set[0]]]
          if hasGaps { rowsWithGaps += 1 }
          if isFinal || hasGaps {
            regression.guess(row, start..<(isFinal ? start + seen : start)) { [means] entry, guess, gap in
              let index = step * grid.channels + set[entry - start]
              means[index] = guess
              gaps[index] = gap
            }
          }
          regression.learn(row, hasGaps: hasGaps)
        }
      }
      if collects { regressions.forEach { $0.endCollecting() } }
      // The first rows lack their past. If no other row lacks anything, going through them again changes little.
      if pass == 0 && rowsWithGaps <= 2 * model.lags * sets.count { pass = max(pass, model.rehearsals - 1) }
      pass += 1
    }
    let spreadsAreFinite = Self.followSpread(grid, means, gaps, spreads, localSpreads)
    isFinite = spreadsAreFinite && regressions.allSatisfy(\.isFinite)
  }

  /// The row (1, source at the past steps with the latest first, values now[, inputs now]) of a set of channels; how
  /// many entries are missing.
  private static func fill(
    _ row: WipedScratch<Double>, _ set: [Int], _ step: Int, _ model: Model, _ grid: PreparedGrid,
    _ source: WipedScratch<Double>
  ) -> Int {
    var entry = 1
    row[0] = 1
    for lag in 1...max(model.lags, 1) {
      for channel in set {
        row[entry] = step >= lag ? source[(step - lag) * grid.channels + channel] : .nan
        entry += 1
      }
    }
    for channel in set {
      row[entry] = grid.values[step * grid.channels + channel]
      entry += 1
    }
    if model.fromInputs {
      for channel in set {
        row[entry] = source[step * grid.channels + channel]
        entry += 1
      }
    }
    var gaps = 0
    for entry in 0..<row.count where row[entry].isNaN { gaps += 1 }
    return gaps
  }

  /// The spread of each channel from its errors so far, and how the errors of its group did lately.
  private static func followSpread(
    _ grid: PreparedGrid, _ means: WipedScratch<Double>, _ gaps: WipedScratch<Double>, _ spreads: WipedScratch<Double>,
    _ localSpreads: WipedScratch<Double>
  ) -> Bool {
    let channels = grid.channels
    // One imaginary error of the size of the values stands at the beginning.
    var sums = [Double](repeating: 1, count: channels)
    var counts = [Double](repeating: 1, count: channels)
    var swell = [Double](repeating: 1, count: grid.groups)
    var finite = true
    for step in 0..<grid.steps {
      for channel in 0..<channels {
        let index = step * channels + channel
        let error = grid.values[index] - means[index]
        if grid.values[index].isNaN { continue }
        if !error.isFinite || !gaps[index].isFinite {
          finite = false
          continue
        }
        let gap = max(gaps[index], 1)
        let variance = max(sums[channel] / counts[channel], 1e-18)
        let group = grid.group[channel]
        spreads[index] = (variance * gap).squareRoot()
        localSpreads[index] = (variance * gap * min(max(swell[group], 0.02), 50)).squareRoot()
        let square = min(error * error / gap, 1e6)
        sums[channel] += square
        counts[channel] += 1
        swell[group] += 0.08 * (min(square / variance, 50) - swell[group])
      }
    }
    return finite
  }
}
