import Agreement
import Motion

/// The linear attack: guesses of every motion value from all channels' earlier ones, from those of the same step in
/// channels before it, and from a side series, by ridge least squares over other recordings.
///
/// It is granted all earlier true values, which nobody but Alice and, nearly, Bob has.
final class MotionForecaster {
  /// What it is made of.
  struct Settings: Sendable, Hashable {
    /// Steps back.
    var lags = 12
    /// How many imagined rows of unrelated entries hold the weights down.
    var ridge = 1e-3
  }

  /// Guesses of the motion in the key zone's cells, in units of the table's scales.
  struct Forecast: Sendable {
    /// Row-major by step and channel of the plan; NaN where there is none.
    var means: [Double]
    /// Expected size of the error.
    var spreads: [Double]
    /// How much larger the latest errors of the sensor were than usual.
    var swells: [Double]
    /// The distribution of errors over their expected size.
    var law: ResidualLaw
  }

  /// A recording to learn from or to attack, with what is known of it from elsewhere.
  struct Source {
    let table: MotionTable
    let side: SideSeries?
  }

  private let settings: Settings
  private let observed: [MotionChannel]
  /// Columns of the channels that are guessed, in the order of the plan.
  private let targets: [Int]
  private let sideWidth: Int
  private let regression: GappedRegression
  private let row: WipedScratch<Double>
  /// Variance of the errors of each target.
  private var variances: [Double]
  private var law = ResidualLaw.normal
  private var swellRate = 0.08

  /// An attack on channels `targets` out of `observed`.
  init(observed: [MotionChannel], targets: [MotionChannel], sideWidth: Int, settings: Settings) {
    self.settings = settings
    self.observed = observed
    self.targets = targets.compactMap { observed.firstIndex(of: $0) }
    self.sideWidth = sideWidth
    let width = 1 + settings.lags * observed.count + sideWidth + targets.count
    regression = GappedRegression(width: width, ridge: settings.ridge, forgetting: 1)
    row = WipedScratch(repeating: 0, count: width)
    variances = [Double](repeating: 1, count: targets.count)
  }

  private var start: Int { row.count - targets.count }

  /// Fills the row of a step; how many entries are missing.
  private func fill(_ source: Source, _ step: Int) -> Int {
    var entry = 0
    var gaps = 0
    func add(_ value: Double) {
      row[entry] = value
      if value.isNaN { gaps += 1 }
      entry += 1
    }
    add(1)
    for lag in stride(from: settings.lags, to: 0, by: -1) {
      for column in observed.indices { add(source.table[step - lag, column]) }
    }
    for place in 0..<sideWidth { add(source.side.map { $0.values[step * sideWidth + place] } ?? 0) }
    for column in targets { add(source.table[step, column]) }
    return gaps
  }

  /// Learns from other recordings: weights, sizes of errors and their distribution.
  func train(_ sources: [Source]) {
    func rows(_ source: Source, _ visit: (Int, Bool) -> Void) {
      for step in settings.lags..<max(source.table.steps, settings.lags) {
        let gaps = fill(source, step)
        // A row with many gaps takes long to fill and teaches little.
        guard 4 * gaps <= row.count, (start..<row.count).contains(where: { !row[$0].isNaN }) else { continue }
        visit(step, gaps > 0)
      }
    }
    for source in sources {
      rows(source) { _, hasGaps in
        if hasGaps { regression.guess(row, start..<start) { _, _, _ in } }
        regression.learn(row, hasGaps: hasGaps)
      }
    }
    // Once more with all that is known by now, taking down the errors.
    var errors: [[(target: Int, error: Double, gap: Double)]] = []
    regression.beginCollecting()
    for source in sources {
      rows(source) { _, hasGaps in
        var now: [(Int, Double, Double)] = []
        regression.guess(row, start..<row.count) { entry, mean, gap in
          let value = row[entry]
          if value.isFinite, mean.isFinite { now.append((entry - start, value - mean, max(gap, 1))) }
        }
        errors.append(now)
        regression.learn(row, hasGaps: hasGaps)
      }
      errors.append([])
    }
    regression.endCollecting()
    for target in targets.indices {
      let own = errors.joined().filter { $0.target == target }
      guard !own.isEmpty else { continue }
      variances[target] = max(own.reduce(0) { $0 + $1.error * $1.error / $1.gap } / Double(own.count), 1e-18)
    }
    // How fast the size of errors is best followed, and what is left of them then.
    var best = -Double.infinity
    for rate in [0.02, 0.05, 0.1, 0.2] {
      var sizes = Swells(observed, targets, rate: rate)
      var standard: [Double] = []
      var logSizes = 0.0
      for now in errors {
        if now.isEmpty { sizes = Swells(observed, targets, rate: rate) }
        for (target, error, gap) in now {
          let deviation = (variances[target] * gap * sizes[target]).squareRoot()
          standard.append(error / deviation)
          logSizes += Double(deviation.exponent) + logarithm(deviation.significand)
        }
        for (target, error, gap) in now { sizes.learn(target, error * error / gap / variances[target]) }
      }
      guard !standard.isEmpty else { break }
      let fitted = ResidualLaw(fitting: standard)
      let score = fitted.meanLogDensity(of: standard) - logSizes / Double(standard.count)
      if score > best { (best, law, swellRate) = (score, fitted, rate) }
    }
  }

  /// Goes through the attacked recording from its onset, guessing each value before it learns it.
  ///
  /// - Parameter hold: what the other recordings count for from here on, rows; `nil`: only they are learnt from.
  func forecast(_ source: Source, steps: Range<Int>, hold: Double?) -> Forecast {
    let regression = GappedRegression(copying: regression)
    let count = targets.count
    let empty = [Double](repeating: .nan, count: steps.count * count)
    var forecast = Forecast(means: empty, spreads: empty, swells: empty, law: law)
    var sums = variances.map { $0 * 100 }
    var weights = [Double](repeating: 100, count: count)
    var sizes = Swells(observed, targets, rate: swellRate)
    if let hold { regression.limitWeight(to: hold) }
    for step in settings.lags..<min(steps.upperBound, source.table.steps) {
      let gaps = fill(source, step)
      let teaches = hold != nil && 4 * gaps <= row.count
      guard teaches || steps.contains(step) else { continue }
      var now: [(target: Int, error: Double, gap: Double)] = []
      regression.guess(row, start..<row.count) { entry, mean, gap in
        let target = entry - start
        let variance = hold == nil ? variances[target] : sums[target] / weights[target]
        let gap = max(gap, 1)
        if steps.contains(step) {
          let cell = (step - steps.lowerBound) * count + target
          forecast.means[cell] = mean
          forecast.swells[cell] = sizes[target]
          forecast.spreads[cell] = (variance * gap * sizes[target]).squareRoot()
        }
        let error = row[entry] - mean
        if error.isFinite { now.append((target, error, gap)) }
      }
      for (target, error, gap) in now {
        sizes.learn(target, error * error / gap / (sums[target] / weights[target]))
        sums[target] += error * error / gap
        weights[target] += 1
      }
      if teaches { regression.learn(row, hasGaps: gaps > 0) }
    }
    return forecast
  }

  /// How large the latest errors of each sensor were, relative to their mean: a motion swells and ebbs.
  private struct Swells {
    private let kinds: [Int]
    private var sizes = [1.0, 1.0]
    private let rate: Double

    init(_ observed: [MotionChannel], _ targets: [Int], rate: Double) {
      kinds = targets.map { Int(observed[$0].kind.rawValue) }
      self.rate = rate
    }

    subscript(target: Int) -> Double { min(max(sizes[kinds[target]], 0.02), 50) }

    mutating func learn(_ target: Int, _ square: Double) {
      sizes[kinds[target]] += rate * (min(square, 50) - sizes[kinds[target]])
    }
  }
}
