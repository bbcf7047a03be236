import Motion

/// What a context has, and what would be sampled.
public struct SensorSurvey: Sendable {
  /// A device of the context.
  public struct Device: Sendable, Hashable {
    /// Such as "iio:device0".
    public let id: String
    /// Such as "mpu6050"; nil for a device without a name.
    public let name: String?
    /// What the device tree calls it, if anything.
    public let label: String?
    /// Whether it can be sampled.
    public let isUsable: Bool
    /// What it can do, or why it cannot be used.
    public let capability: String
  }

  /// Where it was looked.
  public let uri: String
  /// The devices, triggers left out, in the order of the context.
  public let devices: [Device]
  /// What would be sampled, and how; or why nothing can be.
  public let choice: Result<MotionSourceDescription, SensorError>
}

extension IIOSession {
  /// What the context has, and what would be chosen; nothing is changed.
  func survey() throws(SensorError) -> SensorSurvey {
    let found = try open()
    let devices = found.context.devices.filter { !$0.isTrigger }.map { device in
      SensorSurvey.Device(
        id: device.id, name: device.name, label: device.label, isUsable: device.obstacle == nil,
        capability: device.obstacle ?? device.capability)
    }
    let choice: Result<MotionSourceDescription, SensorError>
    do throws(SensorError) { choice = .success(try describe(found)) } catch { choice = .failure(error) }
    return SensorSurvey(uri: settings.uri, devices: devices, choice: choice)
  }

  private func describe(_ found: Found) throws(SensorError) -> MotionSourceDescription {
    let choice = try SensorChoice(in: found.context, settings)
    let plans = try plan(choice, found)
    let kinds = choice.devices.flatMap { choice.kinds(of: $0) }
    var description = MotionSourceDescription(
      name: choice.name, hasAccelerometer: kinds.contains("accel"), hasGyroscope: kinds.contains("anglvel"),
      isLive: true, notes: plans.flatMap(\.notes))
    description.rate = plans.compactMap(\.rate).min()
    description.accelerationRange = plans.compactMap(\.accelerationRange).first
    description.angularVelocityRange = plans.compactMap(\.angularVelocityRange).first
    return description
  }
}
