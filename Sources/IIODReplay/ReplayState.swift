/// All that the clients of a server share: what they have set, and what is being played. One per server.
struct ReplayState {
  /// What clients have set in one context. As with the sensor's own driver, it outlives them.
  struct Context {
    /// What it serves.
    let model: ReplayModel
    /// How long reading a buffer may wait, ms; 0 for ever. libiio sends it over another connection than the buffer's.
    var timeout = 1000
    var clocks: [Int: TimestampClock] = [:]
    var watermarks: [Int: Int] = [:]
    /// The trigger of a device, by the trigger's number; nil where it was taken away.
    var triggers: [Int: Int] = [:]
    var blocks: [Int: Int] = [:]
    /// How many buffers of a device are open.
    var open: [Int: Int] = [:]

    init(model: ReplayModel) {
      self.model = model
      for (index, device) in model.devices.enumerated() where device.recorded != nil {
        // A driver's own trigger is called after the device, and is its first.
        let own = model.devices.firstIndex { trigger in
          trigger.isTrigger && (trigger.name ?? "").hasPrefix("\(device.name ?? device.id)-")
        }
        if let own { triggers[index] = own }
      }
    }
  }

  /// Blocks of a buffer unless a client says otherwise, as with libiio.
  static let defaultBlocks = 4

  let options: ReplayOptions
  let limits: ReplayLimits
  /// How far a clock is ahead of the monotonic one, ns.
  let clockAhead: @Sendable (TimestampClock) -> Int64
  var contexts: [Context]
  var stage: Stage
  /// What happened since somebody looked.
  var notices: [ReplayNotice] = []

  init(
    models: [ReplayModel], options: ReplayOptions, limits: ReplayLimits = ReplayLimits(),
    clockAhead: @escaping @Sendable (TimestampClock) -> Int64 = { $0.aheadOfMonotonic() }
  ) {
    self.options = options
    self.limits = limits
    self.clockAhead = clockAhead
    contexts = models.map(Context.init)
    func played(_ period: Int64) -> Int64 { Int64(max(1, (Double(period) / options.rate).rounded())) }
    stage = Stage(
      periods: models.map { Stage.Periods(lead: played($0.leadPeriod), longest: played($0.longestPeriod)) },
      together: options.together, rest: Int64((options.restSeconds * 1e9).rounded()))
  }

  /// Opens a buffer.
  mutating func open(
    context: Int, device: Int, mask: [UInt32], scans: Int, at now: Int64
  ) throws(ReplayErrno) -> BufferStream {
    let model = contexts[context].model
    let served = model.devices[device]
    guard let recorded = served.recorded, mask.count == served.maskWords,
      (1...limits.scansPerBlock).contains(scans)
    else { throw .invalid }
    func isEnabled(_ bit: Int) -> Bool { mask[mask.count - 1 - bit / 32] >> UInt32(bit % 32) & 1 == 1 }
    let enabled = (0..<32 * mask.count).filter(isEnabled)
    let elements = enabled.compactMap { served.channels.indices.contains($0) ? served.channels[$0].element : nil }
    guard elements.count == enabled.count, let packer = ScanPacker(channels: elements, recorded: recorded.layout) else {
      throw .invalid
    }
    guard contexts[context].open.values.reduce(0, +) < limits.openBuffers else { throw .tooMany }
    contexts[context].open[device, default: 0] += 1
    let (id, begun) = stage.open(capture: context, device: device, at: now)
    notices.append(.opened(capture: context, device: served.name ?? served.id))
    if !begun.isEmpty { notices.append(.began(captures: begun.map(\.capture))) }
    let playback =
      stage[id] ?? Stage.Playback(id: id, capture: context, base: now, start: now, devices: [device])
    return BufferStream(
      schedule: ScanSchedule(
        recorded: recorded, rate: options.rate, passLength: options.loops ? model.passLength : nil, playback: playback),
      packer: packer, mask: mask.map(Self.hexadecimal).joined(), block: scans,
      blocks: contexts[context].blocks[device] ?? Self.defaultBlocks,
      clockAhead: clockAhead(clock(of: device, in: context)), at: now)
  }

  /// Closes a buffer.
  mutating func close(context: Int, device: Int, playback: Int) {
    stage.close(playback, device: device)
    contexts[context].open[device, default: 1] -= 1
    let served = contexts[context].model.devices[device]
    notices.append(.closed(capture: context, device: served.name ?? served.id))
  }

  /// The clock of a device's stamps.
  func clock(of device: Int, in context: Int) -> TimestampClock {
    if let chosen = contexts[context].clocks[device] { return chosen }
    for attribute in contexts[context].model.devices[device].attributes {
      if case .clock(let initial) = attribute.rule { return initial }
    }
    return .monotonic
  }

  private static func hexadecimal(_ word: UInt32) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
