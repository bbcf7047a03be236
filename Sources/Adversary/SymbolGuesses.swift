import Agreement

/// An attack's probabilities of every kept symbol, in order of time and channel.
struct SymbolGuesses: Sendable {
  /// One kept cell.
  struct Cell: Sendable {
    /// Row-major index of the cell.
    let cell: Int
    /// The symbol.
    let truth: Int
    /// The probability of each symbol, their sum 1.
    let probabilities: [Double]
  }

  /// The kept cells.
  private(set) var cells: [Cell] = []

  /// - Parameter guess: fills in the probabilities of a cell.
  init(_ pair: AttackedPair, _ guess: (_ cell: Int, _ probabilities: inout [Double]) -> Void) {
    for cell in pair.symbols.indices where pair.symbols[cell] >= 0 {
      let count = 1 << pair.levels[cell % pair.levels.count]
      var probabilities = [Double](repeating: 1 / Double(count), count: count)
      guess(cell, &probabilities)
      cells.append(Cell(cell: cell, truth: Int(pair.symbols[cell]), probabilities: probabilities))
    }
  }

  /// From guesses of the motion.
  init(_ pair: AttackedPair, _ forecast: MotionForecaster.Forecast, _ map: ValueMap, scales: [Double]) {
    let count = pair.channels.count
    self.init(pair) { cell, probabilities in
      let channel = cell % count
      let gain = map.gains[cell] * scales[channel]
      let mean = gain * forecast.means[cell] + map.shifts[cell]
      let spread = abs(gain) * forecast.spreads[cell]
      guard mean.isFinite, spread.isFinite, spread > 0 else { return }
      pair.geometry[channel].fill(
        &probabilities, mean: mean, spread: spread, law: forecast.law,
        position: pair.positions.isEmpty ? 0 : pair.positions[cell])
    }
  }
}
