/// One party's values on the grid of time steps × channels, with what is needed to read them as kept bits.
///
/// Between thresholds, the cell of a value is the number of thresholds that are ≤ the value, so `levels` bits need
/// 2^levels − 1 thresholds and give the cells 0 ..< 2^levels; the symbol is the binary-reflected Gray code of the cell. On a
/// lattice it is the index modulo 2^levels of the cell whose published point lies nearest, and the symbol is the cell
/// itself (see `OffsetQuantiser`). The bit string runs over the values that both parties kept: time first, then channel,
/// then bit plane, most significant first.
///
/// All parts of `steps` × channels are row-major (index = step · channels + channel).
public struct SymbolGrid: Sendable {
  /// The number of time steps T.
  public let steps: Int
  /// Bits per symbol of each of the C channels, 1...3, on a lattice 1...4.
  public let levels: [Int]
  /// Sensor kind of each channel: 0 gyroscope, 1 accelerometer.
  public let kinds: [Int]
  /// Per channel 2^levels − 1 ascending thresholds, in the units of `values`; none on a lattice.
  public let thresholds: [[Double]]
  /// The lattice that the values are read on, if it is not thresholds that part them.
  let lattice: Lattice?
  /// T·C values of the party itself; NaN where missing. Secret.
  let values: SecretValues
  /// T·C low-passed values that the innovations were made from, NaN where missing; or empty. Secret.
  let inputs: SecretValues
  /// T·C: what the party itself kept.
  public let ownKept: [Bool]
  /// T·C: what the peer says it kept.
  public let peerKept: [Bool]

  /// The most channels a grid may have.
  public static let maximumChannels = 16
  /// The most values (steps × channels) a grid may have.
  public static let maximumValues = 1 << 22

  /// Cells of one width per channel, and the published positions inside them.
  struct Lattice: Sendable {
    /// Per channel how a value is cut.
    let quantisers: [OffsetQuantiser]
    /// T·C published positions; where none is published, 16.
    let positions: [UInt8]
  }

  /// Makes a grid of values between thresholds, checking that the parts fit together.
  ///
  /// The grid copies values and inputs once, to memory that is wiped when its last copy goes.
  ///
  /// - Throws: `SymbolGridError` naming the first part that does not fit.
  public init(
    steps: Int, levels: [Int], kinds: [Int], thresholds: [[Double]], values: some Collection<Double>,
    inputs: some Collection<Double>, ownKept: [Bool], peerKept: [Bool]
  ) throws(SymbolGridError) {
    let channels = levels.count
    let area = try Self.area(steps: steps, channels: channels)
    guard thresholds.count == channels else {
      throw .wrongCount("thresholds", found: thresholds.count, expected: channels)
    }
    for channel in 0..<channels {
      guard (1...3).contains(levels[channel]) else { throw .levels(levels[channel], channel: channel) }
      let own = thresholds[channel]
      guard own.count == (1 << levels[channel]) - 1, own.allSatisfy(\.isFinite),
        zip(own, own.dropFirst()).allSatisfy({ $0 < $1 })
      else { throw .thresholds(channel: channel) }
    }
    try self.init(
      steps: steps, levels: levels, kinds: kinds, thresholds: thresholds, lattice: nil, values: values, inputs: inputs,
      ownKept: ownKept, peerKept: peerKept, area: area)
  }

  /// Makes a grid of values on a lattice, checking that the parts fit together.
  ///
  /// - Parameters:
  ///   - quantisers: per channel how a value is cut.
  ///   - positions: T·C published positions; where none is published, anything from 16 on.
  /// - Throws: `SymbolGridError` naming the first part that does not fit.
  public init(
    steps: Int, quantisers: [OffsetQuantiser], kinds: [Int], positions: [UInt8], values: some Collection<Double>,
    ownKept: [Bool], peerKept: [Bool]
  ) throws(SymbolGridError) {
    let channels = quantisers.count
    let area = try Self.area(steps: steps, channels: channels)
    guard positions.count == area else {
      throw .wrongCount("positions", found: positions.count, expected: area)
    }
    let lattice = Lattice(
      quantisers: quantisers, positions: positions.map { min($0, UInt8(OffsetQuantiser.positions)) })
    try self.init(
      steps: steps, levels: quantisers.map(\.bits), kinds: kinds, thresholds: quantisers.map { _ in [] },
      lattice: lattice, values: values, inputs: [Double](), ownKept: ownKept, peerKept: peerKept, area: area)
  }

  private static func area(steps: Int, channels: Int) throws(SymbolGridError) -> Int {
    guard channels <= Self.maximumChannels else { throw .tooLarge(steps: steps, channels: channels) }
    guard steps >= 0 else { throw .negativeSteps(steps) }
    let (area, overflow) = steps.multipliedReportingOverflow(by: channels)
    guard !overflow, area <= Self.maximumValues else { throw .tooLarge(steps: steps, channels: channels) }
    return area
  }

  private init(
    steps: Int, levels: [Int], kinds: [Int], thresholds: [[Double]], lattice: Lattice?,
    values: some Collection<Double>, inputs: some Collection<Double>, ownKept: [Bool], peerKept: [Bool], area: Int
  ) throws(SymbolGridError) {
    let channels = levels.count
    guard kinds.count == channels else { throw .wrongCount("kinds", found: kinds.count, expected: channels) }
    guard values.count == area else { throw .wrongCount("values", found: values.count, expected: area) }
    guard inputs.isEmpty || inputs.count == area else {
      throw .wrongCount("inputs", found: inputs.count, expected: area)
    }
    guard ownKept.count == area else { throw .wrongCount("ownKept", found: ownKept.count, expected: area) }
    guard peerKept.count == area else { throw .wrongCount("peerKept", found: peerKept.count, expected: area) }
    self.steps = steps
    self.levels = levels
    self.kinds = kinds
    self.thresholds = thresholds
    self.lattice = lattice
    self.values = SecretValues(values)
    self.inputs = SecretValues(inputs)
    self.ownKept = ownKept
    self.peerKept = peerKept
    for index in 0..<area where ownKept[index] && cell(at: index) == nil {
      throw .keptWithoutValue(step: index / channels, channel: index % channels)
    }
  }

  /// The number of channels C.
  public var channels: Int { levels.count }

  /// The number of bits kept by both parties: the length n of `bits`.
  public var keptCount: Int {
    var count = 0
    for step in 0..<steps {
      for channel in 0..<channels where isKept(step: step, channel: channel) { count += levels[channel] }
    }
    return count
  }

  /// The kept bits: time-major, then channel, then bit plane (most significant first).
  public var bits: BitString {
    var string = BitString()
    for step in 0..<steps {
      for channel in 0..<channels where isKept(step: step, channel: channel) {
        let symbol = symbol(at: step * channels + channel) ?? 0
        for plane in stride(from: levels[channel] - 1, through: 0, by: -1) {
          string.append((symbol >> plane) & 1 == 1)
        }
      }
    }
    return string
  }

  /// Whether both parties kept the cell.
  func isKept(step: Int, channel: Int) -> Bool {
    ownKept[step * channels + channel] && peerKept[step * channels + channel]
  }

  /// The cell of the value at a place of the grid; `nil` where there is none.
  func cell(at index: Int) -> Int? {
    let value = values[index]
    let channel = index % channels
    if let lattice {
      return lattice.quantisers[channel].nearest(to: value, position: lattice.positions[index])?.cell
    }
    return value.isFinite ? cell(of: value, channel: channel) : nil
  }

  /// The symbol of the value at a place of the grid; `nil` where there is none.
  func symbol(at index: Int) -> Int? { cell(at: index).map(symbol(ofCell:)) }

  /// How a cell is written in bits.
  @inline(__always)
  func symbol(ofCell cell: Int) -> Int { lattice == nil ? Self.grayCode(cell) : cell }

  /// The cell index of a finite value: how many thresholds are not above it.
  func cell(of value: Double, channel: Int) -> Int {
    var index = 0
    for threshold in thresholds[channel] where threshold <= value { index += 1 }
    return index
  }

  /// The binary-reflected Gray code (F. Gray, US patent 2632058): neighbouring cells differ in one bit.
  @inline(__always)
  static func grayCode(_ cell: Int) -> Int { cell ^ (cell >> 1) }
}

/// Why the parts of a `SymbolGrid` do not fit together.
public enum SymbolGridError: Error, Equatable, CustomStringConvertible {
  /// The number of time steps is negative.
  case negativeSteps(Int)
  /// More channels or values than the estimators accept.
  case tooLarge(steps: Int, channels: Int)
  /// An array has the wrong length.
  case wrongCount(String, found: Int, expected: Int)
  /// Bits per symbol outside 1...3.
  case levels(Int, channel: Int)
  /// The thresholds of a channel are not 2^levels − 1 finite ascending numbers.
  case thresholds(channel: Int)
  /// A cell is marked as kept by the party itself, but there is no value in it.
  case keptWithoutValue(step: Int, channel: Int)

  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .negativeSteps(let steps):
      "the grid has \(steps) time steps; give zero or more"
    case .tooLarge(let steps, let channels):
      "a grid of \(steps) steps and \(channels) channels is too large; at most \(SymbolGrid.maximumChannels) channels "
        + "and \(SymbolGrid.maximumValues) values are accepted: shorten the segment"
    case .wrongCount(let name, let found, let expected):
      "\(name) has \(found) entries where \(expected) were expected; give one for every channel or grid cell"
    case .levels(let levels, let channel):
      "channel \(channel) asks for \(levels) bits per symbol; use 1, 2 or 3"
    case .thresholds(let channel):
      "the thresholds of channel \(channel) must be 2^levels - 1 finite numbers in ascending order"
    case .keptWithoutValue(let step, let channel):
      "step \(step) of channel \(channel) is marked as kept but has no value; mark missing values as erased"
    }
  }
}
