import Motion
import Testing

@testable import Pairing

@Suite("A pairing in one process")
struct LocalPairingTests {
  static let outcomes = Result {
    let rig = Rig.together
    let pairing = LocalPairing(alice: rig.alice.recording, bob: rig.bob.recording) { PairingInstant(nanoseconds: 0) }
    return (try pairing.run(), try pairing.run())
  }

  @Test("gives the same figures every time; only the keys are fresh")
  func repeats() throws {
    let (first, second) = try Self.outcomes.get()
    #expect(first.isPaired && second.isPaired)
    #expect(first.errors == second.errors && first.rawErrorRate == second.rawErrorRate)
    #expect(first.bobReport.keptBits == second.bobReport.keptBits && first.bobReport.clamp == second.bobReport.clamp)
    #expect(first.bobReport.ledger.description == second.bobReport.ledger.description)
    #expect(first.telling.report.cascade?.backtracked == second.telling.report.cascade?.backtracked)
    #expect(first.messages == second.messages)
    guard case .paired(let one) = first.bob, case .paired(let other) = second.bob else { return }
    #expect(one.fingerprint != other.fingerprint)
  }

  @Test("pairs boards whose sensors pass different bands, whichever of them passes less", arguments: [false, true])
  func matches(swapped: Bool) throws {
    var paired = 0
    for seed in UInt64(7)...9 {
      let rig = Rig.simulate {
        $0.seed = seed
        $0.seconds = 24
        $0.rateAlice = 62.5
        $0.rateBob = 62.5
        $0.rateError = 0
      }
      // Half way between two samples: what is near half the rate is lost.
      var narrow = rig.bob.recording
      for i in 0..<narrow.count - 1 {
        narrow.timestamps[i] += (narrow.timestamps[i + 1] - narrow.timestamps[i]) / 2
        narrow.acceleration[i] = (narrow.acceleration[i] + narrow.acceleration[i + 1]) / 2
        narrow.angularVelocity[i] = (narrow.angularVelocity[i] + narrow.angularVelocity[i + 1]) / 2
      }
      narrow = narrow[0..<narrow.count - 1]
      let (alice, bob) = swapped ? (narrow, rig.alice.recording) : (rig.alice.recording, narrow)
      let outcome = try LocalPairing(alice: alice, bob: bob) { PairingInstant(nanoseconds: 0) }.run()
      #expect(outcome.bobReport.matched[.gyroscope] == (swapped ? .bob : .alice))
      guard outcome.isPaired else {
        // At such a rate a shake's rhythm stays in the bits of one in five.
        guard case .aborted(.gate) = outcome.telling.ending else {
          Issue.record("seed \(seed): \(outcome.telling.ending)")
          continue
        }
        continue
      }
      paired += 1
      #expect((outcome.rawErrorRate ?? 1) < 0.05)
    }
    #expect(paired >= 2)
  }

  @Test("ends alike whichever board is called Alice, and takes the same one for the reference")
  func changesPlaces() throws {
    for rig in [Rig.together, Rig.mixed] {
      let (one, other) = (rig.alice.recording, rig.bob.recording)
      let outcome = try LocalPairing(alice: one, bob: other) { PairingInstant(nanoseconds: 0) }.run()
      let swapped = try LocalPairing(alice: other, bob: one) { PairingInstant(nanoseconds: 0) }.run()
      #expect(outcome.isPaired && swapped.isPaired && outcome.reference == swapped.reference.peer)
      #expect(outcome.aliceReport.shakeSeconds == swapped.aliceReport.shakeSeconds)
      #expect(outcome.aliceReport.keptBits == swapped.aliceReport.keptBits && outcome.errors == swapped.errors)
      #expect(outcome.telling.report.clamp == swapped.telling.report.clamp)
    }
  }

  @Test("stops about a second after the last second used, when that one's mask can be opened")
  func stops() throws {
    let (outcome, _) = try Self.outcomes.get()
    let used = try #require(outcome.aliceReport.shakeSeconds)
    let stopped = try #require(outcome.stopSeconds)
    #expect((1.0...1.4).contains(stopped - used), "used \(used) s, stopped after \(stopped) s")
  }

  @Test("uses nothing of what follows: a recording cut where it stopped gives the same figures")
  func ignoresTheRest() throws {
    let rig = Rig.together
    let (outcome, _) = try Self.outcomes.get()
    let stopped = try #require(outcome.stopSeconds)
    func cut(_ recording: Recording) throws -> Recording {
      let onset = try #require(recording.firstOnset)
      return recording.until(onset + Int64((stopped + 0.3) * 1e9))
    }
    let short = LocalPairing(alice: try cut(rig.alice.recording), bob: try cut(rig.bob.recording)) {
      PairingInstant(nanoseconds: 0)
    }
    let again = try short.run()
    #expect(again.isPaired && again.aliceReport.shakeSeconds == outcome.aliceReport.shakeSeconds)
    #expect(again.bobReport.keptBits == outcome.bobReport.keptBits && again.errors == outcome.errors)
  }

  @Test("has no moment of stopping where it never came to bits, and tells the reason of whoever has one")
  func neverCameToBits() throws {
    let rig = Rig.strangers
    let pairing = LocalPairing(alice: rig.alice.recording, bob: rig.bob.recording) { PairingInstant(nanoseconds: 0) }
    let outcome = try pairing.run()
    #expect(outcome.stopSeconds == nil && outcome.errors == nil && !outcome.isPaired)
    guard case .aborted(let reason) = outcome.telling.ending else {
      Issue.record("strangers paired")
      return
    }
    #expect(reason.code == "not-shaken-together")
  }
}
