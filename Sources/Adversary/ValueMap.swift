/// How Alice's values follow from her low-passed motion: value = gain · motion + shift, in every cell.
///
/// Weights and scales are refitted every second to values that both boards kept, from whichever past values both have, so
/// that they change from cell to cell. The attacks are granted them as they were, which is more than anybody knows but the
/// two boards; the shift is made of earlier motion only.
struct ValueMap: Sendable, Hashable {
  /// Gain of every cell, row-major by step and channel; NaN where there is none.
  let gains: [Double]
  /// Shift of every cell, in the units of the values.
  let shifts: [Double]

  /// In how many of the kept cells the values do not follow from the motion.
  ///
  /// - Parameter table: the motion on the pair's own steps.
  func failures(_ pair: AttackedPair, _ table: MotionTable) -> Int {
    let columns = pair.channels.map { table.channels.firstIndex(of: $0) }
    return pair.symbols.indices.count { cell in
      guard pair.symbols[cell] >= 0 else { return false }
      let channel = cell % pair.channels.count
      guard let column = columns[channel] else { return true }
      let motion = table[pair.steps.lowerBound + cell / pair.channels.count, column] * table.scales[column]
      let error = abs(gains[cell] * motion + shifts[cell] - pair.values[cell])
      return !(error <= 1e-3 * pair.valueScales[channel])
    }
  }
}
