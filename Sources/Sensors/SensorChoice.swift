import Motion

/// Which devices of a context are to be sampled.
///
/// A device counts if its buffer has all three axes of an accelerometer or gyroscope and a time stamp. In this order:
/// one device with both sensors; two devices with one each, those whose names have most in common; an accelerometer
/// alone. Among equals, the lowest device number. A gyroscope alone is taken only if it was asked for by name.
struct SensorChoice: Sendable, Hashable {
  /// The device with the accelerometer, or with both, or the gyroscope if there is nothing else.
  var first: IIOContext.Device
  /// The device with the gyroscope, where that is another.
  var second: IIOContext.Device?

  /// The devices, one or two.
  var devices: [IIOContext.Device] { [first] + (second.map { [$0] } ?? []) }
  /// What the two are called together.
  var name: String { devices.map(\.fileName).joined(separator: " and ") }

  /// Chooses.
  ///
  /// - Throws: ``SensorError`` that lists what is there.
  init(in context: IIOContext, _ settings: IIOSettings) throws(SensorError) {
    if let name = settings.device {
      let found = try Self.find(name, in: context, settings)
      guard let other = settings.gyroscope else {
        self.init(first: found, second: nil)
        return
      }
      let gyroscope = try Self.find(other, in: context, settings)
      guard found.hasSensor("accel"), gyroscope.hasSensor("anglvel"), found.id != gyroscope.id else {
        throw SensorError(
          kind: .unsuitable, operation: "use both devices", subject: settings.uri,
          problem: "expected an accelerometer in \(name.quotedForError) and a gyroscope in another device, "
            + "\(other.quotedForError). \(Self.list(context))",
          remedy: "give two such devices, or one with both")
      }
      self.init(first: found, second: gyroscope)
      return
    }
    let usable = context.devices.filter { $0.obstacle == nil }.sorted { $0.number < $1.number }
    if let both = usable.first(where: { $0.hasSensor("accel") && $0.hasSensor("anglvel") }) {
      self.init(first: both, second: nil)
      return
    }
    let accelerometers = usable.filter { $0.hasSensor("accel") }
    let gyroscopes = usable.filter { $0.hasSensor("anglvel") }
    var best: (pair: SensorChoice, likeness: Int)?
    for accelerometer in accelerometers {
      for gyroscope in gyroscopes {
        let likeness = Self.likeness(accelerometer.fileName, gyroscope.fileName)
        if likeness > best?.likeness ?? -1 { best = (.init(first: accelerometer, second: gyroscope), likeness) }
      }
    }
    if let best {
      self = best.pair
    } else if let accelerometer = accelerometers.first {
      self.init(first: accelerometer, second: nil)
    } else {
      throw SensorError(
        kind: .notFound, operation: "find a motion sensor", subject: settings.uri, problem: Self.list(context),
        remedy: "expected accel_x, accel_y, accel_z and a timestamp in one device's buffer: check that the driver is "
          + "loaded and, since most drivers have a buffer only then, that the sensor's interrupt line is configured")
    }
  }

  private init(first: IIOContext.Device, second: IIOContext.Device?) {
    self.first = first
    self.second = second
  }

  private static func find(
    _ name: String, in context: IIOContext, _ settings: IIOSettings
  ) throws(SensorError) -> IIOContext.Device {
    let found = context.devices.filter { !$0.isTrigger && ($0.id == name || $0.name == name || $0.label == name) }
      .sorted { $0.number < $1.number }
    guard let device = found.first(where: { $0.obstacle == nil }) ?? found.first else {
      throw SensorError(
        kind: .notFound, operation: "find the device \(name.quotedForError)", subject: settings.uri,
        problem: list(context), remedy: "give the name, identifier or label of one of them")
    }
    if let obstacle = device.obstacle {
      throw SensorError(
        kind: .unsuitable, operation: "use the device \(name.quotedForError)", subject: settings.uri, problem: obstacle,
        remedy: "give another device, or configure the sensor's interrupt line, without which most drivers have no "
          + "buffer")
    }
    return device
  }

  /// What is there and why each is or is not of use.
  static func list(_ context: IIOContext) -> String {
    let devices = context.devices.filter { !$0.isTrigger }
    guard !devices.isEmpty else { return "there is no device" }
    let shown = devices.prefix(8).map { "\($0.id) \($0.fileName.quotedForError) \($0.obstacle ?? $0.capability)" }
    let more = devices.count > 8 ? "; and \(devices.count - 8) more" : ""
    return "there \(devices.count == 1 ? "is" : "are") " + shown.joined(separator: "; ") + more
  }

  /// How many letters two names share at the beginning or at the end: lsm6dsl_accel and lsm6dsl_gyro are one chip.
  private static func likeness(_ left: String, _ right: String) -> Int {
    let head = zip(left, right).prefix { $0 == $1 }.count
    let tail = zip(left.reversed(), right.reversed()).prefix { $0 == $1 }.count
    return max(head, tail)
  }
}

extension IIOContext.Device {
  /// Whether it is a trigger rather than a device.
  var isTrigger: Bool { id.hasPrefix("trigger") }

  /// The number in its identifier, to order by.
  var number: Int {
    Int(id.reversed().prefix { $0.isASCII && $0.isNumber }.reversed().map(String.init).joined()) ?? .max
  }

  /// The channels of a sensor ("accel", "anglvel"): x, y and z, if its buffer has all three.
  func axes(_ kind: String) -> [IIOContext.Channel] {
    let found = ["x", "y", "z"].compactMap { axis in
      channels.first { $0.id == "\(kind)_\(axis)" && $0.scanElement != nil }
    }
    return found.count == 3 ? found : []
  }

  /// Whether its buffer has all three axes of a sensor.
  func hasSensor(_ kind: String) -> Bool { !axes(kind).isEmpty }

  /// Why it cannot be sampled as a motion sensor; nil if it can.
  var obstacle: String? {
    let kinds = ["accel", "anglvel"]
    let names = kinds.filter { kind in channels.contains { $0.id.hasPrefix("\(kind)_") } }
    guard !names.isEmpty else { return "has neither accelerometer nor gyroscope" }
    guard kinds.contains(where: hasSensor) else {
      let scannable = channels.contains { $0.scanElement != nil }
      return scannable
        ? "has \(names.joined(separator: " and ")), but not all three axes in its buffer"
        : "has \(names.joined(separator: " and ")), but no buffer"
    }
    guard channels.contains(where: { $0.id == "timestamp" && $0.scanElement != nil }) else {
      return "has no timestamp in its buffer"
    }
    return nil
  }

  /// What it can do.
  var capability: String {
    switch (hasSensor("accel"), hasSensor("anglvel")) {
    case (true, true): "has accelerometer and gyroscope"
    case (true, false): "has an accelerometer"
    case (false, true): "has a gyroscope only"
    case (false, false): "has neither accelerometer nor gyroscope"
    }
  }
}
