import Agreement
import Motion

/// The key zone as it grows, second by second: this side's values, and both sides' masks as far as they are opened.
///
/// The values lie in memory that is wiped when its last owner lets go, with room for the longest key zone from the start.
struct KeyZone: Sendable {
  /// Seconds after Alice's onset at which the key zone begins.
  static let start = 2.8

  let plan: SignalPlan
  let grid: SampleGrid
  /// Steps per second of mask.
  let stepsPerSecond: Int
  /// The first step of the key zone.
  let firstStep: Int
  private let quantisers: [Quantiser]
  /// Moments of Alice's preamble, by channel of the plan.
  let moments: [LagMoments]

  /// This side's innovations in the units of the plan, row-major, NaN where missing. Secret.
  private(set) var values: WipedSeries<Double>
  /// This side's low-passed motion, laid out alike. Secret.
  private(set) var inputs: WipedSeries<Double>
  /// Which of them are there, on this side.
  private(set) var ownValidity: [ValidityBody] = []
  private(set) var peerValidity: [ValidityBody] = []
  var ownMasks: [MaskBody] = []
  /// What this side would keep if the peer had all of its motion, and what it keeps.
  private var wanted: [[Bool]] = []
  private(set) var peerMasks: [MaskBody] = []

  /// - Parameter moments: those of Alice's preamble, for every channel of the plan.
  init?(plan: SignalPlan, moments: [MotionChannel: LagMoments], grid: SampleGrid, maximumSeconds: Int) {
    let quantisers = plan.channels.compactMap(\.quantiser)
    self.moments = plan.channels.compactMap { moments[$0.channel] }
    guard quantisers.count == plan.channels.count, self.moments.count == quantisers.count else { return nil }
    self.plan = plan
    self.grid = grid
    self.quantisers = quantisers
    let spacing = Double(plan.chain.width) * grid.spacing
    stepsPerSecond = max(1, Int((1 / spacing).rounded()))
    let origin = Double(grid.start) * 1e-9
    firstStep = Int(((KeyZone.start - origin) / spacing).rounded(.up))
    // A longer one, if somebody configures it, grows into new memory.
    let room = min(max(maximumSeconds, 0), 600) * stepsPerSecond * plan.channels.count
    values = WipedSeries(reserving: room)
    inputs = WipedSeries(reserving: room)
  }

  /// The cells of one second.
  var cellsPerSecond: Int { stepsPerSecond * plan.channels.count }

  /// The bits of one second before erasure.
  var bitsPerSecond: Int { stepsPerSecond * plan.bitsPerStep }

  /// The steps of a second.
  func steps(of second: Int) -> Range<Int> {
    let first = firstStep + second * stepsPerSecond
    return first..<(first + stepsPerSecond)
  }

  /// When a second ends, in seconds since Alice's onset.
  func end(of second: Int) -> Double { grid.time(steps(of: second).upperBound * plan.chain.width) }

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
    let channels = plan.channels.count
    let steps = steps(of: ownMasks.count)
    var kept = [Bool](repeating: false, count: innovations.shared.count)
    var wanted = kept
    for (place, step) in steps.enumerated() {
      let end = grid.time((step + 1) * plan.chain.width)
      for channel in 0..<channels {
        let cell = place * channels + channel
        if let quietTime, end > quietTime { continue }
        kept[cell] = quantisers[channel].cell(innovations.shared[cell]) != nil
        wanted[cell] = kept[cell] || quantisers[channel].cell(innovations.alone[cell]) != nil
      }
    }
    values.append(contentsOf: innovations.shared)
    self.wanted.append(wanted)
    ownMasks.append(MaskBody(kept: kept, isLast: isLast))
  }

  /// Takes one more second of the peer's mask.
  mutating func append(peer mask: MaskBody) { peerMasks.append(mask) }

  /// The seconds whose masks both sides hold.
  var openedSeconds: Int { min(ownMasks.count, peerMasks.count) }

  /// Bits in cells kept by both, over the first `seconds` seconds.
  func keptBits(seconds: Int) -> Int {
    var total = 0
    for second in 0..<seconds {
      for cell in 0..<cellsPerSecond where ownMasks[second].kept[cell] && peerMasks[second].kept[cell] {
        total += plan.channels[cell % plan.channels.count].levels
      }
    }
    return total
  }

  /// Bits in cells kept by both, by channel.
  func keptBitsByChannel(seconds: Int) -> [Int] {
    var totals = [Int](repeating: 0, count: plan.channels.count)
    for second in 0..<seconds {
      for cell in 0..<cellsPerSecond where ownMasks[second].kept[cell] && peerMasks[second].kept[cell] {
        totals[cell % totals.count] += plan.channels[cell % totals.count].levels
      }
    }
    return totals
  }

  /// The share of this side's kept cells that the peer keeps too: over all, and by sensor kind. Cells that are lost because
  /// the peer says it has no motion before them count as this side's: or it could pick the stretches that it can foresee.
  func overlaps(seconds: Int) -> [(name: String, overlap: Double)] {
    var figures: [(String, Double)] = []
    for kind in [nil, SensorKind.gyroscope, .accelerometer] {
      var own = 0
      var both = 0
      for second in 0..<seconds {
        for cell in 0..<cellsPerSecond where wanted[second][cell] {
          if let kind, plan.channels[cell % plan.channels.count].channel.kind != kind { continue }
          own += 1
          if ownMasks[second].kept[cell] && peerMasks[second].kept[cell] { both += 1 }
        }
      }
      guard own > 0 else { continue }
      figures.append(
        (kind.map { $0 == .gyroscope ? "gyroscope" : "accelerometer" } ?? "all", Double(both) / Double(own)))
    }
    return figures
  }

  /// The symbol of every cell before erasure; `nil` where there is no value.
  func rawDecisions(seconds: Int) -> [(symbol: Int, levels: Int)?] {
    (0..<(seconds * cellsPerSecond)).map { cell in
      let quantiser = quantisers[cell % quantisers.count]
      guard values[cell].isFinite else { return nil }
      return (Quantiser.gray(quantiser.nearestCell(values[cell])), quantiser.levels)
    }
  }

  /// The grid of symbols over the first `seconds` seconds.
  func symbolGrid(seconds: Int) throws(SymbolGridError) -> SymbolGrid {
    let cells = seconds * cellsPerSecond
    return try SymbolGrid(
      steps: seconds * stepsPerSecond, levels: plan.channels.map(\.levels),
      kinds: plan.channels.map { Int($0.channel.kind.rawValue) }, thresholds: quantisers.map(\.thresholds),
      values: values.prefix(cells), inputs: inputs.prefix(cells),
      ownKept: Array(ownMasks.prefix(seconds).map(\.kept).joined()),
      peerKept: Array(peerMasks.prefix(seconds).map(\.kept).joined()))
  }
}
