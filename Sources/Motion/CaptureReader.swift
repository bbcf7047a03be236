extension Capture {
  /// The largest raw buffer, in bytes.
  static let bufferSizeLimit = 256 << 20

  /// Reads a capture directory.
  ///
  /// Where an accelerometer and a gyroscope were recorded as two devices, such as `accel_3d` and `gyro_3d`, their scans
  /// are merged on their stamps (`StreamMerger`).
  ///
  /// All scan elements of the device are taken as enabled unless `capture.json` lists the enabled ones. A channel's
  /// scale and offset come from the value of its attribute in `context.xml` (libiio from 1.0 on), else from
  /// `capture.json`, else from the scan element, whose scale older versions of libiio round to six decimals. Mount
  /// matrices come from the first two places and default to the identity.
  ///
  /// - Parameter directory: path of the directory.
  /// - Throws: `CaptureError` for everything that is absent, malformed, too large or ambiguous.
  public static func read(directory: String) throws(CaptureError) -> Capture {
    try requireDirectory(directory)
    let contextPath = CaptureFile.join(directory, "context.xml")
    guard CaptureFile.kind(of: contextPath) != .absent else { throw noContext(in: directory) }
    let context = try IIOContextParser.parse(
      CaptureFile.read(contextPath, limit: IIOContextParser.sizeLimit, what: "the XML of a libiio context"),
      file: contextPath)

    let manifestPath = CaptureFile.join(directory, "capture.json")
    var manifest: CaptureManifest?
    if CaptureFile.kind(of: manifestPath) != .absent {
      manifest = try CaptureManifest.parse(
        CaptureFile.read(manifestPath, limit: CaptureManifest.sizeLimit, what: "a capture's capture.json"),
        file: manifestPath)
    }

    let recorded = try devicesWithBuffer(of: context, in: directory, contextPath: contextPath)
    guard recorded.count == 1, let (device, binary) = recorded.first else {
      return try merged(directory, context: context, manifest: manifest)
    }
    let source = AttributeSource(
      device: device, values: manifest?.attributes ?? [:], contextPath: contextPath, manifestPath: manifestPath)
    let channels = try enabledChannels(of: device, manifest, source)
    let accelerationMount = try source.mountMatrix("accel")
    let angularVelocityMount = try source.mountMatrix("anglvel")
    let decoder: ScanDecoder
    do throws(ScanLayoutError) {
      decoder = try ScanDecoder(
        layout: ScanLayout(channels: channels), accelerationMount: accelerationMount,
        angularVelocityMount: angularVelocityMount)
    } catch {
      throw CaptureError(
        kind: error.isMissing ? .missing : .malformed, file: contextPath,
        place: "device \(device.fileName.quotedForError), channel \(error.channel)", problem: error.problem,
        advice: error.advice)
    }
    var recording = try decode(binary, decoder, manifest)
    recording.nominalRate = try source.samplingFrequency()

    var capture = Capture(label: manifest?.label ?? CaptureFile.lastComponent(of: directory), recording: recording)
    capture.deviceName = device.fileName
    capture.id = manifest?.id
    capture.start = manifest?.start
    capture.notes = manifest?.notes
    capture.contextName = context.name
    capture.contextDescription = context.description
    capture.contextAttributes = context.attributes
    capture.attributes = (manifest?.attributes ?? [:]).merging(device.attributes) { _, fromContext in fromContext }
    capture.accelerationScale = commonScale("accel", channels)
    capture.angularVelocityScale = commonScale("anglvel", channels)
    try capture.checkLimits(file: binary)
    return capture
  }

  static func requireDirectory(_ path: String) throws(CaptureError) {
    switch CaptureFile.kind(of: path) {
    case .directory: return
    case .absent:
      throw CaptureError(
        kind: .notFound, file: path.isEmpty ? path.quotedForError : path,
        problem: "does not exist, expected a directory with context.xml and a .bin file", advice: "check the path")
    case .file, .other:
      throw CaptureError(
        kind: .unreadable, file: path, problem: "is not a directory, expected one with context.xml and a .bin file",
        advice: "give the directory of a capture")
    }
  }

  static func noContext(in directory: String) -> CaptureError {
    let names = CaptureFile.names(in: directory)
    let advice: String
    if names.contains("alice") && names.contains("bob") {
      advice = "this is a pair of captures, give its directory alice or bob"
    } else if let json = names.first(where: { $0.hasSuffix(".json") && $0 != "capture.json" && $0 != "pair.json" }) {
      advice = "if the samples are in \(json.quotedForError), give the path of that file"
    } else {
      advice = "run iio_genxml on the board and save what it prints, or record again"
    }
    return CaptureError(
      kind: .missing, file: CaptureFile.join(directory, "context.xml"),
      problem: "does not exist, expected the XML of a libiio context", advice: advice)
  }

  /// Finds the inertial devices that have a buffer file: at least one.
  private static func devicesWithBuffer(
    of context: IIOContext, in directory: String, contextPath: String
  ) throws(CaptureError) -> [(device: IIOContext.Device, binary: String)] {
    var found: [(device: IIOContext.Device, binary: String)] = []
    for device in context.devices {
      let name = device.fileName
      // A name that changes when it is shown has something in it that no file name of a device has.
      guard !name.contains("/"), !name.hasPrefix("."), name.quotedForError == "\"\(name)\"" else {
        throw CaptureError(
          kind: .malformed, file: contextPath, place: "line \(device.line)",
          problem: "device name \(name.quotedForError), expected one that can name a file beside context.xml",
          advice: "correct the name")
      }
      let binary = CaptureFile.join(directory, name + ".bin")
      if CaptureFile.kind(of: binary) != .absent { found.append((device, binary)) }
    }

    let inertial = found.filter(\.device.isInertial)
    if !inertial.isEmpty { return inertial }
    if let other = found.first {
      throw CaptureError(
        kind: .missing, file: contextPath, place: "line \(other.device.line)",
        problem: "device \(other.device.fileName.quotedForError) has no channel accel_* or anglvel_* that can be "
          + "captured, expected an inertial sensor",
        advice: "record an accelerometer or gyroscope")
    }
    guard !context.devices.isEmpty else {
      throw CaptureError(
        kind: .missing, file: contextPath, problem: "lists no device, expected an inertial sensor",
        advice: "run iio_genxml where the sensor is attached")
    }
    let expected = context.devices.prefix(8).map { ($0.fileName + ".bin").quotedForError }.joined(separator: ", ")
    let present = CaptureFile.names(in: directory).filter { $0.hasSuffix(".bin") }.prefix(4)
    throw CaptureError(
      kind: .missing, file: directory,
      problem: present.isEmpty
        ? "holds no .bin file, expected \(expected)"
        : "holds \(present.map(\.quotedForError).joined(separator: ", ")), expected \(expected)",
      advice: "name the output of iio_readdev after its device")
  }

  static func enabledChannels(
    of device: IIOContext.Device, _ manifest: CaptureManifest?, _ source: AttributeSource
  ) throws(CaptureError) -> [ScanChannel] {
    var elements: [(channel: IIOContext.Channel, element: IIOContext.ScanElement)] = []
    for channel in device.channels {
      if let element = channel.scanElement { elements.append((channel, element)) }
    }
    if let enabled = manifest?.enabled {
      let known = Set(elements.map(\.channel.id))
      if let unknown = enabled.first(where: { !known.contains($0) }) {
        throw CaptureError(
          kind: .malformed, file: source.manifestPath, place: "key \"enabled\"",
          problem: "lists \(unknown.quotedForError), expected channels of device \(device.fileName.quotedForError) "
            + "that can be captured",
          advice: "list the channels that were enabled while recording")
      }
      let wanted = Set(enabled)
      elements.removeAll { !wanted.contains($0.channel.id) }
    }
    var channels: [ScanChannel] = []
    for (channel, element) in elements {
      var described = ScanChannel(id: channel.id, index: element.index, format: element.format)
      if channel.id.hasPrefix("accel_") || channel.id.hasPrefix("anglvel_") {
        described.scale = try source.scale(of: channel, element)
        described.offset = try source.offset(of: channel)
      }
      channels.append(described)
    }
    return channels
  }

  private static func decode(
    _ binary: String, _ decoder: ScanDecoder, _ manifest: CaptureManifest?
  ) throws(CaptureError) -> Recording {
    try decode(scans(in: binary, decoder.layout, manifest), of: binary, decoder)
  }

  /// The bytes of a buffer file: whole scans of a layout, at least one, as many as `capture.json` says.
  static func scans(
    in binary: String, _ layout: ScanLayout, _ manifest: CaptureManifest?
  ) throws(CaptureError) -> [UInt8] {
    let size = layout.scanSize
    let what = "raw scans of \(size) bytes"
    let limit = min(bufferSizeLimit, scanLimit * size)
    let bytes = try CaptureFile.read(binary, limit: limit, what: "\(scanLimit) \(what)")
    let channels = layout.channels.map(\.id).joined(separator: ", ").quotedForError
    if bytes.isEmpty {
      throw CaptureError(
        kind: .missing, file: binary, problem: "is empty, expected \(what)",
        advice: "record again, and check that the sensor's trigger and sampling rate are set")
    }
    if let expected = manifest?.scanBytes, expected != size {
      throw CaptureError(
        kind: .malformed, file: binary,
        problem: "capture.json says \(expected) bytes per scan, context.xml amounts to \(size) (\(channels))",
        advice: "list the channels that were enabled under \"enabled\" in capture.json")
    }
    if bytes.count % size != 0 {
      throw CaptureError(
        kind: .malformed, file: binary, place: "byte \(bytes.count / size * size)",
        problem: "ends \(bytes.count % size) bytes into a scan: \(bytes.count) bytes are no multiple of \(size) "
          + "(\(channels))",
        advice: "if the file was cut off, remove the last \(bytes.count % size) bytes; if other channels were enabled, "
          + "list them under \"enabled\" in capture.json")
    }
    let scans = bytes.count / size
    if let expected = manifest?.scans, expected != scans {
      throw CaptureError(
        kind: .malformed, file: binary, problem: "holds \(scans) scans, capture.json says \(expected)",
        advice: "copy the file again if it was cut off, or correct \"scans\" in capture.json")
    }
    return bytes
  }

  /// Decodes the bytes of a buffer file.
  static func decode(
    _ bytes: [UInt8], of binary: String, _ decoder: ScanDecoder
  ) throws(CaptureError) -> Recording {
    var recording = Recording()
    do throws(ScanDecoder.ImplausibleTimestamp) {
      try decoder.decode(bytes, into: &recording)
    } catch {
      throw CaptureError(
        kind: .malformed, file: binary, place: "byte \(error.byteOffset)",
        problem: "time stamp \(error.value) ns, expected nanoseconds within 146 years of zero",
        advice: "check byte order and enabled channels in context.xml and capture.json")
    }
    return recording
  }

  private static func commonScale(_ kind: String, _ channels: [ScanChannel]) -> Double? {
    let axes = channels.filter { $0.id.hasPrefix(kind + "_") }
    guard let first = axes.first, axes.allSatisfy({ $0.scale == first.scale && $0.offset == 0 }) else { return nil }
    return first.scale > 0 ? first.scale : nil
  }
}
