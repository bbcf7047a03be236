/// The probabilities of the cells of one symbol, and of its bits one after the other.
///
/// Bits are addressed as nodes of a binary tree: node 1 is the first bit of the symbol, and after a bit b at node k comes
/// node 2k + b.
struct CellProbabilities {
  private let normal = NormalDistribution()
  private var sums = (
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
  )

  /// Fills in the tree for the value at a place of the grid, of a normal distribution with the given mean and spread: known
  /// to lie in the kept part of a cell, or to have its published position on a lattice.
  mutating func set(mean: Double, spread: Double, index: Int, grid: PreparedGrid) {
    let channel = index % grid.channels
    if let lattice = grid.lattice {
      set(mean: mean, spread: spread, on: lattice.quantisers[channel], position: lattice.positions[index])
    } else {
      set(mean: mean, spread: spread, channel: channel, grid: grid)
    }
  }

  private mutating func set(mean: Double, spread: Double, channel: Int, grid: PreparedGrid) {
    let levels = grid.levels[channel]
    let cells = 1 << levels
    let inverse = 1 / spread
    withUnsafeMutableBytes(of: &sums) { raw in
      let sums = raw.assumingMemoryBound(to: Double.self)
      for cell in 0..<cells {
        let lower = (grid.keptParts[16 * channel + 2 * cell] - mean) * inverse
        let upper = (grid.keptParts[16 * channel + 2 * cell + 1] - mean) * inverse
        // Far out the normal distribution has nothing left to tell cells apart: a trace that falls with distance does.
        let distance = lower > 0 ? lower : upper < 0 ? -upper : 0
        let mass = lower > 0 ? normal(-lower) - normal(-upper) : normal(upper) - normal(lower)
        sums[cells + SymbolGrid.grayCode(cell)] = max(mass, 0) + 1e-4 / (1 + distance * distance)
      }
      for node in stride(from: cells - 1, through: 1, by: -1) { sums[node] = sums[2 * node] + sums[2 * node + 1] }
    }
  }

  /// Fills in the tree for a value of the normal distribution with the given mean and spread, known to be one of the points
  /// of a lattice that have a given position in their cell.
  ///
  /// - Parameter evidence: how likely each point is for other reasons, besides.
  mutating func set(
    mean: Double, spread: Double, on quantiser: OffsetQuantiser, position: UInt8,
    evidence: (Double) -> Double = { _ in 1 }
  ) {
    let cells = 1 << quantiser.bits
    withUnsafeMutableBytes(of: &sums) { raw in
      let sums = raw.assumingMemoryBound(to: Double.self)
      for leaf in cells..<(2 * cells) { sums[leaf] = 1e-4 }
      // A spread beyond the whole period of the index leaves nothing to tell its values apart by.
      guard position < OffsetQuantiser.positions, mean.isFinite, spread > 0, spread < Double(cells) * quantiser.step
      else {
        for node in 1..<(2 * cells) { sums[node] = 1 }
        return
      }
      let place = quantiser.place(of: position)
      let reach = 5 * spread / quantiser.step
      let middle = min(max(mean / quantiser.step - place, -1e9), 1e9)
      let first = Int((middle - reach).rounded(.down))
      for index in first...max(first, Int((middle + reach).rounded(.up))) {
        let point = (Double(index) + place) * quantiser.step
        let distance = (point - mean) / spread
        sums[cells + (index & (cells - 1))] += exponential(-0.5 * distance * distance) * evidence(point)
      }
      for node in stride(from: cells - 1, through: 1, by: -1) { sums[node] = sums[2 * node] + sums[2 * node + 1] }
    }
  }

  /// The probability that the bit at `node` is 1.
  func probabilityOfOne(at node: Int) -> Double {
    withUnsafeBytes(of: sums) { raw in
      let sums = raw.assumingMemoryBound(to: Double.self)
      return sums[2 * node + 1] / (sums[2 * node] + sums[2 * node + 1])
    }
  }
}
