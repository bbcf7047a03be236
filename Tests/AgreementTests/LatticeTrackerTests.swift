import Testing

@testable import Agreement

@Suite("Following a peer on its lattice")
struct LatticeTrackerTests {
  /// Two boards: smooth motion, and a difference that is as smooth, three cells wide.
  struct Boards {
    let quantiser: OffsetQuantiser
    let model: LatticeTracker.Model
    var alice: [Double] = []
    var bob: [Double] = []

    var positions: [UInt8] { alice.map { quantiser.position(of: $0) ?? 16 } }

    init(seed: UInt64, steps: Int = 600, swell: Double = 1) throws {
      var generator = SeededGenerator(seed: seed)
      let weights = SIMD2(1.7, -0.8)
      // Of this process the deviation is 4.1 times the innovation.
      model = LatticeTracker.Model(weights: weights, innovation: 0.1, deviation: 0.41)
      quantiser = try #require(OffsetQuantiser(step: 0.9, bits: 2))
      var motion = SIMD2(0.0, 0.0)
      var difference = SIMD2(0.0, 0.0)
      for step in 0..<steps {
        let growth = step < steps / 2 ? 1 : swell
        motion = SIMD2(1.6 * motion[0] - 0.75 * motion[1] + 2 * generator.normal(), motion[0])
        difference = SIMD2(
          1.7 * difference[0] - 0.8 * difference[1] + 0.1 * growth * generator.normal(), difference[0])
        alice.append(motion[0])
        bob.append(motion[0] - difference[0])
      }
    }

    /// Reads all in portions of 100; the share accepted, and how many of those in a wrong cell.
    func read(_ values: [Double]) -> (accepted: Double, wrong: Int) {
      var tracker = LatticeTracker(quantiser: quantiser, model: model)
      var accepted = 0
      var wrong = 0
      var read = 0
      for start in stride(from: 0, to: values.count, by: 100) {
        let range = start..<min(start + 100, values.count)
        let readings = tracker.read(values[range], positions: Array(positions[range]))
        for (place, reading) in zip(range, readings) {
          guard let reading else { continue }
          read += 1
          guard reading.isAccepted else { continue }
          accepted += 1
          let found = values[place] + reading.foretold * quantiser.step
          let cell = quantiser.nearest(to: found, position: positions[place])?.cell
          if cell != quantiser.nearest(to: alice[place], position: positions[place])?.cell { wrong += 1 }
        }
      }
      return (Double(accepted) / Double(max(1, read)), wrong)
    }
  }

  @Test("a smooth difference is followed though it is wider than a cell", arguments: 1...8 as ClosedRange<UInt64>)
  func follows(seed: UInt64) throws {
    let boards = try Boards(seed: seed)
    let off = zip(boards.alice, boards.bob).count { abs($0 - $1) > 0.5 * boards.quantiser.step }
    let (accepted, wrong) = boards.read(boards.bob)
    #expect(off > 60, "the difference is to be wider than a cell now and then")
    #expect(accepted > 0.97 && wrong == 0, "\(accepted), \(wrong)")
  }

  @Test("a difference that swells by a third costs acceptances, hardly errors", arguments: 1...8 as ClosedRange<UInt64>)
  func swells(seed: UInt64) throws {
    let boards = try Boards(seed: seed, swell: 1.33)
    let (accepted, wrong) = boards.read(boards.bob)
    #expect(wrong <= 3, "\(accepted), \(wrong)")
  }

  @Test("missing values have no reading, and the hold is not lost over them")
  func gaps() throws {
    let boards = try Boards(seed: 9)
    var bob = boards.bob
    for start in stride(from: 40, to: bob.count, by: 50) { for step in start..<(start + 2) { bob[step] = .nan } }
    let (accepted, wrong) = boards.read(bob)
    #expect(accepted > 0.9 && wrong <= 1, "\(accepted), \(wrong)")
    var tracker = LatticeTracker(quantiser: boards.quantiser, model: boards.model)
    let readings = tracker.read([0, .nan, 0, .infinity, 1e300], positions: [1, 2, 16, 4, 5])
    #expect(readings.map { $0 != nil } == [true, false, false, false, false])
  }

  @Test("motion of another hand is not accepted", arguments: 1...8 as ClosedRange<UInt64>)
  func strangers(seed: UInt64) throws {
    let boards = try Boards(seed: seed)
    let other = try Boards(seed: seed + 100)
    #expect(boards.read(other.alice).accepted < 0.8)
  }

  @Test("no model and no values make it stumble")
  func extremes() throws {
    let quantiser = try #require(OffsetQuantiser(step: 1, bits: 4))
    for weights in [SIMD2(.nan, 0), SIMD2(1e300, -1e300), SIMD2(2.5, 1.5), SIMD2(.infinity, 0)] {
      for innovation in [1e-300, 1, 1e300] {
        let model = LatticeTracker.Model(weights: weights, innovation: innovation, deviation: 1)
        #expect(abs(model.weights[1]) < 1 && abs(model.weights[0]) < 1 - model.weights[1])
        var tracker = LatticeTracker(quantiser: quantiser, model: model)
        for _ in 0..<3 {
          let readings = tracker.read([0, 9e8, -9e8, .nan, 3], positions: [0, 15, 7, 3, 200])
          #expect(readings.count == 5)
        }
      }
    }
    var tracker = LatticeTracker(
      quantiser: quantiser, model: LatticeTracker.Model(weights: .zero, innovation: 1, deviation: 1))
    #expect(tracker.read([Double](), positions: []).isEmpty)
  }
}
