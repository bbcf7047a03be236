import Agreement
import Motion
import Pairing

/// A pairing that came to bits, as the bench attacks it: kept symbols with what is public of each, the truth, and the
/// motion they were cut from.
///
/// Alice is the reference here, whichever board that is.
///
/// An attack takes from it what its rules allow: everything public, and of Alice's values those before the one it guesses.
package struct AttackedPair: Sendable {
  /// What it is called in tables.
  package let name: String
  /// Alice's recording.
  let recording: Recording
  /// Her onset by her clock, ns.
  let onset: Int64
  /// Her grid.
  let grid: SampleGrid
  /// Grid points per step.
  let width: Int
  /// The channels of the plan.
  let channels: [MotionChannel]
  /// Bits per symbol of each.
  let levels: [Int]
  /// The symbols' places in each.
  let geometry: [CellGeometry]
  /// What matches the two boards' motion, public.
  let filters: [MatchingFilter]
  /// The steps of the key zone, on the grid.
  let steps: Range<Int>
  /// Steps of one second of mask.
  let stepsPerSecond: Int
  /// Alice's values, row-major by step and channel, NaN where missing.
  var values: [Double]
  /// rms of each channel's values: public in all but the last digits, since the plan tells it.
  let valueScales: [Double]
  /// How the values follow from the motion; the attacks are granted it.
  let map: ValueMap
  /// Published positions in the cells, 0 ..< 1, laid out alike; of no meaning where Alice kept nothing, and empty where the profile publishes none.
  let positions: [Double]
  /// What Alice kept.
  let ownKept: [Bool]
  /// What Bob kept, or accepted.
  let peerKept: [Bool]
  /// Alice's symbols where both kept the cell, −1 elsewhere.
  var symbols: [Int8]
  /// n.
  package let keptBits: Int
  /// Bits that the pairing credits before leakage and margin: n times the least bound.
  package let creditedBits: Int
  /// Bits disclosed to correct errors.
  package let leakageBits: Int

  /// Spacing of the steps, seconds.
  var spacing: Double { Double(width) * grid.spacing }

  /// The sensors' channels, used by the plan or not.
  var observed: [MotionChannel] {
    SensorKind.allCases.flatMap { kind -> [MotionChannel] in
      let has = kind == .gyroscope ? recording.hasGyroscope : recording.hasAccelerometer
      return has ? (0..<3).map { MotionChannel(kind: kind, axis: $0) } : []
    }
  }
}

extension AttackedPair {
  /// The pair of a pairing that was run to disclose its key zones; `nil` where it never came to bits, or credits nothing.
  package init?(name: String, alice: Recording, bob: Recording, outcome: LocalPairing.Outcome) {
    guard let disclosure = outcome.disclosure else { return nil }
    let recording = outcome.reference == .alice ? alice : bob
    let clamps = [outcome.aliceReport, outcome.bobReport].compactMap(\.clamp)
    guard let credited = clamps.map(\.entropyBits).max(), let leakage = clamps.map(\.leakageBits).max() else {
      return nil
    }
    let values = disclosure.reference.values
    let count = disclosure.channels.count
    let geometry: [CellGeometry]
    let symbol: (_ cell: Int) -> Int?
    switch disclosure.cutting {
    case .between(let quantisers):
      geometry = quantisers.map(CellGeometry.init)
      symbol = { Quantiser.gray(quantisers[$0 % count].nearestCell(values[$0])) }
    case .lattice(let quantisers):
      geometry = quantisers.map(CellGeometry.init)
      symbol = { quantisers[$0 % count].nearest(to: values[$0], position: disclosure.positions[$0])?.cell }
    }
    guard geometry.count == count else { return nil }
    var symbols = [Int8](repeating: -1, count: values.count)
    var kept = 0
    for cell in values.indices where disclosure.reference.kept[cell] && disclosure.other.kept[cell] {
      guard let symbol = symbol(cell) else { return nil }
      symbols[cell] = Int8(symbol)
      kept += disclosure.levels[cell % count]
    }
    self.init(
      name: name, recording: recording, onset: disclosure.onset, grid: disclosure.grid, width: disclosure.width,
      channels: disclosure.channels, levels: disclosure.levels, geometry: geometry, filters: disclosure.filters,
      steps: disclosure.steps, stepsPerSecond: disclosure.stepsPerSecond, values: values,
      valueScales: (0..<count).map { channel in
        let own = stride(from: channel, to: values.count, by: count).map { values[$0] }.filter(\.isFinite)
        let power = own.reduce(0) { $0 + $1 * $1 }
        return power > 0 ? (power / Double(own.count)).squareRoot() : 1
      }, map: ValueMap(gains: disclosure.gains, shifts: disclosure.shifts),
      positions: disclosure.positions.map { Double($0) / Double(OffsetQuantiser.positions) },
      ownKept: disclosure.reference.kept, peerKept: disclosure.other.kept, symbols: symbols, keptBits: kept,
      creditedBits: credited, leakageBits: leakage)
  }
}
