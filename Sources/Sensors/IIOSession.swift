internal import Platform
import Motion

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The time, and waiting for it.
struct SessionClock: Sendable {
  /// Nanoseconds since some instant.
  var now: @Sendable () -> Int64
  /// Blocks the thread for some microseconds.
  var pause: @Sendable (UInt32) -> Void

  /// CLOCK_MONOTONIC.
  static let system = SessionClock(now: { MonotonicClock.now() }, pause: { usleep($0) })
}

/// One use of a context: opens it, chooses devices, sets them up, samples, and puts everything back.
///
/// Blocks the thread that calls it.
struct IIOSession {
  let settings: IIOSettings
  let backend: any IIOBackend
  var clock = SessionClock.system
  /// Told what happens along the way, a sentence each.
  let log: @Sendable (String) -> Void

  /// A context with what is to be sampled in it.
  struct Found {
    var access: any IIOContextAccess
    var xml: [UInt8]
    var context: IIOContext
  }

  /// Told before each step how long it may take, and what has gone wrong if it takes longer.
  typealias Expectation = (Duration, SensorError) -> Void

  /// Samples until it is stopped, the far side has no more, or something fails.
  ///
  /// - Parameters:
  ///   - stop: ends it.
  ///   - expect: told of every step that may hang.
  ///   - began: told what is sampled, before the first scan.
  ///   - deliver: given scans; what it throws ends sampling.
  func sample(
    until stop: StopSignal, expecting expect: Expectation = { _, _ in },
    began: (SamplingSetup) throws(SensorError) -> Void, deliver: (ScanBatch) throws(SensorError) -> Void
  ) throws(SensorError) {
    let deadline = settings.openingTimeout
    expect(deadline, late("start sampling", after: deadline))
    let found = try open()
    guard !stop.isStopped else { return }
    var journal = SettingsJournal()
    var failure: SensorError?
    do throws(SensorError) {
      try sample(found, &journal, until: stop, expecting: expect, began: began, deliver: deliver)
    } catch {
      failure = error
    }
    // What went wrong first is what is told.
    expect(deadline, failure ?? late("put its settings back", after: deadline))
    for failure in journal.restore(in: found.access, patience: isLocal ? 0 : 20, pause: { clock.pause(50_000) }) {
      log("a setting could not be put back: \(SensorError(failure, uri: settings.uri))")
    }
    if let failure { throw failure }
  }

  private func sample(
    _ found: Found, _ journal: inout SettingsJournal, until stop: StopSignal, expecting expect: Expectation,
    began: (SamplingSetup) throws(SensorError) -> Void, deliver: (ScanBatch) throws(SensorError) -> Void
  ) throws(SensorError) {
    let choice = try SensorChoice(in: found.context, settings)
    let plans = try plan(choice, found)
    var devices: [SampledDevice] = []
    for plan in plans {
      try claimBuffer(of: plan.device, &journal, found.access, until: stop)
      guard !stop.isStopped else { return }
      try apply(plan, &journal, found.access)
      let kinds = choice.kinds(of: plan.device)
      devices.append(try SampledDevice(plan, kinds: kinds, uri: settings.uri, in: found.access))
    }
    guard !stop.isStopped else { return }
    try began(SamplingSetup(contextXML: found.xml, devices: devices))
    let loop = SamplingLoop(devices: devices, isLocal: isLocal, uri: settings.uri, log: log)
    func run(doubtsRate: Bool) throws(SensorError) -> SamplingLoop.End {
      try loop.run(found.access, doubtsRate: doubtsRate, until: stop) { stall in
        expect(stall, late("read scans", after: stall))
      } deliver: { (batch) throws(SensorError) in
        try deliver(batch)
      }
    }
    guard case .rateContradicted(let index) = try run(doubtsRate: true), !stop.isStopped else { return }
    log("\(devices[index].device.fileName): its first time stamps are not those of its rate; the rate is set anew")
    expect(settings.openingTimeout, late("set the rate anew", after: settings.openingTimeout))
    try setRateAnew(plans[index], &journal, found.access)
    _ = try run(doubtsRate: false)
  }

  /// The error of a call that has not returned in time. libiio bounds each exchange with the far side, not their number:
  /// one that sends a byte now and then holds a call for ever; and what reads an attribute of this machine's waits as
  /// long as its driver does.
  func late(_ operation: String, after limit: Duration) -> SensorError {
    SensorError(
      kind: isLocal ? .stalled : .unreachable, operation: operation, subject: settings.uri,
      problem: "no end of it within \(limit.text)",
      remedy: isLocal
        ? "a driver or the bus below it hangs: see the kernel's log (dmesg), and power-cycle the sensor"
        : "check the network or cable, and whether iio_info -u \(settings.uri) gets an answer")
  }

  /// Opens the context.
  func open() throws(SensorError) -> Found {
    try settings.check()
    let access = try translated { () throws(IIOFailure) in try backend.open(uri: settings.uri) }
    try translated { () throws(IIOFailure) in try access.setTimeout(milliseconds: settings.timeout.milliseconds) }
    let xml = access.xml
    do throws(CaptureError) {
      return Found(
        access: access, xml: xml, context: try IIOContextParser.parse(xml, file: settings.uri, isStrict: false))
    } catch {
      throw SensorError(
        kind: .unsuitable, operation: "understand the context", subject: settings.uri,
        problem: error.place.isEmpty ? error.problem : "\(error.place): \(error.problem)",
        remedy: "see what iio_info -u \(settings.uri) says; libiio 0.24 to 0.26 is expected")
    }
  }

  /// What is to be set on the chosen devices; nothing is changed.
  func plan(_ choice: SensorChoice, _ found: Found) throws(SensorError) -> [DevicePlan] {
    var plans: [DevicePlan] = []
    for device in choice.devices {
      plans.append(
        try translated { () throws(IIOFailure) in
          try DevicePlan(
            for: device, kinds: choice.kinds(of: device), among: found.context.devices, settings, in: found.access)
        })
    }
    return plans
  }

  var isLocal: Bool { settings.uri == "local:" }

  /// Makes sure that nobody else has the buffer: opening it would end the other's sampling without a word.
  ///
  /// One whose owner cannot be found is taken over: somebody is waiting for this sensor.
  private func claimBuffer(
    of device: IIOContext.Device, _ journal: inout SettingsJournal, _ access: any IIOContextAccess,
    until stop: StopSignal
  ) throws(SensorError) {
    guard isLocal else { return }
    let owner = try translated { () throws(IIOFailure) -> BufferWatch.Owner in
      try self.owner(ofBuffer: device.id, access) { !stop.isStopped }
    }
    guard !stop.isStopped else { return }
    switch owner {
    case .nobody: break
    case .somebody: throw busy(device)
    case .gone, .unknown:
      // Settings cannot change while it is on.
      guard try translated({ () throws(IIOFailure) in try access.switchOffBuffer(of: device.id) }) else {
        throw busy(device)
      }
      log(
        owner == .gone
          ? Self.abandonedText(device)
          : "\(device.fileName) was sampling, and nobody could be found who reads it; its buffer was switched off")
    }
    // libiio sets both when it opens the buffer.
    journal.note(IIOAttribute(device: device.id, buffer: "length"), in: access)
    journal.note(IIOAttribute(device: device.id, buffer: "watermark"), in: access)
  }

  private func busy(_ device: IIOContext.Device) -> SensorError {
    SensorError(IIOFailure(operation: .openBuffer, subject: device.id, code: EBUSY), uri: settings.uri)
  }

  private func apply(
    _ plan: DevicePlan, _ journal: inout SettingsJournal, _ access: any IIOContextAccess
  ) throws(SensorError) {
    for note in plan.notes { log(note) }
    if let trigger = plan.trigger {
      do throws(IIOFailure) {
        try journal.setTrigger(trigger, of: plan.device.id, in: access)
      } catch {
        throw SensorError(error, uri: settings.uri)
      }
    }
    for change in plan.changes {
      do throws(IIOFailure) {
        try journal.set(change.attribute, to: change.value, in: access)
      } catch {
        let translated = SensorError(error, uri: settings.uri)
        if change.isRequired || translated.kind == .unplugged || translated.kind == .unreachable { throw translated }
        log("\(translated); it stays as it is")
      }
    }
  }

  /// Sets the rate by a detour over another one.
  ///
  /// The common time stamp code of InvenSense drivers (`inv_sensors_timestamp`, Linux from "fix odr switching to same
  /// value", May 2024, to "fix multiple odr switch when FIFO is off", October 2024) keeps the last of two rates that
  /// were set while the sensor was off, where the other one was in force before: putting a rate back and setting it
  /// again later makes every second run count time by the wrong rate. A run makes the wrong rate the one in force, and
  /// setting the right one works then.
  private func setRateAnew(
    _ plan: DevicePlan, _ journal: inout SettingsJournal, _ access: any IIOContextAccess
  ) throws(SensorError) {
    for detour in plan.rateDetours {
      do throws(IIOFailure) {
        let value = try access.read(detour.attribute)
        guard value != detour.value else { continue }
        journal.note(detour.attribute, in: access)
        try access.write(detour.value, to: detour.attribute)
        try access.write(value, to: detour.attribute)
      } catch {
        throw SensorError(error, uri: settings.uri)
      }
    }
  }

  /// Runs calls to libiio; their failures become errors for the user.
  func translated<Value>(_ body: () throws(IIOFailure) -> Value) throws(SensorError) -> Value {
    do throws(IIOFailure) { return try body() } catch { throw SensorError(error, uri: settings.uri) }
  }
}

extension SensorChoice {
  /// Which sensors of a device are used: "accel", "anglvel".
  func kinds(of device: IIOContext.Device) -> [String] {
    if second != nil { return device.id == first.id ? ["accel"] : ["anglvel"] }
    return ["accel", "anglvel"].filter { device.hasSensor($0) }
  }
}

extension Duration {
  /// Whole milliseconds, at least 1 for a duration above zero.
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    guard seconds < 1_000_000_000 else { return Int.max }
    return max(self > .zero ? 1 : 0, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
  }

  /// Such as "10 s".
  var text: String { "\(decimalText(Double(milliseconds) / 1000)) s" }
}
