/// The predictors that guess the kept bits on the grid, where erasures are seen for what they are.
///
/// A predictor knows everything public (both masks, those of later steps included) and everything earlier: real values of
/// past steps, of earlier channels of the same step, and earlier bits of the same symbol. It is scored on kept bits only.
enum GridPredictors {
  /// How often one predictor was right.
  struct Tally {
    let name: String
    var hits = 0
  }

  /// The linear predictors that are run on a grid.
  static func models(_ grid: PreparedGrid) -> [LinearForecast.Model] {
    let channels = grid.channels
    // With more channels fewer steps back, so that there is not more to learn than a segment can teach.
    let lags = min(8, max(1, 24 / max(channels, 1)))
    guard grid.lattice == nil else {
      // Values on a lattice are low-passed motion, as inputs are: most of them follows from the values before, so that even a
      // small ridge would be felt.
      return [
        .init(name: "own past, 8 values", joint: false, lags: 8, ridge: 1e-4, rehearsals: 3),
        .init(name: "all channels, \(lags) values", joint: true, lags: lags, ridge: 1e-3, rehearsals: 4),
        .init(name: "all channels, 2 values", joint: true, lags: 2, ridge: 1e-3),
        .init(name: "own past, 4 values, forgetting", joint: false, lags: 4, ridge: 1e-4, forgetting: 0.99),
        .init(name: "own past, 24 values", joint: false, lags: 24, ridge: 1e-6),
      ]
    }
    var models: [LinearForecast.Model] = [
      .init(name: "own past, 8 values", joint: false, lags: 8, ridge: 0.1, rehearsals: 3),
      .init(name: "all channels, 2 values", joint: true, lags: 2, ridge: 1),
      .init(name: "all channels, \(lags) values", joint: true, lags: lags, ridge: 1, rehearsals: 4),
      .init(name: "own past, 3 values, forgetting", joint: false, lags: 3, ridge: 0.1, forgetting: 0.99),
      .init(name: "own past, 24 values", joint: false, lags: 24, ridge: 1e-6),
    ]
    if grid.inputs != nil {
      models += [
        .init(name: "own past, 8 inputs", joint: false, fromInputs: true, lags: 8, ridge: 1e-4, rehearsals: 3),
        .init(
          name: "all channels, \(lags) inputs", joint: true, fromInputs: true, lags: lags, ridge: 1e-3, rehearsals: 4),
      ]
    }
    return models
  }

  /// Runs all predictors over the grid; `nil` if a figure is not finite.
  static func run(_ grid: PreparedGrid) -> [Tally]? {
    guard grid.isComputable else { return nil }
    let models = models(grid)
    let forecasts = models.map { LinearForecast($0, on: grid) }
    guard forecasts.allSatisfy(\.isFinite) else { return nil }
    let tables = ContextTables(grid)
    let lookahead = grid.lattice.map { LatticeLookahead(grid, $0) }
    guard lookahead?.isFinite ?? true else { return nil }
    let tableCount = tables.names.count
    let regression = FeatureRegression(width: 21 + 2 * grid.channels, sets: grid.nodes * grid.groups)
    let trees = 2 * forecasts.count + (lookahead == nil ? 0 : 1)
    let predictors = tableCount + trees + 1
    let byNode = LogisticMixer(inputs: predictors, sets: grid.nodes * grid.groups)
    let byChannel = LogisticMixer(inputs: predictors, sets: grid.channels)
    var tallies = tables.names.map { Tally(name: "context: \($0)") }
    for model in models {
      tallies.append(Tally(name: "linear: \(model.name)"))
      tallies.append(Tally(name: "linear: \(model.name), local spread"))
    }
    if lookahead != nil { tallies.append(Tally(name: "linear: all channels, and the next positions")) }
    tallies.append(Tally(name: "logistic regression"))
    tallies.append(Tally(name: "mix by bit plane"))
    tallies.append(Tally(name: "mix by channel"))
    tallies.append(Tally(name: "mix of both"))
    var chances = [CellProbabilities](repeating: CellProbabilities(), count: trees)
    let guesses = WipedScratch(repeating: 0.5, count: predictors)
    var finite = true

    for step in 0..<grid.steps {
      for channel in 0..<grid.channels {
        let index = step * grid.channels + channel
        defer { tables.end(step: step, channel: channel) }
        guard grid.isKept(index) else { continue }
        tables.begin(step: step, channel: channel, own: forecasts[0], joint: forecasts[1])
        for (number, forecast) in forecasts.enumerated() {
          let mean = forecast.means[index]
          chances[2 * number].set(mean: mean, spread: forecast.spreads[index], index: index, grid: grid)
          chances[2 * number + 1].set(mean: mean, spread: forecast.localSpreads[index], index: index, grid: grid)
        }
        lookahead?.set(
          &chances[trees - 1], mean: forecasts[1].means[index], spread: forecasts[1].spreads[index], step: step,
          channel: channel)
        fillFeatures(regression.features, grid, step, channel, forecasts)
        let levels = grid.levels[channel]
        let symbol = grid.symbol(ofCell: Int(grid.cells[index]))
        var node = 1
        for plane in stride(from: levels - 1, through: 0, by: -1) {
          let bit = (symbol >> plane) & 1
          for table in 0..<tableCount { guesses[table] = tables.probabilityOfOne(table: table, node: node) }
          for number in 0..<chances.count { guesses[tableCount + number] = chances[number].probabilityOfOne(at: node) }
          let set = grid.nodes * grid.group[channel] + node
          guesses[predictors - 1] = regression.probabilityOfOne(set: set)
          for predictor in 0..<predictors {
            let guess = guesses[predictor]
            if (guess > 0.5 ? 1 : 0) == bit { tallies[predictor].hits += 1 }
            byNode.set(input: predictor, probabilityOfOne: guess)
            byChannel.set(input: predictor, probabilityOfOne: guess)
          }
          let first = byNode.probabilityOfOne(set: set)
          let second = byChannel.probabilityOfOne(set: channel)
          if !first.isFinite || !second.isFinite { finite = false }
          if (first > 0.5 ? 1 : 0) == bit { tallies[predictors].hits += 1 }
          if (second > 0.5 ? 1 : 0) == bit { tallies[predictors + 1].hits += 1 }
          if (first + second > 1 ? 1 : 0) == bit { tallies[predictors + 2].hits += 1 }

          tables.learn(bit, node: node)
          regression.learn(bit, predicted: guesses[predictors - 1], set: set)
          byNode.learn(bit, predicted: first, set: set)
          byChannel.learn(bit, predicted: second, set: channel)
          node = 2 * node + bit
        }
      }
    }
    return finite ? tallies : nil
  }

  /// What the logistic regression looks at: forecasts, signs and sizes of past values, masks.
  private static func fillFeatures(
    _ features: WipedScratch<Double>, _ grid: PreparedGrid, _ step: Int, _ channel: Int, _ forecasts: [LinearForecast]
  ) {
    let index = step * grid.channels + channel
    var place = 0
    func add(_ value: Double) {
      features[place] = value.isNaN ? 0 : min(max(value, -4), 4)
      place += 1
    }
    func value(_ step: Int, _ channel: Int) -> Double {
      step < 0 ? .nan : grid.values[step * grid.channels + channel]
    }
    add(1)
    add(forecasts[0].means[index])
    add(abs(forecasts[0].means[index]))
    add(forecasts[1].means[index])
    add(forecasts[0].localSpreads[index] - 1)
    for lag in 1...2 {
      add(value(step - lag, channel))
      add(abs(value(step - lag, channel)) - 0.8)
    }
    for other in 0..<grid.channels {
      let latest = value(other < channel ? step : step - 1, other)
      add(latest)
      add(abs(latest) - 0.8)
    }
    for distance in [-3, -2, -1, 1, 2, 3] {
      let other = step + distance
      let inside = other >= 0 && other < grid.steps
      let mask = inside ? grid.masks[other * grid.channels + channel] : 0
      add(mask & 1 != 0 ? 0.5 : -0.5)
      add(mask & 2 != 0 ? 0.5 : -0.5)
    }
  }
}
