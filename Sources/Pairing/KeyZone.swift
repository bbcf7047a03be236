import Agreement
import Motion

/// The key zone as it grows, second by second: this side's values, and both sides' masks as far as they are opened.
/// Alice is the reference here, whichever board that is.
///
/// The values lie in memory that is wiped when its last owner lets go, with room for the longest key zone from the start.
struct KeyZone: Sendable {
  /// Seconds after Alice's onset at which the key zone begins.
  static let start = 2.8
  /// On a lattice: least share of the cells of both masks that Bob must accept. Boards moved by two hands accept the seven
  /// tenths that chance gives them; a peer that picks what it can predict gets no further than this either.
  static let leastAcceptance = 0.85

  let plan: Plan
  /// The channels of the plan.
  let channels: [MotionChannel]
  let grid: SampleGrid
  /// Steps per second of mask.
  let stepsPerSecond: Int
  /// The first step of the key zone.
  let firstStep: Int
  private let rule: Rule
  /// Moments of Alice's preamble, by channel of the plan; empty on a lattice.
  let moments: [LagMoments]

  /// This side's values in SI units, row-major, NaN where missing: innovations, or low-passed motion on a lattice. Secret.
  private(set) var values: WipedSeries<Double>
  /// This side's low-passed motion that innovations were made of, laid out alike; empty on a lattice. Secret.
  private(set) var inputs: WipedSeries<Double>
  /// Which of the inputs are there, on this side; none on a lattice.
  private(set) var ownValidity: [ValidityBody] = []
  private(set) var peerValidity: [ValidityBody] = []
  var ownMasks: [MaskBody] = []
  /// What this side would keep if the peer had all of its motion, and what it keeps; empty on a lattice.
  private var wanted: [[Bool]] = []
  private(set) var peerMasks: [MaskBody] = []
  /// On a lattice: what Bob accepted, second by second, of the cells that both masks keep.
  private(set) var verdicts: [[Bool]] = []

  /// How values are cut, a quantiser per channel.
  private enum Rule {
    case between([Quantiser])
    case lattice([OffsetQuantiser])
  }

  /// - Parameter moments: those of Alice's preamble, for every channel of a plan between thresholds.
  init?(plan: Plan, moments: [MotionChannel: LagMoments] = [:], grid: SampleGrid, maximumSeconds: Int) {
    channels = plan.channels
    self.moments = channels.compactMap { moments[$0] }
    switch plan {
    case .guard(let plan): rule = .between(plan.channels.compactMap(\.quantiser))
    case .offset(let plan): rule = .lattice(plan.channels.compactMap(\.quantiser))
    }
    switch rule {
    case .between(let quantisers):
      guard quantisers.count == plan.channels.count, self.moments.count == quantisers.count else { return nil }
    case .lattice(let quantisers): guard quantisers.count == plan.channels.count else { return nil }
    }
    self.plan = plan
    self.grid = grid
    let spacing = Double(plan.width) * grid.spacing
    stepsPerSecond = max(1, Int((1 / spacing).rounded()))
    let origin = Double(grid.start) * 1e-9
    firstStep = Int(((KeyZone.start - origin) / spacing).rounded(.up))
    // A longer one, if somebody configures it, grows into new memory.
    let room = min(max(maximumSeconds, 0), 600) * stepsPerSecond * channels.count
    values = WipedSeries(reserving: room)
    inputs = WipedSeries(reserving: room)
  }

  /// The cells of one second.
  var cellsPerSecond: Int { stepsPerSecond * channels.count }

  /// The bits of one second before erasure.
  var bitsPerSecond: Int { stepsPerSecond * plan.bitsPerStep }

  /// The steps of a second.
  func steps(of second: Int) -> Range<Int> {
    let first = firstStep + second * stepsPerSecond
    return first..<(first + stepsPerSecond)
  }

  /// When a second ends, in seconds since Alice's onset.
  func end(of second: Int) -> Double { grid.time(steps(of: second).upperBound * plan.width) }

  /// Takes one more second of this side's low-passed motion.
  mutating func append(_ motion: StepMotion) {
    inputs.append(contentsOf: motion.values)
    ownValidity.append(ValidityBody(isPresent: motion.values.map(\.isFinite)))
  }

  /// Takes what the peer says of its motion in one more second.
  mutating func append(peer validity: ValidityBody) { peerValidity.append(validity) }

  /// Whether both sides have the motion of a cell; what lies before the key zone counts as missing.
  func isPresent(_ cell: Int) -> Bool {
    guard cell >= 0 else { return false }
    let (second, place) = cell.quotientAndRemainder(dividingBy: cellsPerSecond)
    return ownValidity[second].isPresent[place] && peerValidity[second].isPresent[place]
  }

  /// Takes one more second of this side's innovations; cells at or after `quietTime` are erased.
  mutating func append(
    _ innovations: (shared: WipedSeries<Double>, alone: WipedSeries<Double>), erasedFrom quietTime: Double?,
    isLast: Bool
  ) {
    guard case .between(let quantisers) = rule else { return }
    let steps = steps(of: ownMasks.count)
    func isClear(_ value: Double, _ cell: Int) -> Bool { quantisers[cell % quantisers.count].cell(value) != nil }
    let kept = mask(steps, erasedFrom: quietTime) { isClear(innovations.shared[$0], $0) }
    wanted.append(
      mask(steps, erasedFrom: quietTime) { isClear(innovations.shared[$0], $0) || isClear(innovations.alone[$0], $0) })
    values.append(contentsOf: innovations.shared)
    ownMasks.append(MaskBody(kept: kept, isLast: isLast))
  }

  /// Takes one more second of this side's low-passed motion; cells at or after `quietTime` are erased.
  ///
  /// - Parameter publishes: whether positions go with the mask: Alice's do.
  mutating func append(_ block: LowPassedBlock, publishes: Bool, erasedFrom quietTime: Double?, isLast: Bool) {
    guard case .lattice(let quantisers) = rule else { return }
    let positions = block.values.indices.map { quantisers[$0 % quantisers.count].position(of: block.values[$0]) }
    let kept = mask(block.steps, erasedFrom: quietTime) { positions[$0] != nil }
    values.append(contentsOf: block.values)
    ownMasks.append(
      MaskBody(
        kept: kept, isLast: isLast,
        positions: publishes ? positions.map { $0 ?? UInt8(OffsetQuantiser.positions) } : []))
  }

  private func mask(_ steps: Range<Int>, erasedFrom quietTime: Double?, _ keeps: (Int) -> Bool) -> [Bool] {
    let channels = channels.count
    var kept = [Bool](repeating: false, count: steps.count * channels)
    for (place, step) in steps.enumerated() {
      if let quietTime, grid.time((step + 1) * plan.width) > quietTime { continue }
      for cell in (place * channels)..<((place + 1) * channels) { kept[cell] = keeps(cell) }
    }
    return kept
  }

  /// Takes one more second of the peer's mask.
  mutating func append(peer mask: MaskBody) { peerMasks.append(mask) }

  /// The seconds whose masks both sides hold.
  var openedSeconds: Int { min(ownMasks.count, peerMasks.count) }

  /// The seconds of which it is known which cells count: those of both masks, and on a lattice accepted by Bob.
  var settledSeconds: Int { plan.profile == .offset ? verdicts.count : openedSeconds }

  /// On a lattice: takes one more second of what Bob accepted.
  mutating func settle(_ accepted: [Bool]) { verdicts.append(accepted) }

  /// On a lattice: puts other values in the place of those of a second.
  mutating func replaceValues(ofSecond second: Int, with block: LowPassedBlock) {
    for cell in 0..<cellsPerSecond { values[second * cellsPerSecond + cell] = block.values[cell] }
  }

  /// The cells of a second that both masks keep.
  func candidates(second: Int) -> [Int] {
    (0..<cellsPerSecond).filter { ownMasks[second].kept[$0] && peerMasks[second].kept[$0] }
  }

  /// Whether a cell of a second counts.
  private func isShared(_ second: Int, _ cell: Int) -> Bool {
    ownMasks[second].kept[cell] && peerMasks[second].kept[cell]
      && (plan.profile != .offset || verdicts[second][cell])
  }

  /// Bits in cells kept by both, over the first `seconds` seconds.
  func keptBits(seconds: Int) -> Int {
    let levels = plan.levels
    var total = 0
    for second in 0..<seconds {
      for cell in 0..<cellsPerSecond where isShared(second, cell) { total += levels[cell % levels.count] }
    }
    return total
  }

  /// Bits in cells kept by both, by channel.
  func keptBitsByChannel(seconds: Int) -> [Int] {
    let levels = plan.levels
    var totals = [Int](repeating: 0, count: levels.count)
    for second in 0..<seconds {
      for cell in 0..<cellsPerSecond where isShared(second, cell) {
        totals[cell % totals.count] += levels[cell % totals.count]
      }
    }
    return totals
  }

  /// The share of this side's kept cells that count: over all, and by sensor kind. Cells that are lost because the peer says
  /// it has no motion before them are this side's too: or it could pick the stretches that it can foresee.
  func overlaps(seconds: Int) -> [(name: String, overlap: Double)] {
    shares(seconds: seconds, of: { plan.profile == .guard ? wanted[$0][$1] : ownMasks[$0].kept[$1] }, isShared)
  }

  /// On a lattice the share of the cells of both masks that Bob accepted: over all, and by sensor kind.
  func acceptances(seconds: Int) -> [(name: String, overlap: Double)] {
    guard plan.profile == .offset else { return [] }
    return shares(
      seconds: seconds, of: { ownMasks[$0].kept[$1] && peerMasks[$0].kept[$1] }, { verdicts[$0][$1] })
  }

  private func shares(
    seconds: Int, of isCounted: (Int, Int) -> Bool, _ isIncluded: (Int, Int) -> Bool
  ) -> [(name: String, overlap: Double)] {
    var figures: [(String, Double)] = []
    for kind in [nil, SensorKind.gyroscope, .accelerometer] {
      var all = 0
      var included = 0
      for second in 0..<seconds {
        for cell in 0..<cellsPerSecond where isCounted(second, cell) {
          if let kind, channels[cell % channels.count].kind != kind { continue }
          all += 1
          if isIncluded(second, cell) { included += 1 }
        }
      }
      guard all > 0 else { continue }
      figures.append(
        (kind.map { $0 == .gyroscope ? "gyroscope" : "accelerometer" } ?? "all", Double(included) / Double(all)))
    }
    return figures
  }

  /// The symbol of every cell before erasure; `nil` where there is no value.
  func rawDecisions(seconds: Int) -> [(symbol: Int, levels: Int)?] {
    (0..<(seconds * cellsPerSecond)).map { cell in
      switch rule {
      case .between(let quantisers):
        let quantiser = quantisers[cell % quantisers.count]
        guard values[cell].isFinite else { return nil }
        return (Quantiser.gray(quantiser.nearestCell(values[cell])), quantiser.levels)
      case .lattice(let quantisers):
        let quantiser = quantisers[cell % quantisers.count]
        return quantiser.nearest(to: values[cell], position: position(at: cell)).map { ($0.cell, quantiser.bits) }
      }
    }
  }

  /// Alice's position in a cell, or that there is none.
  private func position(at cell: Int) -> UInt8 {
    let (second, place) = cell.quotientAndRemainder(dividingBy: cellsPerSecond)
    for masks in [ownMasks, peerMasks] where second < masks.count && !masks[second].positions.isEmpty {
      return masks[second].kept[place] ? masks[second].positions[place] : UInt8(OffsetQuantiser.positions)
    }
    return UInt8(OffsetQuantiser.positions)
  }

  /// The grid of symbols over the first `seconds` seconds.
  func symbolGrid(seconds: Int) throws(SymbolGridError) -> SymbolGrid {
    let cells = seconds * cellsPerSecond
    let kinds = channels.map { Int($0.kind.rawValue) }
    let ownKept = Array(ownMasks.prefix(seconds).map(\.kept).joined())
    let peerKept = Array(peerMasks.prefix(seconds).map(\.kept).joined())
    switch rule {
    case .between(let quantisers):
      return try SymbolGrid(
        steps: seconds * stepsPerSecond, levels: plan.levels, kinds: kinds, thresholds: quantisers.map(\.thresholds),
        values: values.prefix(cells), inputs: inputs.prefix(cells), ownKept: ownKept, peerKept: peerKept)
    case .lattice(let quantisers):
      // What Bob accepts he keeps, and Alice's estimators see it as his mask.
      let publishes = ownMasks.first.map { !$0.positions.isEmpty } ?? false
      func accepted(_ kept: [Bool]) -> [Bool] { zip(kept, verdicts.prefix(seconds).joined()).map { $0 && $1 } }
      return try SymbolGrid(
        steps: seconds * stepsPerSecond, quantisers: quantisers, kinds: kinds,
        positions: (0..<cells).map(position(at:)), values: values.prefix(cells),
        ownKept: publishes ? ownKept : accepted(ownKept), peerKept: publishes ? accepted(peerKept) : peerKept)
    }
  }
}
