/// One connection: takes bytes and a clock, gives bytes. No socket inside.
struct Session {
  /// What to do next.
  enum Step: Equatable {
    /// Send these, then ask again.
    case send([UInt8])
    /// Ask again when bytes have come, and at this instant of the monotonic clock.
    case idle(until: Int64?)
    /// Close the connection.
    case finished
  }

  private struct Reading {
    var device: Int
    /// Scans still to be sent.
    var scans: Int
    /// Whether the client asked for a part of a scan beyond them.
    var isUneven: Bool
    var needsMask = true
    /// When something was last delivered.
    var since: Int64
  }

  /// Bytes of one chunk of scans.
  private static let chunkBytes = 64 << 10

  private let context: Int
  private var reader = CommandReader()
  private var streams: [Int: BufferStream] = [:]
  private var reading: Reading?
  private var isOver = false

  /// A connection to a context.
  init(context: Int) { self.context = context }

  /// Bytes that wait to be understood.
  var bufferedBytes: Int { reader.buffered }

  /// Whether the client owes the rest of a command.
  var isInsideCommand: Bool { reading == nil && reader.isInsideCommand }

  /// Takes what the client sent.
  mutating func receive(_ bytes: some Collection<UInt8>) { reader.append(bytes) }

  /// The connection is gone.
  mutating func end(_ state: inout ReplayState) {
    isOver = true
    reading = nil
    for (device, stream) in streams { state.close(context: context, device: device, playback: stream.playbackID) }
    streams = [:]
  }

  /// Does the next thing there is to do.
  mutating func step(at now: Int64, _ state: inout ReplayState) -> Step {
    if isOver { return .finished }
    if let reading { return proceed(reading, at: now, &state) }
    switch reader.next() {
    case nil: return .idle(until: nil)
    case .malformed: return .send(Self.line(-ReplayErrno.invalid.rawValue))
    case .command(let command, let payload): return perform(command, payload, at: now, &state)
    }
  }

  // MARK: Commands

  private mutating func perform(
    _ command: Command, _ payload: [UInt8], at now: Int64, _ state: inout ReplayState
  ) -> Step {
    do throws(ReplayErrno) {
      switch command {
      case .help: return .send(Array(Self.help.utf8))
      case .exit:
        end(&state)
        return .finished
      case .version: return .send(Array(ProtocolVersion.line.utf8))
      case .print: return .send(Self.block(state.contexts[context].model.xml))
      case .timeout(let milliseconds):
        state.contexts[context].timeout = milliseconds
        return .send(Self.line(0))
      case .read(let id, let scope, let name):
        let device = try device(id, state)
        return .send(Self.block(try state.read(context: context, device: device, scope, name: name)))
      case .write(let id, let scope, let name, let count):
        let device = try device(id, state)
        try state.write(context: context, device: device, scope, name: name, bytes: payload)
        return .send(Self.line(count))
      case .triggerOf(let id): return .send(try trigger(of: try device(id, state), state))
      case .setTrigger(let id, let trigger):
        try setTrigger(trigger, of: try device(id, state), &state)
        return .send(Self.line(0))
      case .setBuffersCount(let id, let count):
        let device = try device(id, state)
        guard (1...state.limits.blocks).contains(count) else { throw .invalid }
        state.contexts[context].blocks[device] = count
        return .send(Self.line(0))
      case .open(let id, let scans, let mask, let isCyclic):
        let device = try device(id, state)
        guard streams[device] == nil else { throw .busy }
        guard !isCyclic else { throw .invalid }
        streams[device] = try state.open(context: context, device: device, mask: mask, scans: scans, at: now)
        return .send(Self.line(0))
      case .close(let id):
        let device = try device(id, state)
        guard let stream = streams.removeValue(forKey: device) else { throw .notOpen }
        state.close(context: context, device: device, playback: stream.playbackID)
        return .send(Self.line(0))
      case .readBuffer(let id, let bytes):
        let device = try device(id, state)
        guard let stream = streams[device] else { throw .notOpen }
        guard bytes >= stream.scanSize, bytes <= state.limits.readBytes else { throw .invalid }
        let reading = Reading(
          device: device, scans: bytes / stream.scanSize, isUneven: bytes % stream.scanSize != 0, since: now)
        self.reading = reading
        return proceed(reading, at: now, &state)
      }
    } catch {
      return .send(Self.line(-error.rawValue))
    }
  }

  private func device(_ id: String, _ state: ReplayState) throws(ReplayErrno) -> Int {
    guard let index = state.contexts[context].model.devices.firstIndex(where: { $0.id == id }) else { throw .noDevice }
    return index
  }

  private func trigger(of device: Int, _ state: ReplayState) throws(ReplayErrno) -> [UInt8] {
    let devices = state.contexts[context].model.devices
    guard devices[device].recorded != nil else { throw .notFound }
    guard let trigger = state.contexts[context].triggers[device] else { return Self.line(0) }
    return Self.block(Array((devices[trigger].name ?? devices[trigger].id).utf8))
  }

  private func setTrigger(_ trigger: String?, of device: Int, _ state: inout ReplayState) throws(ReplayErrno) {
    let devices = state.contexts[context].model.devices
    guard devices[device].recorded != nil else { throw .notFound }
    guard state.contexts[context].open[device, default: 0] == 0 else { throw .busy }
    guard let trigger else {
      state.contexts[context].triggers[device] = nil
      return
    }
    guard let index = devices.firstIndex(where: { $0.isTrigger && ($0.id == trigger || $0.name == trigger) }) else {
      throw .notFound
    }
    state.contexts[context].triggers[device] = index
  }

  // MARK: Reading a buffer

  private mutating func proceed(_ start: Reading, at now: Int64, _ state: inout ReplayState) -> Step {
    var reading = start
    guard var stream = streams[reading.device], let playback = state.stage[stream.playbackID] else {
      self.reading = nil
      return .send(Self.line(-ReplayErrno.notOpen.rawValue))
    }
    if reading.scans == 0 {
      // Less was sent than asked for, and no more comes: the client must know.
      self.reading = nil
      return reading.isUneven ? .send(Self.line(0)) : step(at: now, &state)
    }
    stream.advance(to: now, playback)
    defer { streams[reading.device] = stream }
    let wanted = min(stream.block, reading.scans)
    guard stream.waiting >= wanted else {
      let timeout = state.contexts[context].timeout
      let deadline = timeout == 0 ? nil : reading.since + Int64(timeout) * 1_000_000
      if let deadline, now >= deadline {
        self.reading = nil
        return .send(Self.line(-ReplayErrno.timedOut.rawValue))
      }
      // Looked at again now and then: another client may set the timeout, or let a playback begin.
      let again = now + 500_000_000
      return .idle(until: [stream.ready(wanted), deadline, again].compactMap { $0 }.min())
    }
    let count = min(stream.waiting, reading.scans, max(1, Self.chunkBytes / stream.scanSize))
    var bytes = Self.line(count * stream.scanSize)
    if reading.needsMask { bytes += Array((stream.mask + "\n").utf8) }
    bytes += stream.read(count)
    reading.needsMask = false
    reading.scans -= count
    reading.since = now
    self.reading = reading.scans == 0 && !reading.isUneven ? nil : reading
    return .send(bytes)
  }

  // MARK: Answers

  private static func line(_ number: Int) -> [UInt8] { Array("\(number)\n".utf8) }

  private static func block(_ bytes: [UInt8]) -> [UInt8] { line(bytes.count) + bytes + [0x0A] }

  private static let help = """
    HELP VERSION PRINT EXIT TIMEOUT <ms>
    READ <device> [DEBUG|BUFFER|INPUT <channel>] [<attribute>]
    WRITE <device> [DEBUG|BUFFER|INPUT <channel>] <attribute> <bytes>
    GETTRIG <device>  SETTRIG <device> [<trigger>]  SET <device> BUFFERS_COUNT <count>
    OPEN <device> <scans> <mask>  READBUF <device> <bytes>  CLOSE <device>

    """
}
