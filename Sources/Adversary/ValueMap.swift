import Motion

/// How Alice's values follow from her low-passed motion: value = gain · motion + shift, in every cell.
///
/// Her predictors are refitted every second to seconds before, so whoever knows those knows gain and shift: the shift
/// is made of earlier motion only. They are found here as the linear relation that holds throughout a second.
struct ValueMap: Sendable {
  /// Gain of every cell, row-major by step and channel; NaN where unknown.
  private(set) var gains: [Double]
  /// Shift of every cell, in the units of the values.
  private(set) var shifts: [Double]

  /// - Parameter table: the motion on the pair's own steps.
  init(_ pair: AttackedPair, _ table: MotionTable) {
    let count = pair.channels.count
    gains = [Double](repeating: .nan, count: pair.values.count)
    shifts = gains
    for (c, channel) in pair.channels.enumerated() {
      guard let column = table.channels.firstIndex(of: channel) else { continue }
      let scale = table.scales[column]
      let order = pair.orders[c]
      var known: [Double]?
      /// Steps of motion: the differences from the latest on, and what they start from.
      func terms(_ step: Int) -> [Double]? {
        let motion = (0...order).map { table[pair.steps.lowerBound + step - $0, column] * scale }
        guard motion.allSatisfy(\.isFinite) else { return nil }
        return (0..<order).map { motion[$0] - motion[$0 + 1] } + [motion[order]]
      }
      for second in 0..<(pair.steps.count / pair.stepsPerSecond) {
        let steps = second * pair.stepsPerSecond..<(second + 1) * pair.stepsPerSecond
        var equations = LeastSquares(unknowns: order + 1)
        for step in steps {
          guard pair.values[step * count + c].isFinite, let row = terms(step) else { continue }
          equations.add(row, target: pair.values[step * count + c])
        }
        if equations.count > 2 * (order + 1), let solution = equations.solve(),
          equations.residual(of: solution) <= 1e-9 * equations.energy
        {
          known = solution
        }
        guard let known else { continue }
        for step in steps {
          guard var row = terms(step) else { continue }
          // The latest motion is in the first term, or, of order 0, the only one.
          let latest = table[pair.steps.lowerBound + step, column] * scale
          row[0] -= latest
          gains[step * count + c] = known[0]
          shifts[step * count + c] = zip(row, known).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
    }
  }
}
