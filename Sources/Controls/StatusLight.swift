internal import Platform

/// The light that tells what the board is doing.
///
/// A thread drives it, which sleeps until the light must change: while it is off, for ever. The light goes off with
/// ``close()``, with the last reference, and when the process returns from `main` or calls `exit`; a process that is
/// killed leaves it as it is.
public final class StatusLight: Sendable {
  /// Where the light is, for a log: such as `line 27 (GPIO27) of /dev/gpiochip0 [pinctrl-rp1]`, or a path in /sys.
  public let place: String
  private let shown: Locked<ShownPattern>
  private let gate: LightGate
  private let thread: PollThread
  private let exitNumber: Int

  /// An LED on a GPIO line.
  ///
  /// - Parameters:
  ///   - line: the line, which is requested as an output, off.
  ///   - isActiveLow: whether a low voltage lights the LED.
  ///   - onFailure: called on the light's thread when the light could not be set; again only after it could be set.
  public convenience init(
    line: GPIOLineReference, isActiveLow: Bool = false, onFailure: @escaping @Sendable (ControlsError) -> Void
  ) throws(ControlsError) {
    let output = try GPIOLightOutput(line, isActiveLow: isActiveLow, library: LibGPIOD())
    try self.init(output: output, place: output.line.text, onFailure: onFailure)
  }

  /// An LED of the kernel, whose trigger is put aside until the light is closed.
  ///
  /// - Parameters:
  ///   - name: of a directory in /sys/class/leds, such as `ACT`.
  ///   - onFailure: called on the light's thread when the light could not be set; again only after it could be set.
  public convenience init(
    led name: String, onFailure: @escaping @Sendable (ControlsError) -> Void
  ) throws(ControlsError) {
    let output = try ClassLEDOutput(name: name)
    try self.init(output: output, place: output.path, onFailure: onFailure)
  }

  init(
    output: any LightOutput, place: String, onFailure: @escaping @Sendable (ControlsError) -> Void
  ) throws(ControlsError) {
    let shown = Locked(ShownPattern(pattern: .off, since: 0))
    let gate = LightGate(output)
    do {
      thread = try PollThread(name: "tacc-light") {
        LightWork(shown: { shown.withLock { $0 } }, gate: gate, onFailure: onFailure)
      }
    } catch { throw .resourcesExhausted(error) }
    self.place = place
    self.shown = shown
    self.gate = gate
    exitNumber = LightsAtExit.add(gate)
  }

  deinit { close() }

  /// Shows a pattern from now on. What is shown already goes on in its rhythm; ``LightPattern/paired`` and
  /// ``LightPattern/aborted`` begin anew.
  public func show(_ pattern: LightPattern) {
    let pattern = pattern.visible
    let changed = shown.withLock { shown in
      guard !pattern.continues(shown.pattern) || pattern != shown.pattern else { return false }
      let since = pattern.continues(shown.pattern) ? shown.since : MonotonicClock.now()
      shown = ShownPattern(pattern: pattern, since: since)
      return true
    }
    if changed { thread.wake() }
  }

  /// Ends the light, off. Returns when it is.
  public func close() {
    thread.stop()
    gate.close()
    LightsAtExit.remove(exitNumber)
  }
}

/// What is shown, and since when (CLOCK_MONOTONIC, nanoseconds).
struct ShownPattern: Sendable, Hashable {
  var pattern: LightPattern
  var since: Int64
}

/// The work of the light's thread.
struct LightWork: PollWork {
  let shown: () -> ShownPattern
  let gate: LightGate
  let onFailure: (ControlsError) -> Void
  /// What was set last, `nil` if that failed. The light was off when it was opened.
  private var isOn: Bool? = false
  private var hasFailed = false

  init(shown: @escaping () -> ShownPattern, gate: LightGate, onFailure: @escaping (ControlsError) -> Void) {
    self.shown = shown
    self.gate = gate
    self.onFailure = onFailure
  }

  var watchedDescriptor: Int32? { nil }

  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
    let shown = shown()
    let state = shown.pattern.state(afterNanoseconds: now &- shown.since)
    if state.isOn != isOn { set(state.isOn) }
    return .wait(until: state.nextChange.map { shown.since &+ $0 })
  }

  mutating func end() { gate.close() }

  private mutating func set(_ isOn: Bool) {
    do throws(ControlsError) {
      try gate.set(isOn)
      self.isOn = isOn
      hasFailed = false
    } catch {
      self.isOn = nil
      if !hasFailed { onFailure(error) }
      hasFailed = true
    }
  }
}
