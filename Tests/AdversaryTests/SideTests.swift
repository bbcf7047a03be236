import Motion
import Testing

@testable import Adversary

@Suite("What is known of a motion from elsewhere")
struct SideTests {
  @Test("a camera's low-pass passes what is slower, stops what is faster, and delays nothing")
  func lowPass() {
    func rms(_ series: some Collection<Double>) -> Double {
      (series.reduce(0) { $0 + $1 * $1 } / Double(series.count)).squareRoot()
    }
    func wave(_ frequency: Double) -> [Double] { (0..<600).map { sine(2 * Double.pi * frequency * Double($0)) } }
    let slow = wave(0.03)
    let seen = CameraModel.lowPass(slow, cutoff: 0.08)
    #expect(rms(zip(slow, seen).map { $0 - $1 }[100..<500]) < 0.01)
    #expect(rms(CameraModel.lowPass(wave(0.15), cutoff: 0.08)[100..<500]) < 0.01)
    #expect(CameraModel.lowPass(slow, cutoff: 0.5) == slow && CameraModel.lowPass([], cutoff: 0.1).isEmpty)
  }

  @Test("a camera sees as much as its correlation says, and as late as its delay")
  func camera() throws {
    let table = try AttackTests.table(seed: 4)
    func seen(_ camera: CameraModel) -> [Double] {
      var random = SimulatorRandom(seed: 1, stream: 1)
      let series = camera.series(of: table, spacing: 0.015, random: &random)
      // The first channel at the moment itself: the seventh of nine times, channels running faster.
      return (0..<table.steps).map { series.values[$0 * series.width + 6 * 3] }
    }
    let perfect = seen(CameraModel(cutoff: 5))
    let slow = CameraModel.lowPass(table.filled(0), cutoff: 5 * 0.015)
    func correlation(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double {
      let (x, y, z) = zip(a, b).reduce((0.0, 0.0, 0.0)) { ($0.0 + $1.0 * $1.0, $0.1 + $1.1 * $1.1, $0.2 + $1.0 * $1.1) }
      return z / (x * y).squareRoot()
    }
    #expect(correlation(perfect, slow) > 0.9999)
    #expect(abs(correlation(seen(CameraModel(cutoff: 5, correlation: 0.8)), slow) - 0.8) < 0.05)
    let late = seen(CameraModel(cutoff: 5, delay: 0.15))
    #expect(correlation(late.dropFirst(10), slow.dropLast(10)) > 0.9999)
    #expect(correlation(late, slow) < 0.9)
  }

  @Test("a donor is found at its shift and turned; a sensor on the same body is told from an imitator")
  func donor() throws {
    let pair = try Fixture.first.get()
    let table = try #require(MotionTable(pair))
    // Bob's recording, whose board is mounted another way round and whose clock is another.
    let bob = try #require(Donor(name: "bob", recording: try Fixture.recordings(seed: 1).bob))
    let same = try #require(bob.fit(to: table, spacing: pair.spacing))
    #expect(same.rotationQuality > 0.97 && same.series.allSatisfy { $0.count == table.steps })
    let mimic = try #require(Donor(name: "mimic", recording: try Fixture.recordings(seed: 1, .mimic).bob))
    let imitated = try #require(mimic.fit(to: table, spacing: pair.spacing))
    #expect(imitated.rotationQuality < Donor.Fit.sameBody && imitated.rotationQuality > 0.05)
    let stranger = try #require(try Fixture.second.get().donor?.fit(to: table, spacing: pair.spacing))
    #expect(stranger.quality < imitated.quality)
    #expect(AdversaryBench.isSameMotion(pair, pair))
    #expect(!AdversaryBench.isSameMotion(pair, try Fixture.second.get()))
    #expect(Donor(name: "nothing", recording: Recording(timestamps: [])) == nil)
  }
}
