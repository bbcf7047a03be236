import Testing

@testable import Motion

/// The public filter that brings one board's motion nearest to the other's.
@Suite struct MatchingFilterTests {
  private let taps = [0.0, 0.0, -0.05, 0.12, 0.84, 0.14, -0.05, 0.0, 0.0]

  private func series(_ axes: [[Double]]) throws -> StepSeries {
    let count = axes[0].count
    var motion = GriddedMotion(range: 0..<count)
    motion.angularVelocity = WipedSeries((0..<count).map { SIMD3(axes[0][$0], axes[1][$0], axes[2][$0]) })
    motion.invalidAngularVelocity = Array(repeating: [], count: count)
    return StepSeries(motion, kind: .gyroscope, steps: 0..<count, width: 1)
  }

  private func twist(seed: UInt64, count: Int = 130) throws -> StepSeries {
    try series((0..<3).map { autoregression([1.3, -0.6], count: count, seed: seed &+ UInt64($0)) })
  }

  private func blurred(_ s: StepSeries) -> StepSeries {
    var result = s
    for place in s.values.indices {
      guard place >= 4, place + 4 < s.values.count else {
        result.invalid[place] = .all
        continue
      }
      result.values[place] = taps.enumerated().reduce(.zero) { $0 + $1.element * s.values[place + $1.offset - 4] }
    }
    return result
  }

  @Test func whatOneBoardHasLostIsTakenFromTheOther() throws {
    let own = try twist(seed: 1)
    let peer = blurred(own)
    let filter = try #require(
      MatchingFilter.fit(kind: .gyroscope, side: .alice, series: own, target: peer, places: 0..<130))
    for (code, tap) in zip(filter.codes, taps) { #expect(abs(Double(code) * MatchingFilter.quantum - tap) < 0.02) }
    let matched = filter.applied(to: own, of: .alice)
    for place in 4..<126 {
      #expect(matched.invalid[place] == [])
      for axis in 0..<3 { #expect(abs(matched.values[place][axis] - peer.values[place][axis]) < 0.05) }
    }
  }

  @Test func equalBoardsAreLeftAsTheyAre() throws {
    let own = try twist(seed: 2)
    let filter = try #require(
      MatchingFilter.fit(kind: .gyroscope, side: .bob, series: own, target: own, places: 0..<130))
    #expect(filter.codes.enumerated().allSatisfy { abs(Int($1) - ($0 == 4 ? 4096 : 0)) <= 1 })
  }

  @Test func aValueIsThereWhereItAndItsNeighboursWere() throws {
    var own = try twist(seed: 3)
    own.invalid[50] = AxisFlags(axis: 1)
    let filter = try #require(MatchingFilter(kind: .gyroscope, side: .alice, codes: [0, 0, 0, 0, 4096, 0, 0, 0, 0]))
    let matched = filter.applied(to: own, of: .alice)
    for place in 0..<130 {
      let expected: AxisFlags = place < 4 || place > 125 ? .all : (49...51).contains(place) ? AxisFlags(axis: 1) : []
      #expect(matched.invalid[place] == expected, "\(place)")
    }
  }

  @Test func theOtherBoardDoesWithoutTheSameValues() throws {
    var own = try twist(seed: 3)
    own.invalid[50] = AxisFlags(axis: 1)
    let filter = try #require(MatchingFilter(kind: .gyroscope, side: .bob, codes: [0, 0, 500, 0, 3000, 0, 500, 0, 0]))
    let unfiltered = filter.applied(to: own, of: .alice)
    let filtered = filter.applied(to: own, of: .bob)
    #expect(unfiltered.invalid == filtered.invalid)
    for place in 4..<126 {
      #expect(unfiltered.values[place] == own.values[place])
      #expect(filtered.values[place] != own.values[place])
    }
  }

  @Test func clippedValuesDoNotEnterTheFit() throws {
    let own = try twist(seed: 4)
    var peer = blurred(own)
    for place in stride(from: 20, to: 120, by: 17) {
      peer.values[place] = SIMD3(repeating: 50)
      peer.invalid[place] = .all
    }
    let filter = try #require(
      MatchingFilter.fit(kind: .gyroscope, side: .alice, series: own, target: peer, places: 0..<130))
    for (code, tap) in zip(filter.codes, taps) { #expect(abs(Double(code) * MatchingFilter.quantum - tap) < 0.02) }
  }

  @Test func tooLittleMotionMakesNoFilter() throws {
    #expect(
      MatchingFilter.fit(
        kind: .gyroscope, side: .alice, series: try twist(seed: 5, count: 20), target: try twist(seed: 5, count: 20),
        places: 0..<20)
        == nil)
    let still = try series(Array(repeating: Array(repeating: 0, count: 130), count: 3))
    #expect(MatchingFilter.fit(kind: .gyroscope, side: .alice, series: still, target: still, places: 0..<130) == nil)
  }

  @Test func nineTapsAreNeeded() {
    #expect(MatchingFilter(kind: .gyroscope, side: .alice, codes: [1, 2, 3]) == nil)
    #expect(MatchingFilter(kind: .gyroscope, side: .alice, codes: Array(repeating: 0, count: 7)) == nil)
  }
}
