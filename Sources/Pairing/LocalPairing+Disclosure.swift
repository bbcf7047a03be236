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
      /// What the side kept.
      package let kept: [Bool]
    }

    /// The plan, public.
    package let plan: SignalPlan
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
    plan = alice.zone.plan
    grid = alice.zone.grid
    onset = alice.onset
    alignment = alice.alignment
    steps = alice.zone.firstStep..<(alice.zone.firstStep + alice.seconds * alice.zone.stepsPerSecond)
    stepsPerSecond = alice.zone.stepsPerSecond
    self.alice = alice.side
    self.bob = bob.side
  }
}

/// A key zone while errors are corrected, with what it was cut by.
struct OpenKeyZone {
  let zone: KeyZone
  let seconds: Int
  let onset: Int64
  let alignment: Alignment

  fileprivate var side: LocalPairing.Disclosure.Side {
    LocalPairing.Disclosure.Side(
      values: Array(zone.values.prefix(seconds * zone.cellsPerSecond)),
      kept: Array(zone.ownMasks.prefix(seconds).map(\.kept).joined()))
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
