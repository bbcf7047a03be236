import Testing

@testable import Pairing

@Suite("The clock that follows residuals")
struct ResidualClockTests {
  /// What a second says whose values are late by `late` seconds.
  private func evidence(late: Double, clock: ResidualClock, slopes: [Double]) -> ResidualClock.Evidence {
    var evidence = ResidualClock.Evidence()
    for slope in slopes { evidence.add(residual: (late - clock.shift) * slope, slope: slope) }
    return evidence
  }

  @Test("finds a constant lag and follows one that drifts")
  func follows() {
    var clock = ResidualClock()
    let slopes = (0..<300).map { 60 * Double($0 % 7 - 3) }
    clock.learn(evidence(late: 0.0004, clock: clock, slopes: slopes))
    #expect(abs(clock.shift - 0.0004) < 0.00001)
    for second in 1...20 {
      let late = 0.0004 + 5e-5 * Double(second)
      clock.learn(evidence(late: late, clock: clock, slopes: slopes))
      #expect(abs(clock.shift - late) < 0.00005)
    }
  }

  @Test("a few flat values move it little, and none not at all")
  func held() {
    var clock = ResidualClock()
    clock.learn(ResidualClock.Evidence())
    #expect(clock.shift == 0)
    var little = ResidualClock.Evidence()
    little.add(residual: 0.3, slope: 1)
    little.add(residual: .nan, slope: 1)
    little.add(residual: 0.3, slope: .infinity)
    clock.learn(little)
    #expect(abs(clock.shift) < 0.00002)
  }

  @Test("a peer that chooses its positions to lead it astray gets no further than ten milliseconds")
  func limited() {
    var clock = ResidualClock()
    for _ in 0..<50 {
      clock.learn(evidence(late: clock.shift + 5, clock: clock, slopes: [1000, 1000]))
      #expect(abs(clock.shift) <= 0.01)
    }
  }
}
