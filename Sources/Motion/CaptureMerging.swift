extension Capture {
  /// Reads a capture of two devices, one with the accelerometer and one with the gyroscope, as one recording.
  static func merged(
    _ directory: String, context: IIOContext, manifest: CaptureManifest?
  ) throws(CaptureError) -> Capture {
    let raw = try RawCapture.load(path: directory)
    let recorded = raw.devices.compactMap { device in
      device.scans.map { (name: device.name ?? device.id, recording: $0.recording) }
    }
    let accelerometers = recorded.filter { $0.recording.hasAccelerometer }
    let gyroscopes = recorded.filter { $0.recording.hasGyroscope }
    guard recorded.count == 2, accelerometers.count == 1, gyroscopes.count == 1,
      let accelerometer = accelerometers.first, let gyroscope = gyroscopes.first
    else {
      let names = recorded.prefix(4).map(\.name.quotedForError).joined(separator: " and ")
      throw CaptureError(
        kind: .unsupported, file: directory,
        problem: "holds scans of \(names), expected one inertial device, or one accelerometer and one gyroscope",
        advice: "keep only the .bin files of those that belong together")
    }
    var merger = StreamMerger(
      accelerometerRate: accelerometer.recording.nominalRate ?? 1 / accelerometer.recording.typicalPeriod,
      gyroscopeRate: gyroscope.recording.nominalRate ?? 1 / gyroscope.recording.typicalPeriod)
    merger.append(accelerometer.recording, from: .accelerometer)
    merger.append(gyroscope.recording, from: .gyroscope)
    let recording: Recording
    do throws(StreamMerger.Problem) {
      recording = try merger.take()
    } catch {
      let seconds =
        switch error {
        case .clocksDiffer(let seconds): seconds
        }
      throw CaptureError(
        kind: .malformed, file: directory,
        problem: "the stamps of \(accelerometer.name.quotedForError) and \(gyroscope.name.quotedForError) are "
          + "\(Int(max(-1e9, min(1e9, seconds)))) s apart, expected one clock",
        advice: "record again, with current_timestamp_clock of both set to monotonic")
    }
    var capture = Capture(label: raw.label, deviceName: accelerometer.name, recording: recording)
    capture.id = manifest?.id
    capture.start = manifest?.start
    capture.notes = manifest?.notes
    capture.contextName = context.name
    capture.contextDescription = context.description
    capture.contextAttributes = context.attributes
    capture.attributes = manifest?.attributes ?? [:]
    try capture.checkLimits(file: directory)
    return capture
  }
}
