/// Cuts a low-passed value into cells of one width and publishes where inside its cell the value lies, so that the peer
/// can tell which cell was meant wherever the two boards differ by less than half a cell.
///
/// Value = step · (index + place), with an integer index and 0 ≤ place < 1. Public is the position ⌊16 · place⌋; secret is
/// the index modulo 2^bits. This is the helper data of a fuzzy extractor for a real number (J.-P. Linnartz and P. Tuyls,
/// New Shielding Functions to Enhance Privacy and Prevent Misuse of Biometric Templates, 2003; quantisation index
/// modulation). The position tells nothing of the index as far as a cell is narrow against what a predictor leaves open:
/// how far, the prediction bound says.
///
/// The index is written in plain binary. A Gray code would save half of the errors, but its two highest planes both
/// change only twice in a period of 2^bits cells; in plain binary one does, which leaves more room to the rule that bits
/// must not depend on those before.
public struct OffsetQuantiser: Sendable, Hashable {
  /// Positions inside a cell that are told apart: four public bits.
  public static let positions = 16
  /// How far from the published point, in cells, the peer's value may lie: further off it is erased.
  public static let acceptance = 0.35
  /// Permitted bits per value.
  public static let bitCounts = 1...4
  /// Larger numbers of cells from zero are no motion.
  private static let furthestCell = 1e9

  /// The width of a cell, in the units of the values.
  public let step: Double
  /// Bits per value, 1…4.
  public let bits: Int

  /// - Returns: `nil` unless the step is finite and above zero and the bits lie in ``bitCounts``.
  public init?(step: Double, bits: Int) {
    guard step.isFinite, step > 0, OffsetQuantiser.bitCounts.contains(bits) else { return nil }
    self.step = step
    self.bits = bits
  }

  /// The position of a value inside its cell, 0..<16; `nil` where the value is missing (NaN) or no motion.
  public func position(of value: Double) -> UInt8? {
    guard let cells = cells(value) else { return nil }
    return UInt8(min(max((cells - cells.rounded(.down)) * Double(OffsetQuantiser.positions), 0), 15))
  }

  /// The cell, 0..<2^bits, whose point at a published position lies nearest to a value, and how far beyond the value that
  /// point lies, in cells, −½…½; `nil` where the value is missing (NaN) or no motion, or the position none.
  public func nearest(to value: Double, position: UInt8) -> (cell: Int, residual: Double)? {
    guard position < OffsetQuantiser.positions, let cells = cells(value) else { return nil }
    let distance = cells - place(of: position)
    let index = distance.rounded()
    return (Int(index) & ((1 << bits) - 1), index - distance)
  }

  /// Where in a cell a position lies, in cells: its middle.
  func place(of position: UInt8) -> Double { (Double(position) + 0.5) / Double(OffsetQuantiser.positions) }

  private func cells(_ value: Double) -> Double? {
    let cells = value / step
    guard cells.isFinite, abs(cells) < OffsetQuantiser.furthestCell else { return nil }
    return cells
  }
}
