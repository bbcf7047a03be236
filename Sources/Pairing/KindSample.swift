import Agreement
import Motion

/// The innovations of a sensor's axes on Alice's preamble, each in its own deviation: they share one shape, so together
/// they are three times the sample.
struct KindSample: Sendable {
  /// The values.
  let values: [Double]
  private let magnitudes: [Double]

  /// A way of cutting them into cells.
  struct Cut: Sendable {
    let levels: Int
    let guardIndex: Int
    /// As a plan has them.
    let thresholdCodes: [UInt16]
    /// As a plan has it.
    let magnitudeCode: UInt16
    /// In deviations.
    let quantiser: Quantiser
    /// Share of the values that fall into no guard.
    let kept: Double
  }

  init(_ statistics: PreambleStatistics, kind: SensorKind) {
    values = statistics.channels.filter { $0.channel.kind == kind }.flatMap { $0.own.filter(\.isFinite) }
    magnitudes = values.map(abs).sorted()
  }

  /// Cells that are equally probable; `nil` where the guard leaves too little.
  func cut(levels: Int, guardIndex: Int) -> Cut? {
    guard Quantiser.guardMenu.indices.contains(guardIndex) else { return nil }
    let guardBand = Quantiser.guardMenu[guardIndex]
    guard
      let placed = Quantiser.equiprobableThresholds(magnitudes: magnitudes, levels: levels, guardBand: guardBand)
    else { return nil }
    let codes = placed.thresholds.map { UInt16(min(($0 * 64).rounded(), 65535)) }
    guard
      let quantiser = Quantiser(
        levels: levels, positiveThresholds: codes.map { Double($0) / 64 }, guardBand: guardBand)
    else { return nil }
    var sum = 0.0
    var kept = 0.0
    for value in values where quantiser.cell(value) != nil {
      sum += abs(value)
      kept += 1
    }
    return Cut(
      levels: levels, guardIndex: guardIndex, thresholdCodes: codes,
      magnitudeCode: UInt16(min(max((sum / max(1, kept) * 64).rounded(), 1), 65535)), quantiser: quantiser,
      kept: kept / Double(max(values.count, 1)))
  }

  /// How far a rehearsal's errors may move a value.
  func halfWidth(_ rehearsal: Rehearsal) -> Double { rehearsal.halfWidth(for: magnitudes) }
}
