import Motion

/// An attribute as it is served.
///
/// Only attributes whose value is known are served. A recording has one scale and one rate: these are all that the
/// `*_available` attributes offer, and writing anything else is refused.
struct ReplayAttribute: Sendable, Hashable {
  /// What reading and writing do.
  enum Rule: Sendable, Hashable {
    /// Has this value; accepts to be set to it.
    case recorded(String)
    /// Has this value and cannot be written.
    case readOnly(String)
    /// A reading of the sensor; not to be had while the buffer is open.
    case reading(String)
    /// The clock of the stamps, which can be chosen while the buffer is closed.
    case clock(TimestampClock)
  }

  var name: String
  /// Name of its file in sysfs; nil for an attribute of a device, where it is the same.
  var filename: String?
  var rule: Rule

  private static let available = "_available"

  /// The attributes of a device; `period`: mean time between its scans, ns, nil if it has none.
  static func attributes(of device: RawCapture.Device, rate: Double, period: Int64?) -> [ReplayAttribute] {
    var known: [String: String] = [:]
    for attribute in device.attributes { known[attribute.name] = attribute.value }
    if let period {
      let isOfChannels = device.channels.contains { channel in
        channel.attributes.contains { $0.name == "sampling_frequency" }
      }
      if isOfChannels {
        known["sampling_frequency"] = nil
      } else if known["sampling_frequency"] == nil {
        known["sampling_frequency"] = text((1e12 / Double(period)).rounded() / 1e3)
      }
    }
    let clock = known.removeValue(forKey: "current_timestamp_clock")
    var served = served(known, rate: rate) { _ in nil }
    if period != nil {
      // The kernel's default, where the recording does not tell.
      let initial = clock.flatMap(TimestampClock.init) ?? .realtime
      served.append(ReplayAttribute(name: "current_timestamp_clock", filename: nil, rule: .clock(initial)))
    }
    return served.sorted { $0.name < $1.name }
  }

  /// The attributes of a channel.
  static func attributes(
    of channel: RawCapture.Channel, in device: RawCapture.Device, rate: Double
  ) -> [ReplayAttribute] {
    var known: [String: String] = [:]
    var files: [String: String] = [:]
    for attribute in channel.attributes {
      known[attribute.name] = attribute.value
      files[attribute.name] = attribute.filename
    }
    let reading = known.removeValue(forKey: "raw") != nil || files["raw"] != nil
    let kind = channel.id.prefix { $0 != "_" }
    let scans = device.scans
    let position = scans?.layout.channels.firstIndex { $0.id == channel.id }
    if let scans, let position, kind == "accel" || kind == "anglvel", known["scale"] == nil {
      known["scale"] = text(scans.layout.channels[position].scale)
    }
    var served = served(known, rate: rate) { name in
      if let file = files[name] { return file }
      let base = name.hasSuffix(available) ? String(name.dropLast(available.count)) : name
      return files[base].map { $0 + available } ?? "in_\(kind)_\(name)"
    }
    if reading, let scans, let position,
      let code = scans.layout.channels[position].format.decode(scans.bytes, at: scans.layout.offsets[position])
    {
      served.append(
        ReplayAttribute(name: "raw", filename: files["raw"] ?? "in_\(channel.id)_raw", rule: .reading("\(code)")))
    }
    return served.sorted { $0.name < $1.name }
  }

  private static func served(
    _ known: [String: String], rate: Double, filename: (String) -> String?
  ) -> [ReplayAttribute] {
    var values = known.filter { !$0.key.hasSuffix(available) }
    if rate != 1, let recorded = values["sampling_frequency"].flatMap(Double.init) {
      values["sampling_frequency"] = text((recorded * rate * 1e6).rounded() / 1e6)
    }
    for name in ["scale", "sampling_frequency"] where values[name] != nil { values[name + available] = values[name] }
    for name in known.keys where name.hasSuffix(available) {
      values[name] = values[String(name.dropLast(available.count))]
    }
    return values.map { name, value in
      ReplayAttribute(
        name: name, filename: filename(name), rule: isReadOnly(name) ? .readOnly(value) : .recorded(value))
    }
  }

  private static func isReadOnly(_ name: String) -> Bool {
    name.hasSuffix(available) || name.hasSuffix("matrix")
      || ["name", "label", "input", "waiting_for_supplier", "dev", "uevent"].contains(name)
  }

  /// Whether a value that is written is the one that was recorded: the same text, or a number as near as six decimals,
  /// with which libiio writes numbers, can be.
  static func isSame(_ written: String, as recorded: String) -> Bool {
    if written == recorded { return true }
    guard let a = Double(written), let b = Double(recorded), a.isFinite, (a == 0) == (b == 0) else { return false }
    return abs(a - b) <= max(0.51e-6, 1e-6 * abs(b))
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
