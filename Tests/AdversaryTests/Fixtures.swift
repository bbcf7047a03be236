import Motion
import Pairing

@testable import Adversary

/// Simulated pairings, each run once.
enum Fixture {
  static let first = Result { try pair(seed: 1) }
  static let second = Result { try pair(seed: 2) }
  /// The first in the profile `offset`.
  static let lattice = Result { try pair(seed: 1, profile: .offset) }

  struct NoBits: Error {}

  static func recordings(
    seed: UInt64, _ relation: SimulatorParameters.Relation = .together
  ) throws -> (alice: Recording, bob: Recording) {
    var parameters = SimulatorParameters(seed: seed, seconds: 16, restBefore: 1.2)
    parameters.relation = relation
    let simulated = try Simulator.simulate(parameters)
    return (simulated.alice.recording, simulated.bob.recording)
  }

  static func outcome(
    seed: UInt64, profile: QuantiserProfile = .guard, discloses: Bool = true
  ) throws -> ((alice: Recording, bob: Recording), LocalPairing.Outcome) {
    let (alice, bob) = try recordings(seed: seed)
    var pairing = LocalPairing(alice: alice, bob: bob) { PairingInstant(nanoseconds: 0) }
    pairing.profile = profile
    pairing.disclosesKeyZones = discloses
    return ((alice, bob), try pairing.run())
  }

  static func pair(seed: UInt64, profile: QuantiserProfile = .guard) throws -> AttackedPair {
    let (boards, outcome) = try outcome(seed: seed, profile: profile)
    guard
      let pair = AttackedPair(name: "rigid-\(seed)", alice: boards.alice, bob: boards.bob, outcome: outcome)
    else { throw NoBits() }
    return pair
  }

  /// Attacks that take a short while without optimisation.
  static func settings(cameras: [CameraModel] = []) -> AdversaryBench.Settings {
    var settings = AdversaryBench.Settings()
    settings.lags = 2
    settings.holds = [100]
    settings.cameras = cameras
    return settings
  }
}
