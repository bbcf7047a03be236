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
  var secrets = MemoryScan()
  private var collected = [false, false]

  /// A shake of its own: the bits of tests that run meanwhile must be others.
  private static let rig = Rig.simulate { $0.seed = 40_000 }

  init(salt: UInt64, profile: QuantiserProfile) throws {
    recordings = [
      MaskedRecording(Attempt.rig.alice.recording, salt: salt),
      MaskedRecording(Attempt.rig.bob.recording, salt: ~salt),
    ]
    machines = try PairingRole.allCases.map { role in
      var configuration = PairingConfiguration(
        role: role, sessionID: Duel.sessionID, source: .recording(assumesOnset: false),
        sensors: [.gyroscope, .accelerometer])
      configuration.profiles = [profile]
      // So that the key zone is not over after a few seconds.
      if profile == .guard { configuration.margin = 800 }
      return try PairingMachine(configuration: configuration)
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
      secrets.look(for: "steps", masked: zone.inputs.prefix(cells).lazy.filter { $0.isFinite && $0 != 0 }.map(masked))
      secrets.look(
        for: "values", masked: zone.values.prefix(cells).lazy.filter { $0.isFinite && $0 != 0 }.map(masked))
      let string = machines[side].core.bits
      secrets.look(
        for: "bits",
        maskedBits: (0..<(string.count / 64)).map { word in
          (0..<64).reduce(UInt64(0)) { $0 << 1 | (string[64 * word + $1] ? 1 : 0) } ^ MemoryScan.mask
        })
      let recording = recordings[side]
      let first = onset + Int64(KeyZone.start * 1e9)
      let last = onset + Int64(zone.end(of: seconds - 1) * 1e9)
      for i in 0..<recording.count where recording.stamp(i) > first && recording.stamp(i) < last {
        secrets.look(for: "samples", masked: recording.patterns(i..<(i + 1)))
      }
    }
    return collected[0] && collected[1]
  }

  private func masked(_ value: Double) -> UInt64 { value.bitPattern ^ MemoryScan.mask }
}

/// Nothing of the key zone is left in memory once a pairing has ended, whatever way it ended.
@Suite(.serialized) struct WipingTests {
  /// Single values that a function left on a dead part of the stack.
  static let tolerance = 8

  @Test(arguments: End.allCases, QuantiserProfile.allCases) fileprivate func nothingOfTheKeyZoneIsLeft(
    end: End, profile: QuantiserProfile
  ) throws {
    let salt = 10 * UInt64(profile.rawValue) + UInt64(End.allCases.firstIndex(of: end) ?? 0)
    var attempt = try Attempt(salt: 40_000 + salt, profile: profile)
    attempt.run(to: end)
    let sought = attempt.secrets.counts
    // With offsets two seconds are enough, and there is no second series that the values are made from.
    let isShort = profile == .offset
    #expect(sought["samples", default: 0] > (isShort ? 4_000 : 10_000))
    if !isShort { #expect(sought["steps", default: 0] > 4_000) }
    #expect(sought["values", default: 0] > (isShort ? 2_000 : 4_000))
    #expect(sought["bits", default: 0] > 60)
    switch end {
    case .paired: for ending in attempt.endings { _ = try #require(try ending?.get()) }
    case .cancelled, .aborted: #expect(attempt.endings.allSatisfy { $0.isFailure })
    case .dropped:
      // As long as the machines live, the search finds all of it.
      let alive = try attempt.secrets.run()
      for (kind, count) in sought { #expect(alive[kind, default: 0] >= count * 9 / 10, "\(kind)") }
      attempt.machines = []
    }
    let left = try attempt.secrets.run()
    for (kind, count) in sought {
      #expect(left[kind, default: 0] <= WipingTests.tolerance, "\(kind): \(left[kind, default: 0]) of \(count)")
    }
  }
}

extension Result<PairedSession, AbortReason>? {
  fileprivate var isFailure: Bool {
    if case .failure = self { true } else { false }
  }
}
