import Testing

@testable import Controls

/// Milliseconds, in nanoseconds.
private func ms(_ count: Int64) -> Int64 { count * 1_000_000 }

@Suite("Patterns of the status light") struct LightPatternTests {
  /// A change of the light, and when: milliseconds.
  private struct Change: Equatable {
    var at: Int64
    var isOn: Bool
  }

  private func on(_ milliseconds: Int64) -> Change { Change(at: milliseconds, isOn: true) }
  private func off(_ milliseconds: Int64) -> Change { Change(at: milliseconds, isOn: false) }

  /// The changes that a thread that sleeps from change to change sees, up to a time in milliseconds.
  private func changes(_ pattern: LightPattern, until end: Int64 = 1_000_000) -> [Change] {
    var changes: [Change] = []
    var time: Int64? = 0
    var last = false
    while let now = time, now <= ms(end) {
      let state = pattern.state(afterNanoseconds: now)
      if state.isOn != last { changes.append(Change(at: now / 1_000_000, isOn: state.isOn)) }
      last = state.isOn
      if let next = state.nextChange { #expect(next > now) }
      time = state.nextChange
    }
    return changes
  }

  @Test("Off is off, and needs no timer")
  func dark() {
    #expect(LightPattern.off.state(afterNanoseconds: 0) == LightPattern.State(isOn: false, nextChange: nil))
  }

  @Test("An open window blinks once a second, half on")
  func windowOpen() {
    #expect(changes(.windowOpen, until: 2600) == [on(0), off(500), on(1000), off(1500), on(2000), off(2500)])
  }

  @Test(
    "Shaking blinks four times a second, the longer on the further it is",
    arguments: zip([0, 0.5, 1, -3, 7, .nan, .infinity] as [Double], [25, 125, 225, 25, 225, 25, 225] as [Int64]))
  func shaking(progress: Double, lit: Int64) {
    #expect(
      changes(.shaking(progress: progress), until: 510) == [on(0), off(lit), on(250), off(250 + lit), on(500)])
  }

  @Test("Paired is on for five seconds, then off without a timer")
  func paired() {
    #expect(changes(.paired) == [on(0), off(5000)])
    #expect(LightPattern.paired.state(afterNanoseconds: ms(5000)).nextChange == nil)
  }

  @Test("Aborted is three short blinks, then off without a timer")
  func aborted() {
    #expect(changes(.aborted) == [on(0), off(150), on(300), off(450), on(600), off(750)])
    #expect(LightPattern.aborted.state(afterNanoseconds: ms(750)).nextChange == nil)
  }

  @Test("No time traps", arguments: [.min, -1, .max, .max - 1] as [Int64])
  func absurdTimes(elapsed: Int64) {
    for pattern in [LightPattern.off, .windowOpen, .shaking(progress: 0.3), .paired, .aborted] {
      if let next = pattern.state(afterNanoseconds: elapsed).nextChange { #expect(next > elapsed) }
    }
  }

  @Test("Progress is shown in twentieths, and its rhythm goes on; other patterns begin anew")
  func continuing() {
    #expect(LightPattern.shaking(progress: 0.51).visible == LightPattern.shaking(progress: 0.54).visible)
    #expect(LightPattern.shaking(progress: 0.51).visible != LightPattern.shaking(progress: 0.56).visible)
    #expect(LightPattern.shaking(progress: .nan).visible == .shaking(progress: 0))
    #expect(LightPattern.shaking(progress: 0.9).continues(.shaking(progress: 0.1)))
    #expect(LightPattern.windowOpen.continues(.windowOpen))
    #expect(!LightPattern.paired.continues(.paired))
    #expect(!LightPattern.windowOpen.continues(.shaking(progress: 0)))
  }
}
