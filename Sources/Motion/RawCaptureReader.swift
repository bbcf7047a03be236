extension RawCapture {
  /// Reads whatever a path leads to: a capture directory, whose scans stay as they are, or a `samples.json`, whose
  /// samples become codes as `Capture.write(to:)` makes them.
  ///
  /// A directory may hold the scans of several inertial devices, such as `accel_3d` and `gyro_3d`. Which channels were
  /// enabled then follows from the list of all of them in `capture.json`, whose `scans` and `scan_bytes` are not used.
  ///
  /// - Throws: `CaptureError` for everything that is absent, malformed, too large or ambiguous.
  public static func load(path: String) throws(CaptureError) -> RawCapture {
    try CaptureFile.requireCapture(at: path)
    guard CaptureFormat.detect(path: path) == .samples else { return try read(directory: path) }
    let capture = try SamplesFile.read(path: path)
    let files = try capture.encoded(file: path)
    let context = try IIOContextParser.parse(files.context, file: path)
    return try assemble(
      context, files.manifest, recorded: context.devices, label: capture.label, contextPath: path, manifestPath: path
    ) { (_, _) throws(CaptureError) in
      Source(bytes: files.binary, path: path)
    }
  }

  private struct Source {
    var bytes: [UInt8]
    var path: String
  }

  private static func read(directory: String) throws(CaptureError) -> RawCapture {
    try Capture.requireDirectory(directory)
    let contextPath = CaptureFile.join(directory, "context.xml")
    guard CaptureFile.kind(of: contextPath) != .absent else { throw Capture.noContext(in: directory) }
    let context = try IIOContextParser.parse(
      CaptureFile.read(contextPath, limit: IIOContextParser.sizeLimit, what: "the XML of a libiio context"),
      file: contextPath)
    let manifestPath = CaptureFile.join(directory, "capture.json")
    var manifest = CaptureManifest()
    if CaptureFile.kind(of: manifestPath) != .absent {
      manifest = try CaptureManifest.parse(
        CaptureFile.read(manifestPath, limit: CaptureManifest.sizeLimit, what: "a capture's capture.json"),
        file: manifestPath)
    }
    func binary(of device: IIOContext.Device) -> String { CaptureFile.join(directory, device.fileName + ".bin") }
    let recorded = context.devices.filter { device in
      device.isInertial && !device.fileName.contains("/") && !device.fileName.hasPrefix(".")
        && CaptureFile.kind(of: binary(of: device)) != .absent
    }
    guard recorded.count > 1 else {
      // Of one device or none, the reader of plain captures knows everything that can be wrong.
      _ = try Capture.read(directory: directory)
      return try assemble(
        context, manifest, recorded: recorded, label: manifest.label ?? CaptureFile.lastComponent(of: directory),
        contextPath: contextPath, manifestPath: manifestPath
      ) { (device, layout) throws(CaptureError) in
        let path = binary(of: device)
        return Source(bytes: try Capture.scans(in: path, layout, manifest), path: path)
      }
    }
    guard Set(recorded.map(\.fileName)).count == recorded.count else {
      throw CaptureError(
        kind: .unsupported, file: contextPath,
        problem: "lists two recorded devices of the same name, expected one for each .bin file",
        advice: "rename one of them, and its .bin file")
    }
    return try assemble(
      context, manifest, recorded: recorded, label: manifest.label ?? CaptureFile.lastComponent(of: directory),
      contextPath: contextPath, manifestPath: manifestPath
    ) { (device, layout) throws(CaptureError) in
      let path = binary(of: device)
      return Source(bytes: try Capture.scans(in: path, layout, nil), path: path)
    }
  }

  private static func assemble(
    _ context: IIOContext, _ manifest: CaptureManifest, recorded: [IIOContext.Device], label: String,
    contextPath: String, manifestPath: String, scans: (IIOContext.Device, ScanLayout) throws(CaptureError) -> Source
  ) throws(CaptureError) -> RawCapture {
    guard context.devices.count <= deviceLimit else {
      throw CaptureError(
        kind: .tooLarge, file: contextPath,
        problem: "lists \(context.devices.count) devices, the limit is \(deviceLimit)",
        advice: "remove those that were not recorded")
    }
    var capture = RawCapture(
      label: label, contextName: context.name, contextDescription: context.description,
      contextAttributes: context.attributes, devices: [])
    for device in context.devices {
      let source = AttributeSource(
        device: device, values: manifest.attributes, contextPath: contextPath, manifestPath: manifestPath)
      var raw = Device(
        id: device.id, name: device.name, label: device.label,
        attributes: device.attributeNames.map { name in
          Attribute(name: name, filename: nil, value: device.attributes[name] ?? manifest.attributes[name])
        },
        channels: device.channels.map { channel in
          Channel(
            id: channel.id,
            attributes: channel.attributes.sorted { $0.key < $1.key }.map { name, attribute in
              Attribute(
                name: name, filename: attribute.filename,
                value: source.value(name, of: channel)?.text ?? (name == "scale" ? channel.scanElement?.scale : nil))
            })
        },
        scans: nil)
      if recorded.contains(device) {
        raw.scans = try self.scans(of: device, source, manifest, contextPath: contextPath, scans: scans)
      }
      capture.devices.append(raw)
    }
    return capture
  }

  private static func scans(
    of device: IIOContext.Device, _ source: AttributeSource, _ manifest: CaptureManifest, contextPath: String,
    scans: (IIOContext.Device, ScanLayout) throws(CaptureError) -> Source
  ) throws(CaptureError) -> Scans {
    var own = manifest
    let known = Set(device.channels.map(\.id))
    own.enabled = manifest.enabled?.filter { known.contains($0) }
    let channels = try Capture.enabledChannels(of: device, own, source)
    let layout: ScanLayout
    do throws(ScanLayoutError) {
      layout = try ScanLayout(channels: channels)
    } catch {
      throw layoutError(error, of: device, contextPath)
    }
    let found = try scans(device, layout)
    let accelerationMount = try source.mountMatrix("accel")
    let angularVelocityMount = try source.mountMatrix("anglvel")
    let decoder: ScanDecoder
    do throws(ScanLayoutError) {
      decoder = try ScanDecoder(
        layout: layout, accelerationMount: accelerationMount, angularVelocityMount: angularVelocityMount)
    } catch {
      throw layoutError(error, of: device, contextPath)
    }
    var recording = try Capture.decode(found.bytes, of: found.path, decoder)
    recording.nominalRate = try source.samplingFrequency()
    try Capture(label: "", recording: recording).checkLimits(file: found.path)
    return Scans(layout: layout, bytes: found.bytes, recording: recording)
  }

  private static func layoutError(
    _ error: ScanLayoutError, of device: IIOContext.Device, _ contextPath: String
  ) -> CaptureError {
    CaptureError(
      kind: error.isMissing ? .missing : .malformed, file: contextPath,
      place: "device \(device.fileName.quotedForError), channel \(error.channel)", problem: error.problem,
      advice: error.advice)
  }
}
