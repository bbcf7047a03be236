import Platform
import Testing

@testable import Controls

/// Serialised, because one test puts off every light of the process.
@Suite("The status light", .serialized, .timeLimit(.minutes(1))) struct StatusLightTests {
  /// A light that records what is done to it.
  private final class FakeLight: LightOutput {
    enum Action: Sendable, Equatable {
      case set(Bool)
      case restore
    }

    private let state = Locked((actions: [Action](), error: ControlsError?.none))
    let changes = AsyncStream<Action>.makeStream()

    var actions: [Action] { state.withLock { $0.actions } }
    func fail(_ error: ControlsError?) { state.withLock { $0.error = error } }

    func set(_ isOn: Bool) throws(ControlsError) {
      if let error = state.withLock({ $0.error }) { throw error }
      record(.set(isOn))
    }

    func restore() throws(ControlsError) { record(.restore) }

    private func record(_ action: Action) {
      state.withLock { $0.actions.append(action) }
      changes.continuation.yield(action)
    }
  }

  private static let failure = ControlsError.led(operation: "writing 1", path: "brightness", SystemErrno(code: 5))

  /// The work of a light's thread on a pattern shown since time 0.
  private func work(
    _ shown: Locked<ShownPattern>, _ light: FakeLight, onFailure: @escaping (ControlsError) -> Void = { _ in }
  ) -> LightWork {
    LightWork(shown: { shown.withLock { $0 } }, gate: LightGate(light), onFailure: onFailure)
  }

  @Test("The light is set when it changes and only then, and sleeps until it does")
  func driving() {
    let light = FakeLight()
    let shown = Locked(ShownPattern(pattern: .off, since: 0))
    var work = work(shown, light)
    #expect(work.proceed(.started, now: 5) == .wait(until: nil))
    #expect(light.actions.isEmpty)
    shown.withLock { $0 = ShownPattern(pattern: .windowOpen, since: 1000) }
    #expect(work.proceed(.woken, now: 1000) == .wait(until: 500_001_000))
    #expect(work.proceed(.woken, now: 2000) == .wait(until: 500_001_000))
    #expect(work.proceed(.deadline, now: 500_001_300) == .wait(until: 1_000_001_000))
    shown.withLock { $0 = ShownPattern(pattern: .paired, since: 600_000_000) }
    #expect(work.proceed(.woken, now: 600_000_000) == .wait(until: 5_600_000_000))
    #expect(work.proceed(.deadline, now: 5_600_000_000) == .wait(until: nil))
    #expect(light.actions == [.set(true), .set(false), .set(true), .set(false)])
    work.end()
    #expect(light.actions.last == .restore)
  }

  @Test("A failure is reported once, and tried again at the next change until the light works")
  func failing() {
    let light = FakeLight()
    let shown = Locked(ShownPattern(pattern: .windowOpen, since: 0))
    var failures: [ControlsError] = []
    var work = work(shown, light) { failures.append($0) }
    light.fail(Self.failure)
    #expect(work.proceed(.started, now: 0) == .wait(until: 500_000_000))
    _ = work.proceed(.deadline, now: 500_000_000)
    #expect(failures == [Self.failure])
    light.fail(nil)
    _ = work.proceed(.deadline, now: 1_000_000_000)
    light.fail(Self.failure)
    _ = work.proceed(.deadline, now: 1_500_000_000)
    #expect(failures == [Self.failure, Self.failure])
    #expect(light.actions == [.set(true)])
  }

  @Test("Shown, changed and closed: the thread follows, and the light ends restored")
  func thread() async throws {
    let light = FakeLight()
    let status = try StatusLight(output: light, place: "test") { Issue.record("\($0)") }
    var changes = light.changes.stream.makeAsyncIterator()
    status.show(.paired)
    #expect(await changes.next() == .set(true))
    status.show(.off)
    #expect(await changes.next() == .set(false))
    status.show(.aborted)
    for _ in 0..<3 {
      #expect(await changes.next() == .set(true))
      #expect(await changes.next() == .set(false))
    }
    status.show(.windowOpen)
    #expect(await changes.next() == .set(true))
    status.close()
    #expect(light.actions.last == .restore)
    let count = light.actions.count
    status.show(.paired)
    status.close()
    #expect(light.actions.count == count)
  }

  @Test("A light that is dropped is put off")
  func dropped() throws {
    let light = FakeLight()
    do { _ = try StatusLight(output: light, place: "test") { Issue.record("\($0)") } }
    #expect(light.actions == [.restore])
  }

  @Test("What runs at the end of the process puts every light off, for good")
  func exit() async throws {
    let light = FakeLight()
    let status = try StatusLight(output: light, place: "test") { Issue.record("\($0)") }
    var changes = light.changes.stream.makeAsyncIterator()
    status.show(.paired)
    #expect(await changes.next() == .set(true))
    LightsAtExit.closeAll()
    status.show(.windowOpen)
    status.close()
    #expect(light.actions == [.set(true), .restore])
  }

  @Test("A GPIO light is requested as an output, off, and set and put off by its line; its errors name the line")
  func gpio() throws {
    let library = FakeGPIO(["/dev/gpiochip0": FakeGPIO.Chip(label: "pinctrl-rp1", names: ["GPIO27"])])
    let output = try GPIOLightOutput(GPIOLineReference(line: "GPIO27"), isActiveLow: true, library: library)
    #expect(
      library.requests == [
        FakeGPIO.Request(
          path: "/dev/gpiochip0", offset: 0,
          settings: LineSettings(direction: .output(isActive: false), isActiveLow: true), consumer: "tacc-light")
      ])
    #expect(output.line.text == "line 0 (GPIO27) of /dev/gpiochip0 [pinctrl-rp1]")
    try output.set(true)
    try output.restore()
    let line = try #require(library.line)
    #expect(line.levels == [true, false])
    line.fail(SystemErrno(code: 5))
    #expect(
      throws: ControlsError.gpio(
        operation: "setting the level", line: "line 0 (GPIO27)", chip: "/dev/gpiochip0 [pinctrl-rp1]",
        SystemErrno(code: 5))
    ) { try output.set(true) }
    line.fail(.noDevice)
    #expect(throws: ControlsError.chipGone(line: "line 0 (GPIO27)", chip: "/dev/gpiochip0 [pinctrl-rp1]")) {
      try output.set(true)
    }
  }
}
