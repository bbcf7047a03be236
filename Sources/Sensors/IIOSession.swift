import Motion

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// One use of a context: opens it, chooses devices, sets them up, samples, and puts everything back.
///
/// Blocks the thread that calls it.
struct IIOSession {
  let settings: IIOSettings
  let backend: any IIOBackend
  /// Told what happens along the way, a sentence each.
  let log: @Sendable (String) -> Void

  /// A context with what is to be sampled in it.
  struct Found {
    var access: any IIOContextAccess
    var xml: [UInt8]
    var context: IIOContext
  }

  /// Samples until it is stopped, the far side has no more, or something fails.
  ///
  /// - Parameters:
  ///   - stop: ends it.
  ///   - began: told what is sampled, before the first scan.
  ///   - deliver: given scans; what it throws ends sampling.
  func sample(
    until stop: StopSignal, began: (SamplingSetup) throws(SensorError) -> Void,
    deliver: (ScanBatch) throws(SensorError) -> Void
  ) throws(SensorError) {
    let found = try open()
    guard !stop.isStopped else { return }
    let choice = try SensorChoice(in: found.context, settings)
    let plans = try plan(choice, found)
    var journal = SettingsJournal()
    defer {
      for failure in journal.restore(in: found.access, patience: isLocal ? 0 : 20, pause: { usleep(50_000) }) {
        log("a setting could not be put back: \(SensorError(failure, uri: settings.uri))")
      }
    }
    var devices: [SampledDevice] = []
    for plan in plans {
      try claimBuffer(of: plan.device, &journal, found.access)
      try apply(plan, &journal, found.access)
      let kinds = choice.kinds(of: plan.device)
      devices.append(try SampledDevice(plan, kinds: kinds, uri: settings.uri, in: found.access))
    }
    guard !stop.isStopped else { return }
    try began(SamplingSetup(contextXML: found.xml, devices: devices))
    let loop = SamplingLoop(devices: devices, isLocal: isLocal, uri: settings.uri, log: log)
    guard
      case .rateContradicted(let index) = try loop.run(found.access, doubtsRate: true, until: stop, deliver),
      !stop.isStopped
    else { return }
    log("\(devices[index].device.fileName): its first time stamps are not those of its rate; the rate is set anew")
    try setRateAnew(plans[index], &journal, found.access)
    _ = try loop.run(found.access, doubtsRate: false, until: stop, deliver)
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

  private var isLocal: Bool { settings.uri == "local:" }

  /// Makes sure that nobody else has the buffer: opening it would end the other's sampling without a word.
  private func claimBuffer(
    of device: IIOContext.Device, _ journal: inout SettingsJournal, _ access: any IIOContextAccess
  ) throws(SensorError) {
    switch try translated({ () throws(IIOFailure) in try access.bufferState(of: device.id) }) {
    case .free, .remote: break
    case .inUse:
      throw SensorError(IIOFailure(operation: .openBuffer, subject: device.id, code: EBUSY), uri: settings.uri)
    case .abandoned:
      // Settings cannot change while it is on.
      log("\(device.fileName) was left sampling by a process that is gone; it is switched off first")
      let enable = IIOAttribute(device: device.id, buffer: "enable")
      try translated { () throws(IIOFailure) in try access.write("0", to: enable) }
    }
    if isLocal {
      // libiio sets both when it opens the buffer.
      journal.note(IIOAttribute(device: device.id, buffer: "length"), in: access)
      journal.note(IIOAttribute(device: device.id, buffer: "watermark"), in: access)
    }
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
}
