import Motion
import Pairing

/// Both sides of one pairing, joined by a queue, over two recordings and on their time.
struct Duet {
  private struct Side {
    var machine: PairingMachine
    let recording: Recording
    var position = 0
    var isSampling = false
    var stage = Stage.opening
    var ended: Bool?
  }

  private var sides: [Side]
  private var packets: [(to: Int, bytes: [UInt8])] = []
  private var now = PairingInstant(nanoseconds: 0)
  private var shake = (begin: 0.0, end: 0.0)
  private(set) var costs: [Stage: Cost] = [:]

  init(alice: Recording, bob: Recording) throws {
    sides = try [(PairingRole.alice, alice), (.bob, bob)].map { role, recording in
      var configuration = PairingConfiguration(
        role: role, sessionID: Array("pairing-bench...".utf8), source: .recording(assumesOnset: false),
        sensors: [.gyroscope, .accelerometer])
      configuration.windowSeconds = 600
      configuration.attemptTimeout = 660
      return Side(machine: try PairingMachine(configuration: configuration), recording: recording)
    }
  }

  /// Runs to the end; whether both sides paired.
  mutating func run() -> Bool {
    for side in 0..<2 { deliver(.start, to: side) }
    drain()
    var tenths: Int64 = 0
    while sides.contains(where: { $0.ended == nil }), tenths < 7000 {
      tenths += 1
      now = PairingInstant(nanoseconds: tenths * 100_000_000)
      for side in 0..<2 where sides[side].ended == nil {
        if sides[side].isSampling { deliverSamples(to: side) }
        deliver(.tick, to: side)
        drain()
      }
    }
    let seconds = shake.end - shake.begin
    if let whole = costs[.shaking], seconds > 0 {
      costs[.perSecond] = Cost(
        milliseconds: whole.milliseconds / seconds, allocations: Int(Double(whole.allocations) / seconds))
    }
    return sides.allSatisfy { $0.ended == true }
  }

  private mutating func deliverSamples(to side: Int) {
    let recording = sides[side].recording
    let start = sides[side].position
    guard let first = recording.timestamps.first, start < recording.count else {
      return deliver(.sourceEnded, to: side)
    }
    var end = start
    while end < recording.count, recording.timestamps[end] - first <= now.nanoseconds { end += 1 }
    sides[side].position = end
    if end > start { deliver(.samples(recording[start..<end]), to: side) }
  }

  private mutating func drain() {
    while !packets.isEmpty {
      let (side, bytes) = packets.removeFirst()
      deliver(.packet(bytes), to: side)
    }
  }

  private mutating func deliver(_ event: PairingEvent, to side: Int) {
    guard sides[side].ended == nil else { return }
    let stage = sides[side].stage
    let samplingEnded = sides.contains { $0.position > 0 } && !sides.contains(where: \.isSampling)
    var actions: [PairingAction] = []
    let now = now
    let cost = Cost.of { actions = sides[side].machine.handle(event, at: now) }
    costs[stage, default: Cost()] += cost
    if samplingEnded { costs[.after, default: Cost()] += cost }
    for action in actions {
      switch action {
      case .send(let bytes): packets.append((1 - side, bytes))
      case .startSampling: sides[side].isSampling = true
      case .stopSampling: sides[side].isSampling = false
      case .progress(let progress): follow(progress, on: side)
      case .paired: sides[side].ended = true
      case .aborted: sides[side].ended = false
      }
    }
  }

  private mutating func follow(_ progress: PairingProgress, on side: Int) {
    let seconds = Double(now.nanoseconds) * 1e-9
    switch progress {
    case .waitingForPeer: break
    case .waitingForShake: sides[side].stage = .waiting
    case .shaking: sides[side].stage = .preambles
    case .together:
      sides[side].stage = .shaking
      shake.begin = seconds
    case .collecting: break
    case .reconciling:
      sides[side].stage = .bits
      shake.end = seconds
    case .confirming: sides[side].stage = .keys
    }
  }
}
