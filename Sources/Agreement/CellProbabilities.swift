/// The probabilities of the cells of one symbol, and of its bits one after the other.
///
/// Bits are addressed as nodes of a binary tree: node 1 is the first bit of the symbol, and after a bit b at node k comes
/// node 2k + b.
struct CellProbabilities {
  private let normal = NormalDistribution()
  private var sums = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

  /// Fills in the tree for a value of the normal distribution with the given mean and spread, known to lie in the kept
  /// part of a cell of `channel`.
  mutating func set(mean: Double, spread: Double, channel: Int, grid: PreparedGrid) {
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

  /// The probability that the bit at `node` is 1.
  func probabilityOfOne(at node: Int) -> Double {
    withUnsafeBytes(of: sums) { raw in
      let sums = raw.assumingMemoryBound(to: Double.self)
      return sums[2 * node + 1] / (sums[2 * node] + sums[2 * node + 1])
    }
  }
}
