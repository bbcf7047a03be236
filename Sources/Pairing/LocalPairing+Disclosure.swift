import Agreement
import Motion

extension LocalPairing {
  /// Both key zones of a pairing that came to bits, laid open: what an attack on it is judged by.
  ///
  /// Only a ``LocalPairing`` whose ``LocalPairing/disclosesKeyZones`` is set makes one. It runs both sides itself, in one
  /// process, with a fixed session id, over recordings that whoever runs it holds anyway. ``PairingMachine`` hands nothing of
  /// it out of this module, and no configuration, event or message makes it do so: a live pairing has no way here. The
  /// numbers are copies in ordinary memory, unlike those of the machines, which are wiped.
  package struct Disclosure: Sendable {
    /// One side's cells, row-major (index = step · channels + channel) over ``Disclosure/steps``.
    package struct Side: Sendable {
      /// What was cut into cells, in the units of the plan; NaN where missing.
      package let values: [Double]
      /// What the side kept; on a lattice of the other side's cells those that it accepted.
      package let kept: [Bool]
    }

    /// How values are cut, a quantiser per channel; public.
    package enum Cutting: Sendable {
      /// Innovations between guarded thresholds.
      case between([Quantiser])
      /// Low-passed values on a lattice.
      case lattice([OffsetQuantiser])
    }

    /// Public.
    package let cutting: Cutting
    /// The channels in use; public.
    package let channels: [MotionChannel]
    /// Bits per value of each; public.
    package let levels: [Int]
    /// Grid points per step; public.
    package let width: Int
    /// What matches the two boards; public.
    package let filters: [MatchingFilter]
    /// The reference's positions inside its cells, laid out as cells are; empty between thresholds. Public.
    package let positions: [UInt8]
    /// How the reference's values follow from the latest low-passed motion alone: value = gain · motion + shift in every cell,
    /// where the shift is made of earlier motion; NaN where there is no predictor. Secret, as the weights follow from
    /// values that both kept.
    package let gains: [Double]
    /// The shifts.
    package let shifts: [Double]
    /// The reference's grid, public.
    package let grid: SampleGrid
    /// The reference's onset by its own clock, ns.
    package let onset: Int64
    /// The other board's clock and frame against the reference's; public.
    package let alignment: Alignment
    /// The steps of the key zone that became bits, on the grid.
    package let steps: Range<Int>
    /// Steps of one second of mask.
    package let stepsPerSecond: Int
    /// The reference: its bits are those of the key.
    package let reference: Side
    /// The side that corrects its bits.
    package let other: Side
  }
}

extension LocalPairing.Disclosure {
  /// What two machines hold while errors are corrected; `nil` unless both came so far, over the same cells.
  init?(_ zones: [OpenKeyZone]) {
    guard zones.count == 2, let reference = zones.first(where: \.isReference),
      let other = zones.first(where: { !$0.isReference }), reference.seconds == other.seconds,
      reference.zone.plan == other.zone.plan
    else { return nil }
    switch reference.zone.plan {
    case .guard(let plan):
      cutting = .between(plan.channels.compactMap(\.quantiser))
      filters = plan.chain.filters
      let maps = (0..<reference.seconds).map(reference.zone.innovationMap)
      gains = maps.flatMap(\.gains)
      shifts = maps.flatMap(\.shifts)
    case .offset(let plan):
      cutting = .lattice(plan.channels.compactMap(\.quantiser))
      filters = []
      gains = [Double](repeating: 1, count: reference.seconds * reference.zone.cellsPerSecond)
      shifts = [Double](repeating: 0, count: gains.count)
    }
    channels = reference.zone.plan.channels
    levels = reference.zone.plan.levels
    width = reference.zone.plan.width
    positions = Array(reference.zone.ownMasks.prefix(reference.seconds).map(\.positions).joined())
    grid = reference.zone.grid
    onset = reference.onset
    alignment = reference.alignment
    steps = reference.zone.firstStep..<(reference.zone.firstStep + reference.seconds * reference.zone.stepsPerSecond)
    stepsPerSecond = reference.zone.stepsPerSecond
    self.reference = reference.side(verdicts: [])
    self.other = other.side(verdicts: other.zone.verdicts)
  }
}

/// A key zone while errors are corrected, with what it was cut by.
struct OpenKeyZone {
  let isReference: Bool
  let zone: KeyZone
  let seconds: Int
  let onset: Int64
  let alignment: Alignment

  fileprivate func side(verdicts: [[Bool]]) -> LocalPairing.Disclosure.Side {
    var kept = Array(zone.ownMasks.prefix(seconds).map(\.kept).joined())
    for (cell, accepted) in verdicts.prefix(seconds).joined().enumerated() { kept[cell] = kept[cell] && accepted }
    return LocalPairing.Disclosure.Side(values: Array(zone.values.prefix(seconds * zone.cellsPerSecond)), kept: kept)
  }
}

extension PairingMachine {
  /// This side's key zone while error correction runs; for ``LocalPairing/Disclosure`` alone.
  var openKeyZone: OpenKeyZone? {
    guard core.step == .reconciling, let zone = core.zone, let seconds = core.usedSeconds, let onset = core.onset,
      let alignment = core.alignment
    else { return nil }
    return OpenKeyZone(isReference: core.isReference, zone: zone, seconds: seconds, onset: onset, alignment: alignment)
  }
}
