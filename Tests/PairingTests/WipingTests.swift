import Agreement
import Motion
import Testing

@testable import Pairing

/// A recording that is kept masked, every number of it unlike any other in this process.
private struct MaskedRecording {
  private var timestamps: [Int64] = []
  private var masked: [UInt64] = []

  /// The last digits of every sample are made its own.
  init(_ recording: Recording, salt: UInt64) {
    timestamps = recording.timestamps
    var state = salt
    for i in 0..<recording.count {
      for value in [recording.angularVelocity[i], recording.acceleration[i]] {
        for axis in 0..<3 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          let own = value[axis] + (Double(state >> 20) + 1) * 1e-19
          masked.append(own.bitPattern ^ MemoryScan.mask)
        }
      }
    }
  }

  var count: Int { timestamps.count }
  func time(_ index: Int) -> Int64 { timestamps[index] &- timestamps[0] }
  func stamp(_ index: Int) -> Int64 { timestamps[index] }

  /// Scans as a sensor hands them over. The caller wipes them.
  func batch(_ range: Range<Int>) -> Recording {
    var batch = Recording()
    batch.reserveCapacity(range.count)
    for i in range {
      func number(_ k: Int) -> Double { Double(bitPattern: masked[6 * i + k] ^ MemoryScan.mask) }
      batch.append(
        timestamp: timestamps[i], acceleration: SIMD3(number(3), number(4), number(5)),
        angularVelocity: SIMD3(number(0), number(1), number(2)))
    }
    return batch
  }

  /// The masked numbers of some scans.
  func patterns(_ range: Range<Int>) -> ArraySlice<UInt64> { masked[(6 * range.lowerBound)..<(6 * range.upperBound)] }
}

/// How an attempt ends.
private enum End: String, CaseIterable, CustomTestStringConvertible {
  case paired, cancelled, aborted, dropped
  var testDescription: String { rawValue }
}

/// Two machines on masked recordings, and the search for what they leave behind.
private struct Attempt {
  var machines: [PairingMachine]
  let recordings: [MaskedRecording]
  var endings: [Result<PairedSession, AbortReason>?] = [nil, nil]
  /// What was secret in the key zone, collected while it was there.
  var samples = MemoryScan()
  var steps = MemoryScan()
  var innovations = MemoryScan()
  var bits = MemoryScan()
  private var collected = [false, false]

  init(salt: UInt64) throws {
    recordings = [
      MaskedRecording(Rig.together.alice.recording, salt: salt),
      MaskedRecording(Rig.together.bob.recording, salt: ~salt),
    ]
    machines = try PairingRole.allCases.map { role in
      try PairingMachine(
        configuration: PairingConfiguration(
          role: role, sessionID: Duel.sessionID, source: .recording(assumesOnset: false),
          sensors: [.gyroscope, .accelerometer]))
    }
  }

  /// Runs to the given end. Samples come in tenths of a second, as from a sensor.
  mutating func run(to end: End) {
    var queue: [(to: Int, packet: [UInt8])] = []
    var sampling = [false, false]
    var position = [0, 0]
    var now = PairingInstant(nanoseconds: 0)
    func act(_ actions: [PairingAction], of side: Int, _ attempt: inout Attempt) {
      for action in actions {
        switch action {
        case .send(let packet): queue.append((1 - side, packet))
        case .startSampling: sampling[side] = true
        case .stopSampling: sampling[side] = false
        case .paired(let session): attempt.endings[side] = .success(session)
        case .aborted(let reason): attempt.endings[side] = .failure(reason)
        case .progress: break
        }
      }
    }
    func drain(_ attempt: inout Attempt) -> Bool {
      while !queue.isEmpty {
        let (side, packet) = queue.removeFirst()
        act(attempt.machines[side].handle(.packet(packet), at: now), of: side, &attempt)
        if attempt.collect(), end != .paired { return true }
      }
      return false
    }
    for side in 0..<2 { act(machines[side].handle(.start, at: now), of: side, &self) }
    var stopped = drain(&self)
    while !stopped, endings.contains(where: { $0 == nil }), now.nanoseconds < 30_000_000_000 {
      now = now.advanced(bySeconds: 0.1)
      for side in 0..<2 where sampling[side] && !stopped {
        let start = position[side]
        while position[side] < recordings[side].count, recordings[side].time(position[side]) <= now.nanoseconds {
          position[side] += 1
        }
        var batch = recordings[side].batch(start..<position[side])
        if !batch.isEmpty { act(machines[side].handle(.samples(batch), at: now), of: side, &self) }
        batch.wipe()
        stopped = drain(&self)
      }
    }
    switch end {
    case .cancelled: for side in 0..<2 { act(machines[side].handle(.cancel, at: now), of: side, &self) }
    case .aborted: for side in 0..<2 { act(machines[side].handle(.packet([3, 1, 2, 3]), at: now), of: side, &self) }
    case .paired, .dropped: break
    }
  }

  /// Once both correct errors: everything secret is there, and is taken down masked.
  private mutating func collect() -> Bool {
    for side in 0..<2 where !collected[side] && machines[side].core.step == .reconciling {
      collected[side] = true
      guard let zone = machines[side].core.zone, let seconds = machines[side].core.usedSeconds,
        let onset = machines[side].core.onset
      else { continue }
      let cells = seconds * zone.cellsPerSecond
      steps.look(forMasked: zone.inputs.prefix(cells).lazy.filter { $0.isFinite && $0 != 0 }.map(masked))
      innovations.look(forMasked: zone.values.prefix(cells).lazy.filter { $0.isFinite && $0 != 0 }.map(masked))
      let string = machines[side].core.bits
      bits.look(
        forMaskedBits: (0..<(string.count / 64)).map { word in
          (0..<64).reduce(UInt64(0)) { $0 << 1 | (string[64 * word + $1] ? 1 : 0) } ^ MemoryScan.mask
        })
      let recording = recordings[side]
      let first = onset + Int64(KeyZone.start * 1e9)
      let last = onset + Int64(zone.end(of: seconds - 1) * 1e9)
      for i in 0..<recording.count where recording.stamp(i) > first && recording.stamp(i) < last {
        samples.look(forMasked: recording.patterns(i..<(i + 1)))
      }
    }
    return collected[0] && collected[1]
  }

  private func masked(_ value: Double) -> UInt64 { value.bitPattern ^ MemoryScan.mask }
}

/// Nothing of the key zone is left in memory once a pairing has ended, whatever way it ended.
@Suite(.serialized) struct WipingTests {
  /// What a registers' worth of spilled values on dead parts of the stack may come to.
  static let tolerance = 16

  @Test(arguments: End.allCases) fileprivate func nothingOfTheKeyZoneIsLeft(end: End) throws {
    var attempt = try Attempt(salt: 40_000 + UInt64(End.allCases.firstIndex(of: end) ?? 0))
    attempt.run(to: end)
    let scans = [
      ("samples", attempt.samples), ("steps", attempt.steps), ("innovations", attempt.innovations),
      ("bits", attempt.bits),
    ]
    // There was something to find, and the search finds it where it is.
    #expect(attempt.samples.count.numbers > 10_000)
    #expect(attempt.steps.count.numbers > 4_000)
    #expect(attempt.bits.count.words > 60)
    switch end {
    case .paired: for ending in attempt.endings { _ = try #require(try ending?.get()) }
    case .cancelled: #expect(attempt.endings.allSatisfy { $0.isFailure })
    case .aborted: #expect(attempt.endings.allSatisfy { $0.isFailure })
    case .dropped:
      #expect(try attempt.steps.run().numbers > 4_000)
      attempt.machines = []
    }
    for (name, scan) in scans {
      let found = try scan.run()
      print("\(end.rawValue) \(name): \(scan.count) looked for, \(found)")
      #expect(found.numbers <= WipingTests.tolerance, "\(name): \(found) of \(scan.count)")
      #expect(found.bits <= WipingTests.tolerance, "\(name): \(found) of \(scan.count)")
    }
  }
}

extension Result<PairedSession, AbortReason>? {
  fileprivate var isFailure: Bool {
    if case .failure = self { true } else { false }
  }
}
