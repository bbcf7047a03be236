/// What a status light tells.
public enum LightPattern: Sendable, Hashable {
  /// Waiting: off.
  case off
  /// The window is open: once a second, half on.
  case windowOpen
  /// Shaking: four times a second, the longer on the further it is, from a tenth of the time (0) to nine tenths (1).
  case shaking(progress: Double)
  /// Paired: on for 5 s, then off.
  case paired
  /// Aborted: three short blinks, then off.
  case aborted

  /// A light at some time.
  public struct State: Sendable, Hashable {
    /// Whether the light is on.
    public var isOn: Bool
    /// The elapsed time at which that may change, nanoseconds; `nil` if it never does.
    public var nextChange: Int64?
  }

  /// The light when the pattern has been shown for some time.
  ///
  /// - Parameter elapsed: nanoseconds; what is negative counts as 0.
  public func state(afterNanoseconds elapsed: Int64) -> State {
    let elapsed = max(0, elapsed)
    switch self {
    case .off: return State(isOn: false, nextChange: nil)
    case .windowOpen: return Self.blink(elapsed, on: 500 * Self.millisecond, period: 1000 * Self.millisecond)
    case .shaking(let progress):
      return Self.blink(elapsed, on: Self.onTime(progress: progress), period: 250 * Self.millisecond)
    case .paired:
      let end = 5000 * Self.millisecond
      return elapsed < end ? State(isOn: true, nextChange: end) : State(isOn: false, nextChange: nil)
    case .aborted:
      guard elapsed < 750 * Self.millisecond else { return State(isOn: false, nextChange: nil) }
      return Self.blink(elapsed, on: 150 * Self.millisecond, period: 300 * Self.millisecond)
    }
  }

  /// The pattern as far as one can see it: progress in twentieths, so that small steps do not wake the light.
  var visible: LightPattern {
    guard case .shaking(let progress) = self else { return self }
    return .shaking(progress: (Self.clamped(progress) * 20).rounded(.down) / 20)
  }

  /// Whether showing it after `other` goes on with the same rhythm rather than begin anew.
  func continues(_ other: LightPattern) -> Bool {
    switch (self, other) {
    case (.off, .off), (.windowOpen, .windowOpen), (.shaking, .shaking): true
    default: false
    }
  }

  private static let millisecond: Int64 = 1_000_000

  private static func onTime(progress: Double) -> Int64 {
    (25 + Int64((200 * clamped(progress)).rounded())) * millisecond
  }

  /// What is no number counts as no progress.
  private static func clamped(_ progress: Double) -> Double { progress > 0 ? min(progress, 1) : 0 }

  private static func blink(_ elapsed: Int64, on: Int64, period: Int64) -> State {
    let phase = elapsed % period
    let isOn = phase < on
    let (next, overflow) = elapsed.addingReportingOverflow((isOn ? on : period) - phase)
    return State(isOn: isOn, nextChange: overflow ? nil : next)
  }
}
