import Motion

/// A device that is about to be sampled, with everything needed to decode or to keep its scans.
struct SampledDevice: Sendable, Hashable {
  /// The device as the context describes it.
  var device: IIOContext.Device
  /// The enabled channels with their scales, and where they lie in a scan.
  var decoder: ScanDecoder
  /// The rate it is set to, Hz.
  var rate: Double?
  /// Values of its attributes by the names of their files in sysfs, as they are while it samples.
  var attributes: [String: String]

  /// The enabled channels, in the order of the scan.
  var channels: [String] { decoder.layout.channels.map(\.id) }

  /// The attribute that says what a number of the accelerometer is worth, and its text.
  var accelerationScale: (file: String, value: String) {
    let axis = device.axes("accel").first
    let file = axis?.attributes["scale"].map { $0.filename ?? "in_accel_scale" } ?? "in_accel_scale"
    return (file, attributes[file] ?? "1")
  }
}

/// What is sampled.
struct SamplingSetup: Sendable, Hashable {
  /// The context's description as libiio gives it, made before any setting was changed.
  var contextXML: [UInt8]
  /// The devices, one or two.
  var devices: [SampledDevice]
}

extension SampledDevice {
  /// Reads what decoding needs, once everything is set.
  ///
  /// - Throws: ``SensorError`` for attributes that cannot be read or make no sense.
  init(
    _ plan: DevicePlan, kinds: [String], uri: String, in context: any IIOContextAccess
  ) throws(SensorError) {
    var device = plan.device
    // What libiio printed there is the scale before the range was set, rounded.
    for index in device.channels.indices { device.channels[index].scanElement?.scale = nil }
    self.device = device
    attributes = try Self.values(of: device, kinds, uri: uri, in: context)
    let place = SensorError.path(device.id, uri: uri)
    let source = AttributeSource(device: device, values: attributes, contextPath: place, manifestPath: place)
    do throws(CaptureError) {
      var channels: [ScanChannel] = []
      for channel in kinds.flatMap({ device.axes($0) }) {
        guard let element = channel.scanElement else { continue }
        channels.append(
          ScanChannel(
            id: channel.id, index: element.index, format: element.format,
            scale: try source.scale(of: channel, element), offset: try source.offset(of: channel)))
      }
      if let stamp = device.channels.first(where: { $0.id == "timestamp" }), let element = stamp.scanElement {
        channels.append(ScanChannel(id: stamp.id, index: element.index, format: element.format))
      }
      let accelerationMount = try source.mountMatrix("accel")
      let angularVelocityMount = try source.mountMatrix("anglvel")
      do throws(ScanLayoutError) {
        decoder = try ScanDecoder(
          layout: ScanLayout(channels: channels), accelerationMount: accelerationMount,
          angularVelocityMount: angularVelocityMount)
      } catch {
        throw CaptureError(kind: .malformed, file: place, problem: "\(error)", advice: error.advice)
      }
    } catch {
      throw SensorError(
        kind: .unsuitable, operation: "make sense of its attributes", subject: place,
        problem: error.place.isEmpty ? error.problem : "\(error.place): \(error.problem)",
        remedy: "see what iio_info says about the device, and correct its driver or device tree")
    }
    // What the driver made of it may differ from what was wanted.
    rate = nil
    for attribute in plan.rateAttributes {
      let text: String
      do throws(IIOFailure) {
        text = try context.read(attribute)
      } catch {
        let translated = SensorError(error, uri: uri)
        if translated.kind == .refused { continue }
        throw translated
      }
      if let value = parseDecimal(text), value > 0 { rate = min(rate ?? .infinity, value) }
    }
  }

  /// The attributes of its channels that matter, and those of its own.
  private static func values(
    of device: IIOContext.Device, _ kinds: [String], uri: String, in context: any IIOContextAccess
  ) throws(SensorError) -> [String: String] {
    var wanted: [IIOAttribute] = []
    let axes = Set(kinds.flatMap { device.axes($0).map(\.id) })
    for channel in device.channels {
      for (name, attribute) in channel.attributes.sorted(by: { $0.key < $1.key }) {
        let filename = attribute.filename ?? "in_\(channel.id)_\(name)"
        let isOfAxis =
          axes.contains(channel.id) && ["scale", "offset", "mount_matrix", "sampling_frequency"].contains(name)
        // libiio takes the file of a matrix for all sensors for an attribute of a channel called "mount".
        if isOfAxis || filename == "in_mount_matrix" {
          wanted.append(IIOAttribute(device: device.id, channel: channel.id, name: name, filename: filename))
        }
      }
    }
    for name in device.attributeNames
    where ["sampling_frequency", "current_timestamp_clock", "mount_matrix", "in_mount_matrix"].contains(name) {
      wanted.append(IIOAttribute(device: device.id, name: name))
    }
    var values: [String: String] = [:]
    for attribute in wanted where values[attribute.filename] == nil {
      do throws(IIOFailure) {
        values[attribute.filename] = try context.read(attribute)
      } catch {
        // Without a scale nothing can be measured; what else the driver does not tell has a default.
        let translated = SensorError(error, uri: uri)
        if attribute.name == "scale" || translated.kind != .refused { throw translated }
      }
    }
    return values
  }
}
