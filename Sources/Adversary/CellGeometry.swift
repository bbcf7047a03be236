import Agreement

/// Where the values of each symbol of a channel lie, as far as it is public.
///
/// A profile of the quantiser is judged by this alone: cells with guards between them, or a comb of narrow places, one
/// in every cell, where the position inside the cell is published.
package enum CellGeometry: Sendable, Hashable {
  /// The kept part of every cell, ascending; the symbol of cell k is its Gray code.
  case cells([ClosedRange<Double>])
  /// Cells of the width `step`; the value lies at the published position in its cell, somewhere within `width` of a cell
  /// from there on. The symbol is the cell's index modulo the number of symbols.
  case comb(step: Double, width: Double)

  /// The cells of a quantiser less their guards.
  init(_ quantiser: Quantiser) {
    let limits = [-Double.infinity] + quantiser.thresholds + [Double.infinity]
    self = .cells(
      zip(limits, limits.dropFirst()).map { lower, upper in
        let inner = lower + quantiser.guardBand
        return inner...max(inner, upper - quantiser.guardBand)
      })
  }

  /// The cells of a lattice, with its positions as the places in them.
  init(_ quantiser: OffsetQuantiser) {
    self = .comb(step: quantiser.step, width: 1 / Double(OffsetQuantiser.positions))
  }

  /// How probable each symbol is for a value about `mean`, given that it was kept.
  ///
  /// - Parameters:
  ///   - mean: the guess of the value.
  ///   - spread: the size of its error, above zero.
  ///   - law: the distribution of errors divided by their size.
  ///   - position: the published position in the cell, 0 ..< 1; of a comb only.
  ///   - symbols: filled in with probabilities; its count is the number of symbols.
  func fill(_ symbols: inout [Double], mean: Double, spread: Double, law: ResidualLaw, position: Double) {
    let count = symbols.count
    // What no forecast excludes altogether.
    for index in 0..<count { symbols[index] = 1e-3 / Double(count) }
    switch self {
    case .cells(let parts):
      for (cell, part) in parts.enumerated() {
        symbols[Quantiser.gray(cell)] += law.mass((part.lowerBound - mean) / spread, (part.upperBound - mean) / spread)
      }
    case .comb(let step, let width):
      let reach = min((law.reach * spread / step).rounded(.up) + 1, 4096)
      let centre = (mean / step - position).rounded()
      guard centre.isFinite, reach.isFinite, abs(centre) < 1e12 else { break }
      for offset in stride(from: -reach, through: reach, by: 1) {
        let index = centre + offset
        let lower = (index + position) * step
        let symbol = Int(index) & (count - 1)
        symbols[symbol] += law.mass((lower - mean) / spread, (lower + width * step - mean) / spread)
      }
    }
    let sum = symbols.reduce(0, +)
    for index in 0..<count { symbols[index] /= sum }
  }
}
