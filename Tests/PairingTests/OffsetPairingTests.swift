import Agreement
import Motion
import Testing

@testable import Pairing

/// Whole pairings in both profiles, in one process.
@Suite("A pairing in either profile")
struct OffsetPairingTests {
  private func run(
    _ alice: Recording, _ bob: Recording, _ profile: QuantiserProfile
  ) throws -> LocalPairing.Outcome {
    var pairing = LocalPairing(alice: alice, bob: bob) { PairingInstant(nanoseconds: 0) }
    pairing.profile = profile
    return try pairing.run()
  }

  @Test("succeeds where the boards were shaken together, and sooner with offsets", arguments: [7, 8, 9] as [UInt64])
  func together(seed: UInt64) throws {
    let rig = Rig.simulate { $0.seed = seed }
    var shakes: [QuantiserProfile: Double] = [:]
    for profile in QuantiserProfile.allCases {
      let outcome = try run(rig.alice.recording, rig.bob.recording, profile)
      #expect(outcome.isPaired, "\(profile): \(outcome.telling.ending)")
      #expect(outcome.aliceReport.profile == profile)
      shakes[profile] = outcome.aliceReport.shakeSeconds
      // Gates, bound, cap and margin are the same for both.
      let clamp = try #require(outcome.bobReport.clamp)
      #expect(clamp.clamp.capMillibits == 200 && clamp.clamp.marginBits == 512 && clamp.usableBits >= 128)
      let offsets = outcome.bobReport.ledger.entries.filter { $0.kind == .offsets }
      #expect(offsets.count == (profile == .offset ? 1 : 0))
      #expect(try #require(outcome.errors) <= 20)
    }
    let (offset, thresholds) = (try #require(shakes[.offset]), try #require(shakes[.guard]))
    #expect(offset < thresholds)
  }

  @Test("succeeds where one board is held loosely, and both sides judge alike who is swapped")
  func loose() throws {
    let rig = Rig.simulate {
      $0.seed = 12
      $0.flex = 0.1
      $0.seconds = 24
    }
    for (alice, bob) in [(rig.alice, rig.bob), (rig.bob, rig.alice)] {
      let outcome = try run(alice.recording, bob.recording, .offset)
      #expect(outcome.isPaired, "\(outcome.telling.ending)")
      let (accepted, peers) = (try #require(outcome.aliceReport.accepted), try #require(outcome.bobReport.accepted))
      #expect(peers == accepted)
      #expect(try #require(outcome.bobReport.accepted) > 0.9)
    }
  }

  @Test("gives the same figures every time with offsets, too; only the keys are fresh")
  func repeats() throws {
    let rig = Rig.together
    let first = try run(rig.alice.recording, rig.bob.recording, .offset)
    let second = try run(rig.alice.recording, rig.bob.recording, .offset)
    #expect(first.isPaired && second.isPaired && first.errors == second.errors)
    #expect(first.rawErrorRate == second.rawErrorRate && first.messages == second.messages)
    #expect(first.bobReport.keptBits == second.bobReport.keptBits && first.bobReport.clamp == second.bobReport.clamp)
    #expect(first.bobReport.ledger.description == second.bobReport.ledger.description)
  }

  @Test("fails where they were not", arguments: [SimulatedClass.impostor, .mimic, .replay], QuantiserProfile.allCases)
  func apart(kind: SimulatedClass, profile: QuantiserProfile) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var parameters = kind.parameters(seed: seed)
      parameters.seconds = 12
      let pair = try Simulator.simulate(parameters).pair
      let outcome = try run(pair.alice.recording, pair.bob.recording, profile)
      #expect(!outcome.isPaired)
      guard case .aborted = outcome.alice, case .aborted = outcome.bob else {
        Issue.record("one side paired")
        continue
      }
    }
  }

  @Test("stops where the boards part after the preamble: too little is accepted")
  func parts() throws {
    // From 2.6 s after the onset on Bob plays another shake.
    let rig = Rig.together
    let other = Rig.strangers
    func spliced(_ own: Recording, _ foreign: Recording) throws -> Recording {
      let onset = try #require(own.firstOnset)
      var recording = own
      for i in 0..<min(own.count, foreign.count) where own.timestamps[i] > onset + 2_600_000_000 {
        recording.acceleration[i] = foreign.acceleration[i]
        recording.angularVelocity[i] = foreign.angularVelocity[i]
      }
      return recording
    }
    let bob = try spliced(rig.bob.recording, other.bob.recording)
    let outcome = try run(rig.alice.recording, bob, .offset)
    guard case .aborted(.offsetsRejected(_, let share)) = outcome.bob else {
      Issue.record("\(outcome.bob)")
      return
    }
    #expect(share < 0.8, "\(share)")
  }
}
