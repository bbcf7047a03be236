import Agreement
import Motion

/// The kinds of message that travel inside the outer channel.
enum FrameType: UInt8, Sendable, CaseIterable {
  case probe = 0x10
  case probeReply = 0x11
  case preambleCommit = 0x20
  case preambleOpen = 0x21
  case plan = 0x22
  case maskCommit = 0x30
  case maskOpen = 0x31
  case maskCheckpoint = 0x32
  case verdict = 0x33
  case validity = 0x34
  case parityQuery = 0x40
  case parityAnswer = 0x41
  case reconciledCheckpoint = 0x42
  case commitCheckpoint = 0x50
  case handshake = 0x51
  case confirm = 0x52
  case identity = 0x53
  case identityProof = 0x54
  case abort = 0x7F

  /// The label of the transcript hash that a checkpoint of this type closes.
  var checkpointLabel: String? {
    switch self {
    case .maskCheckpoint: "mask"
    case .reconciledCheckpoint: "rec"
    case .commitCheckpoint: "commit"
    default: nil
    }
  }
}

/// One message inside the outer channel: be64(number of peer frames processed) ‖ type ‖ body.
struct Frame: Sendable, Equatable {
  /// The largest sealed message.
  static let maximumCount = 16 * 1024

  var type: FrameType
  var body: [UInt8]
}

/// A clock probe: Alice's counter, when she sent it, and when the last reply reached her (ns since her epoch).
struct ProbeBody {
  var index: UInt8
  var sent: Int64
  var lastReplyReceived: Int64

  func encoded() -> [UInt8] { [index] + bigEndian(sent) + bigEndian(lastReplyReceived) }

  init(index: UInt8, sent: Int64, lastReplyReceived: Int64) {
    self.index = index
    self.sent = sent
    self.lastReplyReceived = lastReplyReceived
  }

  init(decoding body: [UInt8]) throws(AbortReason) {
    var reader = ByteReader(body)
    index = try reader.read(UInt8.self)
    sent = try reader.read(Int64.self)
    lastReplyReceived = try reader.read(Int64.self)
    try reader.end()
  }
}

/// A preamble with the grid it is to be read on, as committed to and opened.
struct PreambleBody {
  var preamble: Preamble
  /// The board's own grid; zero where its scans make none.
  var gridStart: Int64
  var gridPeriod: Int64
  /// Whether it has none, so that it cannot be the reference.
  var isWithoutGrid: Bool { gridStart == 0 && gridPeriod == 0 }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(gridStart)
    writer.append(gridPeriod)
    let kinds: UInt8 = (preamble.angularVelocity.isEmpty ? 0 : 1) | (preamble.acceleration.isEmpty ? 0 : 2)
    writer.append(kinds)
    writer.append(UInt16(preamble.times.count))
    var last: Int32 = 0
    for i in preamble.times.indices {
      // Scans are at most two seconds apart within a preamble, which 21 bits hold; the top bits carry the clipped axes.
      let step = UInt32(preamble.times[i] - last)
      last = preamble.times[i]
      let angular = preamble.angularVelocity.isEmpty ? 0 : UInt32(preamble.clippedAngularVelocity[i].rawValue & 7)
      let linear = preamble.acceleration.isEmpty ? 0 : UInt32(preamble.clippedAcceleration[i].rawValue & 7)
      writer.append(step | angular << 24 | linear << 27)
      if !preamble.angularVelocity.isEmpty { PreambleBody.append(preamble.angularVelocity[i], to: &writer) }
      if !preamble.acceleration.isEmpty { PreambleBody.append(preamble.acceleration[i], to: &writer) }
    }
    return writer.bytes
  }

  private static func append(_ v: SIMD3<Int16>, to writer: inout ByteWriter) {
    writer.append(v.x)
    writer.append(v.y)
    writer.append(v.z)
  }

  private static func vector(_ reader: inout ByteReader) throws(AbortReason) -> SIMD3<Int16> {
    SIMD3(try reader.read(Int16.self), try reader.read(Int16.self), try reader.read(Int16.self))
  }

  init(preamble: Preamble, grid: SampleGrid?) {
    self.preamble = preamble
    gridStart = grid?.start ?? 0
    gridPeriod = grid?.period ?? 0
  }

  init(decoding body: [UInt8]) throws(AbortReason) {
    var reader = ByteReader(body)
    gridStart = try reader.read(Int64.self)
    gridPeriod = try reader.read(Int64.self)
    let kinds = try reader.read(UInt8.self)
    guard (1...3).contains(kinds) else { throw .malformed("a preamble of no known sensor") }
    let count = Int(try reader.read(UInt16.self))
    guard count <= Preamble.maximumScans else { throw .malformed("a preamble of \(count) scans") }
    var times: [Int32] = []
    var angular: [SIMD3<Int16>] = []
    var linear: [SIMD3<Int16>] = []
    var clippedAngular: [AxisFlags] = []
    var clippedLinear: [AxisFlags] = []
    var time: Int32 = 0
    for _ in 0..<count {
      let word = try reader.read(UInt32.self)
      time += Int32(word & 0xFF_FFFF)
      guard time < 2_000_000 else { throw .malformed("a preamble longer than two seconds") }
      times.append(time)
      if kinds & 1 != 0 {
        angular.append(try PreambleBody.vector(&reader))
        clippedAngular.append(AxisFlags(rawValue: UInt8(word >> 24 & 7)))
      }
      if kinds & 2 != 0 {
        linear.append(try PreambleBody.vector(&reader))
        clippedLinear.append(AxisFlags(rawValue: UInt8(word >> 27 & 7)))
      }
    }
    try reader.end()
    guard
      let preamble = Preamble(
        times: times, acceleration: linear, angularVelocity: angular, clippedAcceleration: clippedLinear,
        clippedAngularVelocity: clippedAngular)
    else { throw .malformed("a preamble whose scans are too few or out of order") }
    self.preamble = preamble
  }
}

extension MotionChannel {
  /// Sensor kind ‖ axis.
  init(reading reader: inout ByteReader) throws(AbortReason) {
    guard let kind = SensorKind(rawValue: try reader.read(UInt8.self)) else {
      throw .malformed("unknown sensor in the plan")
    }
    let axis = Int(try reader.read(UInt8.self))
    guard (0...2).contains(axis) else { throw .malformed("axis \(axis) in the plan") }
    self.init(kind: kind, axis: axis)
  }
}

extension SignalPlan {
  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(UInt8(chain.width))
    writer.append(UInt8(chain.filters.count))
    for filter in chain.filters {
      writer.append(filter.kind.rawValue)
      writer.append(filter.side.rawValue)
      for code in filter.codes { writer.append(code) }
    }
    writer.append(UInt8(channels.count))
    for channel in channels {
      writer.append(channel.channel.kind.rawValue)
      writer.append(UInt8(channel.channel.axis))
      writer.append(UInt8(chain.model(for: channel.channel)?.order ?? 0))
      writer.append(channel.deviationCode)
      writer.append(UInt8(channel.levels))
      writer.append(UInt8(channel.guardIndex))
      for code in channel.thresholdCodes { writer.append(code) }
      writer.append(channel.magnitudeCode)
    }
    writer.append(errorCode)
    return writer.bytes
  }

  init(decoding body: [UInt8]) throws(AbortReason) {
    var reader = ByteReader(body)
    let width = Int(try reader.read(UInt8.self))
    var filters: [MatchingFilter] = []
    for _ in 0..<(try reader.read(UInt8.self)) {
      guard let kind = SensorKind(rawValue: try reader.read(UInt8.self)),
        let side = MatchingFilter.Side(rawValue: try reader.read(UInt8.self))
      else { throw .malformed("a filter of the plan is for no sensor or no side") }
      var codes: [Int16] = []
      for _ in 0..<MatchingFilter.tapCount { codes.append(try reader.read(Int16.self)) }
      guard let filter = MatchingFilter(kind: kind, side: side, codes: codes) else {
        throw .malformed("a filter of the plan is none")
      }
      filters.append(filter)
    }
    var models: [InnovationModel] = []
    var channels: [Channel] = []
    for _ in 0..<(try reader.read(UInt8.self)) {
      let name = try MotionChannel(reading: &reader)
      let order = Int(try reader.read(UInt8.self))
      guard let model = InnovationModel(channel: name, order: order) else {
        throw .malformed("predictor order \(order) in the plan")
      }
      models.append(model)
      let deviation = try reader.read(Int16.self)
      let levels = Int(try reader.read(UInt8.self))
      guard (1...3).contains(levels), abs(Int(deviation)) < 1000 else {
        throw .malformed("a channel of the plan is out of range")
      }
      let guardIndex = Int(try reader.read(UInt8.self))
      var codes: [UInt16] = []
      for _ in 0..<((1 << (levels - 1)) - 1) { codes.append(try reader.read(UInt16.self)) }
      let magnitude = try reader.read(UInt16.self)
      channels.append(
        Channel(
          channel: name, deviationCode: deviation, levels: levels,
          guardIndex: guardIndex, thresholdCodes: codes, magnitudeCode: magnitude))
    }
    let errorCode = try reader.read(UInt16.self)
    try reader.end()
    guard let chain = InnovationChain(width: width, models: models, filters: filters) else {
      throw .malformed("the plan's chain is none")
    }
    guard let plan = SignalPlan(chain: chain, channels: channels, errorCode: errorCode) else {
      throw .malformed("the plan's numbers are out of range")
    }
    self = plan
  }
}
