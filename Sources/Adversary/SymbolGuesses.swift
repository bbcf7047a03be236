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
  init(_ pair: AttackedPair, _ forecast: MotionForecaster.Forecast, scales: [Double]) {
    let count = pair.channels.count
    self.init(pair) { cell, probabilities in
      let channel = cell % count
      let gain = pair.map.gains[cell] * scales[channel]
      let mean = gain * forecast.means[cell] + pair.map.shifts[cell]
      let spread = abs(gain) * forecast.spreads[cell]
      guard mean.isFinite, spread.isFinite, spread > 0 else { return }
      pair.geometry[channel].fill(
        &probabilities, mean: mean, spread: spread, law: forecast.law,
        position: pair.positions.isEmpty ? 0 : pair.positions[cell])
    }
  }

  /// The mixture of several attackers' guesses, each with a vote by how well it did so far; votes are shared a little, so
  /// that one may come back.
  init(mixing guesses: [SymbolGuesses]) {
    var votes = [Double](repeating: 1 / Double(max(guesses.count, 1)), count: guesses.count)
    let share = 0.005
    for place in (guesses.first?.cells ?? []).indices {
      guard let first = guesses.first?.cells[place] else { break }
      var mixed = [Double](repeating: 0, count: first.probabilities.count)
      for (vote, guess) in zip(votes, guesses) {
        for symbol in mixed.indices { mixed[symbol] += vote * guess.cells[place].probabilities[symbol] }
      }
      cells.append(Cell(cell: first.cell, truth: first.truth, probabilities: mixed))
      let sum = mixed[first.truth]
      for (number, guess) in guesses.enumerated() {
        votes[number] *= guess.cells[place].probabilities[first.truth] / sum
        votes[number] = (1 - share) * votes[number] + share / Double(guesses.count)
      }
    }
  }
}
