/// A `SymbolGrid` made ready for the grid predictors: normalised, flat, in memory that is wiped.
///
/// Values and inputs are divided by the root mean square of their channel over the whole segment. That scale is public
/// in all but the last digits (it follows from the preambles), so knowing it beforehand gives a predictor nothing.
final class PreparedGrid {
  let steps: Int
  let channels: Int
  /// Bits per symbol of each channel.
  let levels: [Int]
  /// For each channel the group of channels of the same kind and levels, numbered from 0: they share statistics.
  let group: [Int]
  let groups: Int
  /// Normalised values, NaN where missing.
  let values: WipedScratch<Double>
  /// Normalised inputs, NaN where missing; `nil` if the grid has none.
  let inputs: WipedScratch<Double>?
  /// Cell indices, −1 where the value is missing.
  let cells: WipedScratch<Int8>
  /// 1 where kept by the party itself, plus 2 where kept by the peer.
  let masks: WipedScratch<UInt8>
  /// Normalised limits of the kept part of each cell: 16 per channel, lower and upper limit of cell k at 2k, 2k + 1. Of no
  /// use on a lattice.
  let keptParts: WipedScratch<Double>
  /// The lattice in normalised units; `nil` between thresholds.
  let lattice: SymbolGrid.Lattice?
  /// How many nodes the tree of a symbol's bits has at most, one more than there are: 8 between thresholds, 16 on a lattice.
  let nodes: Int
  /// The number of kept bits.
  let keptBits: Int
  /// Whether all scales are finite; if not, nothing can be said.
  let isComputable: Bool

  init(_ grid: SymbolGrid) {
    steps = grid.steps
    channels = grid.channels
    levels = grid.levels
    var known: [[Int]] = []
    group = (0..<grid.channels).map { channel in
      let key = [grid.kinds[channel], grid.levels[channel]]
      if let index = known.firstIndex(of: key) { return index }
      known.append(key)
      return known.count - 1
    }
    groups = known.count

    let area = steps * channels
    values = WipedScratch(repeating: .nan, count: area)
    cells = WipedScratch(repeating: -1, count: area)
    masks = WipedScratch(repeating: 0, count: area)
    keptParts = WipedScratch(repeating: 0, count: 16 * channels)
    nodes = grid.lattice == nil ? 8 : 16
    var kept = 0
    var computable = true
    let scales = Self.normalise(grid.values, into: values, channels: channels)
    for channel in 0..<channels {
      guard scales[channel].isFinite else {
        computable = false
        continue
      }
      // The guard band is public; the nearest kept value stands in for it, which a predictor may know as well.
      var guardBand = Double.infinity
      for step in 0..<steps {
        let index = step * channels + channel
        let value = grid.values[index]
        if let cell = grid.cell(at: index) { cells[index] = Int8(cell) }
        masks[index] = (grid.ownKept[index] ? 1 : 0) | (grid.peerKept[index] ? 2 : 0)
        guard masks[index] == 3 else { continue }
        kept += levels[channel]
        for threshold in grid.thresholds[channel] { guardBand = min(guardBand, abs(value - threshold)) }
      }
      if guardBand == .infinity { guardBand = 0 }
      let limits = [-Double.infinity] + grid.thresholds[channel] + [.infinity]
      for cell in 0..<(limits.count - 1) {
        let lower = limits[cell] + guardBand
        keptParts[16 * channel + 2 * cell] = lower / scales[channel]
        keptParts[16 * channel + 2 * cell + 1] = max(lower, limits[cell + 1] - guardBand) / scales[channel]
      }
    }
    keptBits = kept
    lattice = grid.lattice.flatMap { lattice in
      let quantisers = zip(lattice.quantisers, scales).compactMap {
        OffsetQuantiser(step: $0.step / $1, bits: $0.bits)
      }
      guard quantisers.count == lattice.quantisers.count else { return nil }
      return SymbolGrid.Lattice(quantisers: quantisers, positions: lattice.positions)
    }
    if (lattice == nil) != (grid.lattice == nil) { computable = false }
    if grid.inputs.isEmpty {
      inputs = nil
    } else {
      let scratch = WipedScratch(repeating: Double.nan, count: area)
      if !Self.normalise(grid.inputs, into: scratch, channels: channels).allSatisfy(\.isFinite) { computable = false }
      inputs = scratch
    }
    isComputable = computable
  }

  /// Whether both parties kept the cell.
  @inline(__always)
  func isKept(_ index: Int) -> Bool { masks[index] == 3 }

  /// How a cell is written in bits.
  @inline(__always)
  func symbol(ofCell cell: Int) -> Int { lattice == nil ? SymbolGrid.grayCode(cell) : cell }

  /// Divides each channel by its root mean square and returns that; 1 for a channel of zeros, infinite or NaN if it
  /// cannot be represented.
  private static func normalise(_ source: SecretValues, into target: WipedScratch<Double>, channels: Int) -> [Double] {
    (0..<channels).map { channel in
      var sum = 0.0
      var count = 0.0
      for index in stride(from: channel, to: source.count, by: channels) where source[index].isFinite {
        sum += source[index] * source[index]
        count += 1
      }
      // A sum that underflows to nothing, or is nothing, leaves the channel as it is.
      let scale = sum > 0 ? (sum / count).squareRoot() : 1
      for index in stride(from: channel, to: source.count, by: channels) where source[index].isFinite {
        target[index] = source[index] / scale
      }
      return scale
    }
  }
}
