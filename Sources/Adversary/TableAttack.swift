import Motion

/// Guesses of symbols from tables of what followed alike contexts: the last kept symbols of the same and of other channels,
/// and both masks three steps to either side.
///
/// The tables are filled from other pairs and go on learning from the attacked one. Each has a vote by how well it did so
/// far: a Bayesian mixture whose weights are shared a little, so that a table may come back.
struct TableAttack {
  private static let kinds = 8
  private static let share = 0.01
  /// Counts of symbols by context; keys hold the number of the table, sensor and levels too.
  private var counts: [UInt64: [Double]] = [:]
  private var weights: [UInt64: [Double]] = [:]

  /// Learns from another pair.
  mutating func train(_ pair: AttackedPair) { _ = run(pair) }

  /// Guesses every kept symbol before it learns it.
  mutating func run(_ pair: AttackedPair) -> SymbolGuesses {
    var copy = self
    let guesses = SymbolGuesses(pair) { cell, probabilities in copy.guess(pair, cell, &probabilities) }
    self = copy
    return guesses
  }

  private mutating func guess(_ pair: AttackedPair, _ cell: Int, _ probabilities: inout [Double]) {
    let channel = cell % pair.channels.count
    let group = UInt64(pair.channels[channel].kind.rawValue) << 3 | UInt64(pair.levels[channel])
    let contexts = Self.contexts(pair, cell)
    let truth = Int(pair.symbols[cell])
    var votes = weights[group] ?? [Double](repeating: 1 / Double(Self.kinds), count: Self.kinds)
    let symbols = probabilities.count
    for symbol in 0..<symbols { probabilities[symbol] = 0 }
    for (table, context) in contexts.enumerated() {
      let key = context << 12 | UInt64(table) << 8 | group
      var own = counts[key] ?? [Double](repeating: 0, count: symbols)
      // Krichevsky and Trofimov's estimate (1981).
      let total = own.reduce(0, +) + 0.5 * Double(symbols)
      for symbol in 0..<symbols { probabilities[symbol] += votes[table] * (own[symbol] + 0.5) / total }
      votes[table] *= (own[truth] + 0.5) / total
      own[truth] += 1
      counts[key] = own
    }
    let sum = votes.reduce(0, +)
    weights[group] = votes.map { (1 - Self.share) * $0 / sum + Self.share / Double(Self.kinds) }
  }

  /// What each table looks at.
  private static func contexts(_ pair: AttackedPair, _ cell: Int) -> [UInt64] {
    let count = pair.channels.count
    let channel = cell % count
    /// 0 where a symbol is erased or before the beginning, else one more than the symbol.
    func symbol(_ cell: Int) -> UInt64 { cell >= 0 ? UInt64(pair.symbols[cell] + 1) : 0 }
    func masks(_ reach: Int) -> UInt64 {
      var bits: UInt64 = 0
      for distance in -reach...reach where distance != 0 {
        let other = cell + distance * count
        let isInside = pair.symbols.indices.contains(other)
        bits = bits << 2 | (isInside && pair.ownKept[other] ? 2 : 0) | (isInside && pair.peerKept[other] ? 1 : 0)
      }
      return bits
    }
    let last = symbol(cell - count)
    let beforeLast = symbol(cell - 2 * count)
    let beside = channel > 0 ? symbol(cell - 1) : symbol(cell - 1) + 17
    let place = UInt64(channel)
    var kept: [UInt64] = []
    var earlier = cell - count
    while kept.count < 2, earlier >= 0, cell - earlier <= 6 * count {
      if pair.symbols[earlier] >= 0 { kept.append(symbol(earlier)) }
      earlier -= count
    }
    let lastKept = kept.reduce(0) { $0 << 5 | $1 }
    let position = pair.positions.isEmpty ? 0 : UInt64(16 * pair.positions[cell])
    return [
      0, last << 5 | beforeLast, last << 6 | beside, masks(3), masks(1) << 5 | last,
      lastKept << 3 | place, place << 20 | symbol(cell - 3 * count) << 10 | last << 5 | beforeLast,
      position << 8 | place << 5 | last,
    ]
  }
}
