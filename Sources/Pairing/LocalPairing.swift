import Agreement
import Motion
import SecureChannel

/// Both sides of a pairing in one process, over two recordings: the same machines that run on two boards, joined by a
/// queue instead of a relay, on a clock that follows the recordings.
///
/// Cascade's permutations are fixed here, so that the same two recordings give the same bits, figures and verdict every
/// time; only keys and nonces are fresh.
public struct LocalPairing: Sendable {
  /// How one side ended.
  public enum Ending: Sendable {
    /// With a session.
    case paired(PairedSession)
    /// Without.
    case aborted(AbortReason)
  }

  /// What came of it.
  public struct Outcome: Sendable {
    /// Alice's end.
    public let alice: Ending
    /// Bob's end.
    public let bob: Ending
    /// Alice's report.
    public let aliceReport: PairingReport
    /// Bob's report.
    public let bobReport: PairingReport
    /// Bits that differed in cells kept by both, before correction; `nil` where it never came to bits.
    public let errors: Int?
    /// Share of the decisions before erasure that differed, where both sides had a value; `nil` without bits.
    public let rawErrorRate: Double?
    /// Recorded time from the reference's onset to the moment when it needed no more samples, seconds, in steps of a
    /// tenth; `nil` where it never came to bits. Later than the last second used, since that one's mask is opened only
    /// when the next one is committed.
    public let stopSeconds: Double?
    /// Wall time from the last sample to the end, seconds.
    public let processingSeconds: Double
    /// Messages sent by Alice and by Bob.
    public let messages: (alice: Int, bob: Int)
    /// Both key zones laid open, where that was asked for and it came to bits.
    package let disclosure: Disclosure?
    /// Which side is the reference: Alice, unless a plan says otherwise.
    public var reference: PairingRole { aliceReport.reference ?? bobReport.reference ?? .alice }
    /// The end and the report that tell most: of the side that corrects its bits, whose report has Cascade's figures, unless
    /// it only says that the other one aborted, or paired where that did not.
    public var telling: (ending: Ending, report: PairingReport) {
      let both = [(ending: alice, report: aliceReport), (ending: bob, report: bobReport)]
      let (first, second) = reference == .alice ? (both[0], both[1]) : (both[1], both[0])
      return switch (first.ending, second.ending) {
      case (_, .aborted(.peerAborted)), (.aborted, .paired): first
      default: second
      }
    }
    /// Whether both sides paired and hold the same handshake hash.
    public var isPaired: Bool {
      guard case .paired(let a) = alice, case .paired(let b) = bob else { return false }
      return a.handshakeHash == b.handshakeHash
    }
  }

  /// Alice's recording.
  public var alice: Recording
  /// Bob's recording.
  public var bob: Recording
  /// Whether recordings that begin in motion are taken to begin with their first scan. Where a recording does begin
  /// with a second of quiet, its onset is found all the same.
  public var assumesOnset = true
  /// Security margin, bits.
  public var margin = 512
  /// How values become bits.
  public var profile = QuantiserProfile.guard
  /// Deliberate errors, for demonstrations.
  public var rehearsal: Rehearsal?
  /// Whether the outcome lays both key zones open; see ``Disclosure``.
  package var disclosesKeyZones = false
  /// A clock to measure processing time by.
  public var stopwatch: @Sendable () -> PairingInstant

  /// A pairing of two recordings.
  public init(alice: Recording, bob: Recording, stopwatch: @escaping @Sendable () -> PairingInstant) {
    self.alice = alice
    self.bob = bob
    self.stopwatch = stopwatch
  }

  /// Runs it to the end.
  ///
  /// - Parameter progress: told what either side has to say.
  /// - Throws: ``AbortReason/internalFault(_:)`` where the machines cannot be set up.
  public func run(
    progress: (PairingRole, PairingProgress) -> Void = { _, _ in }
  ) throws(AbortReason) -> Outcome {
    var sides = [
      try Side(.alice, alice, self), try Side(.bob, bob, self),
    ]
    var now = PairingInstant(nanoseconds: 0)
    var queue: [(to: Int, packet: [UInt8])] = []
    var lastSample = stopwatch()
    var stopped: [PairingInstant?] = [nil, nil]
    var bitsAtStart: [BitString] = [BitString(), BitString()]

    func deliver(_ event: PairingEvent, to side: Int) {
      for action in sides[side].machine.handle(event, at: now) {
        switch action {
        case .send(let packet):
          sides[side].messages += 1
          queue.append((1 - side, packet))
        case .startSampling: sides[side].isSampling = true
        case .stopSampling:
          sides[side].isSampling = false
          lastSample = stopwatch()
          stopped[side] = now
        case .progress(let what): progress(sides[side].machine.role, what)
        case .paired(let session): sides[side].ending = .paired(session)
        case .aborted(let reason): sides[side].ending = .aborted(reason)
        }
      }
      if bitsAtStart[side].isEmpty {
        bitsAtStart[side] = sides[side].machine.uncorrectedBits
        sides[side].decisions = sides[side].machine.rawDecisions
        if disclosesKeyZones { sides[side].openKeyZone = sides[side].machine.openKeyZone }
      }
    }
    func drain() {
      var next = 0
      while next < queue.count {
        let (side, packet) = queue[next]
        next += 1
        deliver(.packet(packet), to: side)
      }
      queue.removeAll()
    }

    deliver(.start, to: 0)
    deliver(.start, to: 1)
    drain()
    // Recorded time moves on in tenths of a second until both sides have ended.
    var elapsed: Int64 = 0
    while sides.contains(where: { $0.ending == nil }) {
      elapsed += 100_000_000
      now = PairingInstant(nanoseconds: elapsed)
      for side in 0..<2 where sides[side].ending == nil {
        if sides[side].isSampling {
          if let batch = sides[side].take(until: elapsed) { deliver(.samples(batch), to: side) }
          if sides[side].isAtEnd, !sides[side].saidEnd {
            sides[side].saidEnd = true
            deliver(.sourceEnded, to: side)
          }
        }
        deliver(.tick, to: side)
        drain()
      }
      guard elapsed < 3_600_000_000_000 else { throw .internalFault("the rehearsal does not end") }
    }
    let finished = stopwatch()
    guard let aliceEnding = sides[0].ending, let bobEnding = sides[1].ending else {
      throw .internalFault("a side without an end")
    }
    var errors: Int?
    if !bitsAtStart[0].isEmpty, bitsAtStart[0].count == bitsAtStart[1].count {
      errors = (0..<bitsAtStart[0].count).reduce(0) { $0 + (bitsAtStart[0][$1] != bitsAtStart[1][$1] ? 1 : 0) }
    }
    let reference = sides.firstIndex { $0.machine.core.isReference } ?? 0
    return Outcome(
      alice: aliceEnding, bob: bobEnding, aliceReport: sides[0].machine.report, bobReport: sides[1].machine.report,
      errors: errors, rawErrorRate: rawErrorRate(sides.map(\.decisions)),
      stopSeconds: stopped[reference].flatMap { sides[reference].seconds(fromOnsetTo: $0) },
      processingSeconds: finished.seconds(since: lastSample),
      messages: (sides[0].messages, sides[1].messages),
      disclosure: Disclosure(sides.compactMap(\.openKeyZone)))
  }

  private func rawErrorRate(_ decisions: [[(symbol: Int, levels: Int)?]]) -> Double? {
    var bits = 0
    var differing = 0
    for (a, b) in zip(decisions[0], decisions[1]) {
      guard let a, let b else { continue }
      bits += a.levels
      differing += (a.symbol ^ b.symbol).nonzeroBitCount
    }
    return bits > 0 ? Double(differing) / Double(bits) : nil
  }

  /// One machine with its recording.
  private struct Side {
    var machine: PairingMachine
    let recording: Recording
    var position = 0
    var isSampling = false
    var saidEnd = false
    var ending: Ending?
    var messages = 0
    var decisions: [(symbol: Int, levels: Int)?] = []
    var openKeyZone: OpenKeyZone?

    init(_ role: PairingRole, _ recording: Recording, _ pairing: LocalPairing) throws(AbortReason) {
      var sensors: Set<SensorKind> = []
      if recording.hasGyroscope { sensors.insert(.gyroscope) }
      if recording.hasAccelerometer { sensors.insert(.accelerometer) }
      let assumed = pairing.assumesOnset && !BurstDetector.findsOnset(in: recording)
      // A fixed session id: nothing leaves this process.
      var configuration = PairingConfiguration(
        role: role, sessionID: Array("local pairing...".utf8), source: .recording(assumesOnset: assumed),
        sensors: sensors)
      configuration.profiles = [pairing.profile]
      configuration.margin = pairing.margin
      configuration.rehearsal = pairing.rehearsal
      configuration.permutationKey = Array("local pairing".utf8)
      configuration.windowSeconds = 600
      configuration.maximumSeconds = 600
      configuration.attemptTimeout = 660
      machine = try PairingMachine(configuration: configuration)
      self.recording = recording
    }

    /// Recorded time since the onset, once it came to bits.
    func seconds(fromOnsetTo moment: PairingInstant) -> Double? {
      guard machine.report.shakeSeconds != nil, let onset = machine.core.onset, let first = recording.timestamps.first
      else { return nil }
      return moment.seconds(since: PairingInstant(nanoseconds: onset &- first))
    }

    var isAtEnd: Bool { position >= recording.count }

    /// The scans up to `elapsed` ns after the first.
    mutating func take(until elapsed: Int64) -> Recording? {
      guard let first = recording.timestamps.first else { return nil }
      let start = position
      while position < recording.count, recording.timestamps[position] &- first <= elapsed { position += 1 }
      return position > start ? recording[start..<position] : nil
    }
  }
}
