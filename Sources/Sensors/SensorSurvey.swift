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

  /// What would be sampled, once a buffer that a process left on when it died has been switched off: until somebody does
  /// that its interrupts go on, and the sensor draws current.
  ///
  /// - Parameter isAtRest: asked again and again whether this program samples it meanwhile, which then has the say.
  func describe(switchingOffWhile isAtRest: () -> Bool) throws(SensorError) -> MotionSourceDescription {
    let found = try open()
    var description = try describe(found)
    guard isLocal, isAtRest() else { return description }
    for device in try SensorChoice(in: found.context, settings).devices {
      // A buffer that cannot be looked at, or be switched off, is no reason not to tell what there is: sampling will say
      // what is wrong with it.
      guard let owner = try? owner(ofBuffer: device.id, found.access, while: isAtRest), isAtRest() else { continue }
      switch owner {
      case .nobody: break
      case .somebody:
        description.notes.append(
          "\(device.fileName) is in use by another program, which has to end before a window opens")
      case .unknown:
        description.notes.append(
          "\(device.fileName) is sampling, and it cannot be told for whom; its buffer was left on (to switch it off: "
            + "echo 0 > \(SensorError.path(device.id, uri: settings.uri))/buffer/enable)")
      case .gone:
        if (try? found.access.switchOffBuffer(of: device.id)) == true {
          description.notes.append(Self.abandonedText(device))
        }
      }
    }
    return description
  }

  /// What is said of a buffer that was switched off because nobody is left who would.
  static func abandonedText(_ device: IIOContext.Device) -> String {
    "\(device.fileName) was left sampling by a process that is gone; its buffer was switched off"
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
