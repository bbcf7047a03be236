import Motion
import Testing

@testable import Adversary

@Suite("The bench")
struct AdversaryBenchTests {
  static func scores(_ settings: AdversaryBench.Settings) throws -> [AttackScore] {
    let bench = AdversaryBench(settings)
    let (pair, other) = (try Fixture.first.get(), try Fixture.second.get())
    func subject(_ pair: AttackedPair, seed: UInt64) throws -> AdversaryBench.Subject {
      let mimic = Donor(name: "mimic", recording: try Fixture.recordings(seed: seed, .mimic).bob)
      return AdversaryBench.Subject(pair: pair, imitations: [mimic].compactMap { $0 }, others: [])
    }
    let taught = try #require(bench.prepare(try subject(other, seed: 2), training: [pair]))
    let attacked = try #require(bench.prepare(try subject(pair, seed: 1), training: [other]))
    return bench.attack(attacked, training: [taught])
  }

  @Test("attacks in every way that has what it needs; whoever sees more guesses better; the same every time")
  func attacks() throws {
    let settings = Fixture.settings(cameras: [CameraModel(cutoff: 6), CameraModel(cutoff: 200)])
    let scores = try Self.scores(settings)
    #expect(
      scores.map(\.attack) == [
        "uniform", "majority", "table", "linear", "linear, adaptive", "perceptron", "camera 6 Hz", "camera 200 Hz",
        "imitation",
      ])
    let byName = Dictionary(uniqueKeysWithValues: scores.map { ($0.attack, $0) })
    func entropy(_ name: String) -> Double { byName[name]?.crossEntropy ?? .nan }
    #expect(entropy("uniform") == 1 && entropy("linear, adaptive") < 0.98)
    #expect(entropy("camera 6 Hz") < entropy("linear, adaptive") - 0.05)
    // Who sees all of the motion knows all bits, and the bench says so.
    #expect(entropy("camera 200 Hz") < 0.2)
    #expect(byName["camera 200 Hz"]?.holds == false && byName["uniform"]?.holds == true)
    let again = try Self.scores(Fixture.settings()).map(\.crossEntropy)
    #expect(again == scores.filter { !$0.attack.hasPrefix("camera") }.map(\.crossEntropy))
  }

  @Test("attacks values on a lattice as well: the more of the motion is seen, the less is left")
  func lattice() throws {
    let pair = try Fixture.lattice.get()
    let bench = AdversaryBench(Fixture.settings(cameras: [CameraModel(cutoff: 200)]))
    let subject = AdversaryBench.Subject(pair: pair, imitations: [], others: [])
    let scores = bench.attack(try #require(bench.prepare(subject, training: [])), training: [])
    let byName = Dictionary(uniqueKeysWithValues: scores.map { ($0.attack, $0) })
    #expect(byName["uniform"]?.crossEntropy == 1 && byName["uniform"]?.holds == true)
    let linear = try #require(byName["linear, adaptive"]).crossEntropy
    let camera = try #require(byName["camera 200 Hz"]).crossEntropy
    #expect(linear < 1)
    #expect(camera < linear - 0.1, "camera \(camera), linear \(linear)")
  }

  @Test("refuses a pair whose values do not follow from its motion, rather than find it strong")
  func notUnderstood() throws {
    var pair = try Fixture.first.get()
    for cell in pair.values.indices { pair.values[cell] *= Double(cell % 7) + 1 }
    let subject = AdversaryBench.Subject(pair: pair, imitations: [], others: [])
    #expect(AdversaryBench(Fixture.settings()).prepare(subject, training: []).map { _ in true } == nil)
  }
}
