import Motion

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What is to be set on a device, found out by reading alone.
struct DevicePlan: Sendable, Hashable {
  /// A setting.
  struct Change: Sendable, Hashable {
    var attribute: IIOAttribute
    /// The text to write.
    var value: String
    /// Whether sampling makes no sense without it, so that a refusal is an error rather than a note.
    var isRequired: Bool
  }

  /// The device.
  var device: IIOContext.Device
  /// What to set, in this order.
  var changes: [Change] = []
  /// The trigger to give it, where it has none and there is one of its own.
  var trigger: String?
  /// The rate it will have, Hz.
  var rate: Double?
  /// Full scale of the accelerometer, ± m/s².
  var accelerationRange: Double?
  /// Full scale of the gyroscope, ± rad/s.
  var angularVelocityRange: Double?
  /// What the user should know.
  var notes: [String] = []

  /// Where the rate is found, to be read again once it is set.
  var rateAttributes: [IIOAttribute] = []
  /// Other values that the rate can have.
  var rateDetours: [Detour] = []

  /// Another value of an attribute than the one it is to have.
  struct Detour: Sendable, Hashable {
    var attribute: IIOAttribute
    var value: String
  }

  /// Plans the settings of a device.
  ///
  /// - Parameters:
  ///   - device: the device.
  ///   - kinds: which of its sensors are used: "accel", "anglvel".
  ///   - devices: all of the context, for triggers.
  ///   - settings: what is wanted.
  ///   - context: to read from.
  init(
    for device: IIOContext.Device, kinds: [String], among devices: [IIOContext.Device], _ settings: IIOSettings,
    in context: any IIOContextAccess
  ) throws(IIOFailure) {
    self.device = device
    try planTrigger(among: devices, in: context)
    try planClock(in: context)
    try planRate(kinds, settings, among: devices, in: context)
    for kind in kinds { try planRange(of: kind, settings, in: context) }
    planLowPass(kinds, settings, in: context)
  }

  private mutating func planTrigger(
    among devices: [IIOContext.Device], in context: any IIOContextAccess
  ) throws(IIOFailure) {
    guard try context.trigger(of: device.id) == .none else { return }
    // Drivers name a device's own trigger after it and its number: "mpu6050-dev0", "bmi160-trigger".
    let triggers = devices.filter { $0.isTrigger }.sorted { $0.number < $1.number }
    guard let name = device.name else { return }
    let own =
      triggers.first { $0.name == "\(name)-dev\(device.number)" }
      ?? triggers.first { trigger in
        // "-devN" with another number is that of a sister.
        trigger.name.map { $0.hasPrefix("\(name)-") && !$0.hasPrefix("\(name)-dev") } == true
      }
    trigger = own?.id
  }

  private mutating func planClock(in context: any IIOContextAccess) throws(IIOFailure) {
    let name = "current_timestamp_clock"
    guard device.attributeNames.contains(name) else {
      notes.append(
        "\(device.fileName) does not let its clock be chosen; its time stamps are taken as they are, and setting the "
          + "time of day while it samples would spoil them")
      return
    }
    let attribute = IIOAttribute(device: device.id, name: name)
    guard let current = try value(of: attribute, in: context) else {
      notes.append("\(device.fileName) does not tell its time stamp clock; its time stamps are taken as they are")
      return
    }
    if current != "monotonic" {
      changes.append(Change(attribute: attribute, value: "monotonic", isRequired: true))
    }
  }

  private mutating func planRate(
    _ kinds: [String], _ settings: IIOSettings, among devices: [IIOContext.Device], in context: any IIOContextAccess
  ) throws(IIOFailure) {
    let name = "sampling_frequency"
    var places = attributes(name, of: kinds)
    if device.attributeNames.contains(name) { places = [IIOAttribute(device: device.id, name: name)] }
    if places.isEmpty {
      // A device that is triggered by a timer has its rate there.
      var triggerID = trigger
      if triggerID == nil, case .device(let current) = try context.trigger(of: device.id) { triggerID = current }
      if let timer = devices.first(where: { $0.id == triggerID && $0.attributeNames.contains(name) }) {
        places = [IIOAttribute(device: timer.id, name: name)]
      }
    }
    rateAttributes = places
    guard !places.isEmpty else {
      notes.append("\(device.fileName) has no sampling_frequency; its rate cannot be set and is not known beforehand")
      return
    }
    for place in places {
      let text = try value(of: place, in: context)
      let current = text.flatMap { parseDecimal($0) }
      let offered = available(for: place, in: context)
      let available = offered.flatMap { $0.smallest(reaching: settings.rate) }
      let wanted = available ?? .init(number: settings.rate, text: decimalText(settings.rate))
      if let text, let current, abs(current - wanted.number) > 1e-3 * wanted.number {
        rateDetours.append(Detour(attribute: place, value: text))
      } else if let other = offered?.other(than: wanted.number) {
        rateDetours.append(Detour(attribute: place, value: other.text))
      }
      // Of several sensors of one device, the slowest decides.
      rate = min(rate ?? .infinity, wanted.number)
      if current.map({ abs($0 - wanted.number) > 1e-3 * wanted.number }) ?? true {
        changes.append(Change(attribute: place, value: wanted.text, isRequired: available != nil))
      }
    }
    if let rate, rate < settings.rate * (1 - AvailableValues.tolerance) {
      notes.append(
        "\(device.fileName) samples at \(decimalText(rate)) Hz at most, not at \(decimalText(settings.rate)) Hz")
    }
  }

  private mutating func planRange(
    of kind: String, _ settings: IIOSettings, in context: any IIOContextAccess
  ) throws(IIOFailure) {
    let isAccelerometer = kind == "accel"
    let wanted = isAccelerometer ? settings.accelerationRange : settings.angularVelocityRange
    guard let format = device.axes(kind).first?.scanElement?.format else { return }
    // 32-bit codes are those of HID sensors, whose range is not that of the code.
    let codes: Double? = format.bits <= 24 ? Double(format.maximumCode) + 1 : nil
    var range: Double?
    for place in attributes("scale", of: [kind]) {
      let current = try value(of: place, in: context).flatMap { parseDecimal($0) }
      var scale = current.map(abs)
      if let codes, let chosen = available(for: place, in: context)?.smallest(reaching: wanted / codes) {
        scale = chosen.number
        if current.map({ abs($0 - chosen.number) > 1e-3 * chosen.number }) ?? true {
          changes.append(Change(attribute: place, value: chosen.text, isRequired: true))
        }
      }
      if let codes, let scale { range = min(range ?? .infinity, scale * codes) }
    }
    if let range, range < wanted * (1 - AvailableValues.tolerance) {
      let unit = isAccelerometer ? "m/s²" : "rad/s"
      notes.append(
        "\(device.fileName) measures \(kind) up to ±\(rounded(range)) \(unit) at most, not ±\(rounded(wanted)): "
          + "a hearty shake will clip")
    }
    if isAccelerometer { accelerationRange = range } else { angularVelocityRange = range }
  }

  private mutating func planLowPass(_ kinds: [String], _ settings: IIOSettings, in context: any IIOContextAccess) {
    let name = "filter_low_pass_3db_frequency"
    var places = attributes(name, of: kinds)
    if device.attributeNames.contains(name) { places.append(IIOAttribute(device: device.id, name: name)) }
    for place in places {
      // A nicety: whatever cannot be read or is not offered stays as it is.
      guard let text = try? context.read(place), let current = parseDecimal(text) else { continue }
      let wanted = settings.lowPass ?? (rate ?? settings.rate) / 5
      guard let chosen = available(for: place, in: context)?.smallest(reaching: wanted) else { continue }
      if abs(current - chosen.number) > 1e-3 * chosen.number {
        changes.append(Change(attribute: place, value: chosen.text, isRequired: false))
      }
    }
  }

  /// A value; nil if the driver does not have it, although the context lists it.
  private func value(
    of attribute: IIOAttribute, in context: any IIOContextAccess
  ) throws(IIOFailure) -> String? {
    do throws(IIOFailure) {
      return try context.read(attribute)
    } catch {
      if [ENOENT, EINVAL, EOPNOTSUPP, ENOSYS].contains(error.code) { return nil }
      throw error
    }
  }

  /// The files that hold an attribute of a sensor's axes, each once.
  private func attributes(_ name: String, of kinds: [String]) -> [IIOAttribute] {
    var found: [IIOAttribute] = []
    for channel in kinds.flatMap({ device.axes($0) }) {
      guard let attribute = channel.attributes[name] else { continue }
      let filename = attribute.filename ?? "in_\(channel.id)_\(name)"
      if !found.contains(where: { $0.filename == filename }) {
        found.append(IIOAttribute(device: device.id, channel: channel.id, name: name, filename: filename))
      }
    }
    return found
  }

  /// What an attribute can be set to, from the neighbour that says so; nil without one.
  private func available(for attribute: IIOAttribute, in context: any IIOContextAccess) -> AvailableValues? {
    let name = "\(attribute.name)_available"
    var neighbour = attribute
    neighbour.name = name
    neighbour.filename = "\(attribute.filename)_available"
    if let channel = device.channels.first(where: { $0.id == attribute.channel }) {
      if let own = channel.attributes[name] {
        neighbour.filename = own.filename ?? neighbour.filename
      } else {
        neighbour = IIOAttribute(device: device.id, name: name)
      }
    }
    // Without it the driver is asked by trying.
    guard let text = try? context.read(neighbour) else { return nil }
    return AvailableValues(text)
  }
}

/// A number with as many digits as a person wants to read.
func rounded(_ value: Double) -> String { decimalText((value * 10).rounded() / 10) }
