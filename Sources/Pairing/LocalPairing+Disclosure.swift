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
      /// What the side kept; on a lattice of Bob's cells those that he accepted.
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
    /// Alice's positions inside her cells, laid out as cells are; empty between thresholds. Public.
    package let positions: [UInt8]
    /// How Alice's values follow from the latest low-passed motion alone: value = gain · motion + shift in every cell,
    /// where the shift is made of earlier motion; NaN where there is no predictor. Secret, as the weights follow from
    /// values that both kept.
    package let gains: [Double]
    /// The shifts.
    package let shifts: [Double]
    /// Alice's grid, public.
    package let grid: SampleGrid
    /// Alice's onset by her own clock, ns.
    package let onset: Int64
    /// Alice's clock against Bob's, and his frame against hers; public.
    package let alignment: Alignment
    /// The steps of the key zone that became bits, on the grid.
    package let steps: Range<Int>
    /// Steps of one second of mask.
    package let stepsPerSecond: Int
    /// Alice's side: the one that Bob corrects towards, so hers are the bits of the key.
    package let alice: Side
    /// Bob's side.
    package let bob: Side
  }
}

extension LocalPairing.Disclosure {
  /// What two machines hold while errors are corrected; `nil` unless both came so far, over the same cells.
  init?(alice: OpenKeyZone?, bob: OpenKeyZone?) {
    guard let alice, let bob, alice.seconds == bob.seconds, alice.zone.plan == bob.zone.plan else { return nil }
    switch alice.zone.plan {
    case .guard(let plan):
      cutting = .between(plan.channels.compactMap(\.quantiser))
      filters = plan.chain.filters
      let maps = (0..<alice.seconds).map(alice.zone.innovationMap)
      gains = maps.flatMap(\.gains)
      shifts = maps.flatMap(\.shifts)
    case .offset(let plan):
      cutting = .lattice(plan.channels.compactMap(\.quantiser))
      filters = []
      gains = [Double](repeating: 1, count: alice.seconds * alice.zone.cellsPerSecond)
      shifts = [Double](repeating: 0, count: gains.count)
    }
    channels = alice.zone.plan.channels
    levels = alice.zone.plan.levels
    width = alice.zone.plan.width
    positions = Array(alice.zone.ownMasks.prefix(alice.seconds).map(\.positions).joined())
    grid = alice.zone.grid
    onset = alice.onset
    alignment = alice.alignment
    steps = alice.zone.firstStep..<(alice.zone.firstStep + alice.seconds * alice.zone.stepsPerSecond)
    stepsPerSecond = alice.zone.stepsPerSecond
    self.alice = alice.side(verdicts: [])
    self.bob = bob.side(verdicts: bob.zone.verdicts)
  }
}

/// A key zone while errors are corrected, with what it was cut by.
struct OpenKeyZone {
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
    return OpenKeyZone(zone: zone, seconds: seconds, onset: onset, alignment: alignment)
  }
}
