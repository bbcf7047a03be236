/// Guesses of bits from how often they were 1 in the same context before.
///
/// A context is made of kept symbols, of past cells (erased ones too: an adversary is granted more than the kept bits),
/// or of both parties' masks up to three steps back and ahead, always joined with the bits of the same symbol that are
/// known already. Channels of the same kind share the larger tables. On a lattice the published positions are contexts, too.
final class ContextTables {
  /// The tables, in the order of their indices.
  let names: [String]
  private static let commonNames = [
    "channel", "last kept symbol", "last 2 kept symbols", "last 3 kept symbols", "last cell", "last 2 cells",
    "own mask", "peer mask", "last kept symbol and masks", "calibrated own forecast", "calibrated joint forecast",
    "other channel",
  ]
  private static let otherChannel = 11
  private static let latticeNames = [
    "position", "last kept symbol and position", "last cell and step of position", "positions now and next",
    "calibrated cell on the lattice",
  ]
  /// A position, or that none is published.
  private static let positions = OffsetQuantiser.positions + 1

  private let grid: PreparedGrid
  /// How many codes there are for a symbol or cell, or that there is none.
  private let codes: Int
  private let nodes: Int
  /// Where each table begins.
  private var offsets: [Int] = []
  /// Zeros and ones counted per context and node: at 2·(nodes·context + node) and one further.
  private let counts: WipedScratch<Float>
  /// The context of each table for the symbol at hand.
  private let contexts: WipedScratch<Int>
  /// The last three kept symbols of each channel, newest first, as 1 + cell; 0 if none.
  private let keptHistory: WipedScratch<Int>
  /// The latest cell of each channel, as 1 + cell; 0 if missing.
  private let latest: WipedScratch<Int>
  /// How often each other channel was a good guide to this one.
  private let guideScores: WipedScratch<Int32>
  private var channel = 0

  init(_ grid: PreparedGrid) {
    self.grid = grid
    nodes = grid.nodes
    codes = nodes + 1
    names = Self.commonNames + (grid.lattice == nil ? [] : Self.latticeNames)
    let (channels, groups) = (grid.channels, grid.groups)
    var sizes = [
      channels, channels * codes, groups * codes * codes, groups * codes * codes * codes, channels * codes,
      groups * codes * codes, groups * 64, groups * 64, groups * codes * 16, groups * 96, groups * 96,
      channels * channels * codes,
    ]
    if grid.lattice != nil {
      let positions = Self.positions
      sizes += [
        channels * positions, channels * codes * positions, channels * codes * positions,
        channels * positions * positions,
        groups * nodes * 3,
      ]
    }
    var total = 0
    for size in sizes {
      offsets.append(total)
      total += size
    }
    counts = WipedScratch(repeating: 0, count: total * 2 * nodes)
    contexts = WipedScratch(repeating: 0, count: sizes.count)
    keptHistory = WipedScratch(repeating: 0, count: 3 * channels)
    latest = WipedScratch(repeating: 0, count: channels)
    guideScores = WipedScratch(repeating: 0, count: channels * channels)
  }

  /// Looks up the contexts of the symbol at (step, channel).
  func begin(step: Int, channel: Int, own: LinearForecast, joint: LinearForecast) {
    self.channel = channel
    let group = grid.group[channel]
    let index = step * grid.channels + channel
    let (k1, k2, k3) = (keptHistory[3 * channel], keptHistory[3 * channel + 1], keptHistory[3 * channel + 2])
    let c1 = cellCode(step - 1, channel)
    let c2 = cellCode(step - 2, channel)
    let ownMask = maskAround(step, channel, bit: 1)
    let peerMask = maskAround(step, channel, bit: 2)
    // Bits 2 and 3 of the masks are the steps before and after.
    let near = (ownMask >> 2 & 3) << 2 | (peerMask >> 2 & 3)
    set(0, channel)
    set(1, channel * codes + k1)
    set(2, (group * codes + k1) * codes + k2)
    set(3, ((group * codes + k1) * codes + k2) * codes + k3)
    set(4, channel * codes + c1)
    set(5, (group * codes + c1) * codes + c2)
    set(6, group * 64 + ownMask)
    set(7, group * 64 + peerMask)
    set(8, (group * codes + k1) * 16 + near)
    set(9, group * 96 + position(own, index))
    set(10, group * 96 + position(joint, index))
    var guide = channel == 0 ? grid.channels - 1 : channel - 1
    for other in 0..<grid.channels
    where other != channel
      && guideScores[channel * grid.channels + other] > guideScores[channel * grid.channels + guide]
    { guide = other }
    set(Self.otherChannel, guideContext(guide))
    guard let lattice = grid.lattice else { return }
    let positions = Self.positions
    let now = position(step, channel, lattice)
    let before = position(step - 1, channel, lattice)
    let change = max(now, before) < positions - 1 ? (now - before) & (positions - 2) : positions - 1
    let nearest = lattice.quantisers[channel].nearest(to: joint.means[index], position: UInt8(now))?.cell ?? 0
    set(12, channel * positions + now)
    set(13, (channel * codes + k1) * positions + now)
    set(14, (channel * codes + c1) * positions + change)
    set(15, (channel * positions + now) * positions + position(step + 1, channel, lattice))
    set(16, (group * nodes + nearest) * 3 + spreadClass(joint.localSpreads[index], on: lattice.quantisers[channel]))
  }

  /// The published position at a place, or that there is none.
  private func position(_ step: Int, _ channel: Int, _ lattice: SymbolGrid.Lattice) -> Int {
    guard step >= 0, step < grid.steps else { return Self.positions - 1 }
    return Int(lattice.positions[step * grid.channels + channel])
  }

  /// Whether a forecast leaves open one cell, a few or many.
  private func spreadClass(_ spread: Double, on quantiser: OffsetQuantiser) -> Int {
    spread < 0.3 * quantiser.step ? 0 : spread < 0.8 * quantiser.step ? 1 : 2
  }

  /// The probability that the bit at `node` is 1, by one table.
  @inline(__always)
  func probabilityOfOne(table: Int, node: Int) -> Double {
    let place = 2 * (nodes * contexts[table] + node)
    let (zeros, ones) = (counts[place], counts[place + 1])
    return Double((ones + 0.4) / (zeros + ones + 0.8))
  }

  /// Learns the bit at `node` of the symbol at hand.
  func learn(_ bit: Int, node: Int) {
    for table in 0..<contexts.count where table != Self.otherChannel {
      counts[2 * (nodes * contexts[table] + node) + bit] += 1
    }
    for other in 0..<grid.channels where other != channel {
      let place = 2 * (nodes * (offsets[Self.otherChannel] + guideContext(other)) + node)
      if counts[place + bit] > counts[place + 1 - bit] { guideScores[channel * grid.channels + other] += 1 }
      counts[place + bit] += 1
    }
  }

  /// Closes the cell at (step, channel), kept or not.
  func end(step: Int, channel: Int) {
    let code = cellCode(step, channel)
    latest[channel] = code
    guard grid.isKept(step * grid.channels + channel) else { return }
    keptHistory[3 * channel + 2] = keptHistory[3 * channel + 1]
    keptHistory[3 * channel + 1] = keptHistory[3 * channel]
    keptHistory[3 * channel] = code
  }

  @inline(__always)
  private func set(_ table: Int, _ context: Int) { contexts[table] = offsets[table] + context }

  @inline(__always)
  private func guideContext(_ other: Int) -> Int {
    (channel * grid.channels + other) * codes + latest[other]
  }

  private func cellCode(_ step: Int, _ channel: Int) -> Int {
    step < 0 ? 0 : 1 + Int(grid.cells[step * grid.channels + channel])
  }

  /// Whether the cells 3, 2 and 1 steps before and 1, 2 and 3 after are in a mask: bit 0 is the earliest.
  private func maskAround(_ step: Int, _ channel: Int, bit: UInt8) -> Int {
    var result = 0
    for (place, distance) in [-3, -2, -1, 1, 2, 3].enumerated() {
      let other = step + distance
      guard other >= 0, other < grid.steps else { continue }
      if grid.masks[other * grid.channels + channel] & bit != 0 { result |= 1 << place }
    }
    return result
  }

  /// A forecast in 32 bins of a quarter of the channel's root mean square, times 3 classes of spread.
  private func position(_ forecast: LinearForecast, _ index: Int) -> Int {
    let bin = Int(min(max(forecast.means[index] * 4 + 16, 0), 31))
    let spread = forecast.localSpreads[index]
    return bin * 3 + (spread < 0.35 ? 0 : spread < 0.9 ? 1 : 2)
  }
}
