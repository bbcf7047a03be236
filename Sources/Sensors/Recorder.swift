import Motion

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Records a sensor in a capture directory.
///
/// An IIO device is recorded as the kernel writes its scans: `context.xml` is libiio's, with the scales that were set; `<device>.bin` is what `iio_readdev` would have written;
/// `capture.json` has the attribute values, which the XML of libiio 0.x lacks. Two devices, one with the accelerometer
/// and one with the gyroscope, get a `.bin` file each.
///
/// An input device has neither scans nor a context. What it reports is written as scans of 16-bit codes with a
/// `context.xml` that describes them, and that says, as `capture.json` does, where they come from.
public struct Recorder: Sendable {
  /// The longest recording, seconds.
  public static let durationLimit = Capture.durationLimit

  private enum Source {
    case iio(IIOSource)
    case input(EvdevSource)
  }

  private let source: Source

  /// What was recorded.
  public struct Summary: Sendable, Hashable {
    /// The devices.
    public var name: String
    /// Scans of the device that has most.
    public var scans: Int
    /// From the first stamp to the last, seconds.
    public var seconds: Double
    /// Scans with an axis at full scale.
    public var clippedScans: Int
    /// Scans that are missing, by the stamps.
    public var missingScans: Int
  }

  /// Records an IIO device.
  public init(_ source: IIOSource) { self.source = .iio(source) }

  /// Records an input device.
  public init(_ source: EvdevSource) { self.source = .input(source) }

  /// Records.
  ///
  /// Memory holds the recording until it is complete: 3 MB for ten minutes at 200 Hz.
  ///
  /// - Parameters:
  ///   - directory: to be made; nothing may be there.
  ///   - seconds: how long, by the sensor's stamps, above 0 and at most ``durationLimit``.
  ///   - label: what the recording is called; nil for the name of the directory.
  ///   - progress: told the seconds that are recorded.
  /// - Throws: ``SensorError``; nothing is left behind then. A task that is cancelled keeps what there is.
  public func record(
    to directory: String, seconds: Double, label: String? = nil, progress: @Sendable (Double) -> Void = { _ in }
  ) async throws(SensorError) -> Summary {
    guard seconds.isFinite, seconds > 0, seconds <= Self.durationLimit else {
      throw SensorError(
        kind: .invalidSettings, operation: "record \(seconds) s", subject: "sensor",
        problem: "expected above 0 and at most \(Int(Self.durationLimit)) s", remedy: "record several times")
    }
    try CaptureDirectory.check(directory)
    let label = label ?? Self.name(of: directory)
    let start = Self.now()
    switch source {
    case .iio(let source): return try await record(source, to: directory, seconds, label, start, progress)
    case .input(let source): return try await record(source, to: directory, seconds, label, start, progress)
    }
  }

  private static func nothing(from place: String) -> SensorError {
    SensorError(
      kind: .stalled, operation: "record", subject: place, problem: "it ended before the first scan",
      remedy: "record again")
  }

  // MARK: - Input devices

  private func record(
    _ source: EvdevSource, to directory: String, _ seconds: Double, _ label: String, _ start: String,
    _ progress: @Sendable (Double) -> Void
  ) async throws(SensorError) -> Summary {
    let result = await read(source, seconds, progress)
    await source.settled()
    guard let track = try result.get(), let summary = track.summary else {
      throw Self.nothing(from: source.device ?? "input devices")
    }
    try CaptureDirectory.write(track.files(label: label, start: start, directory: directory), to: directory)
    return summary
  }

  /// The stream, and with it the device's use, ends when this returns.
  private func read(
    _ source: EvdevSource, _ seconds: Double, _ progress: @Sendable (Double) -> Void
  ) async -> Result<InputTrack?, SensorError> {
    var track: InputTrack?
    for await event in source.recordedEvents() {
      switch event {
      case .began(let device): track = InputTrack(device)
      case .scans(let scans):
        do throws(SensorError) { try track?.append(scans) } catch { return .failure(error) }
        let recorded = track?.seconds ?? 0
        progress(recorded)
        if recorded >= seconds { return .success(track) }
      case .failed(let error): return .failure(error)
      case .ended: break
      }
    }
    return .success(track)
  }

  // MARK: - IIO devices

  private func record(
    _ source: IIOSource, to directory: String, _ seconds: Double, _ label: String, _ start: String,
    _ progress: @Sendable (Double) -> Void
  ) async throws(SensorError) -> Summary {
    let (setup, tracks) = try await take(source, seconds, progress)
    guard let setup, tracks.allSatisfy({ $0.scans > 0 }) else { throw Self.nothing(from: source.settings.uri) }
    try CaptureDirectory.write(Self.files(of: setup, tracks, label: label, start: start), to: directory)
    let longest = tracks.max { $0.scans < $1.scans }
    return Summary(
      name: setup.devices.map(\.device.fileName).joined(separator: " and "), scans: longest?.scans ?? 0,
      seconds: longest?.seconds ?? 0, clippedScans: tracks.map(\.clipped).max() ?? 0,
      missingScans: tracks.map(\.monitor.missing).reduce(0, +))
  }

  /// Samples until there is enough, and until the sensor is at rest again.
  private func take(
    _ source: IIOSource, _ seconds: Double, _ progress: @Sendable (Double) -> Void
  ) async throws(SensorError) -> (SamplingSetup?, [Track]) {
    let result = await read(source, seconds, progress)
    await source.settled()
    return try result.get()
  }

  /// The stream, and with it the sensor's use, ends when this returns.
  private func read(
    _ source: IIOSource, _ seconds: Double, _ progress: @Sendable (Double) -> Void
  ) async -> Result<(SamplingSetup?, [Track]), SensorError> {
    var setup: SamplingSetup?
    var tracks: [Track] = []
    for await event in source.rawEvents() {
      switch event {
      case .began(let found):
        setup = found
        tracks = found.devices.map(Track.init)
      case .scans(let device, let bytes):
        do throws(SensorError) { try tracks[device].append(bytes) } catch { return .failure(error) }
        let recorded = tracks.map(\.seconds).min() ?? 0
        progress(recorded)
        if recorded >= seconds { return .success((setup, tracks)) }
      case .failed(let error): return .failure(error)
      case .ended: break
      }
    }
    return .success((setup, tracks))
  }

  /// The scans of one device.
  private struct Track {
    let device: SampledDevice
    var bytes: [UInt8] = []
    var monitor: ScanMonitor
    var clipped = 0
    private var first: Int64?

    var scans: Int { monitor.scans }
    var seconds: Double {
      guard let first, let last = monitor.last else { return 0 }
      return (Double(last) - Double(first)) * 1e-9
    }

    init(_ device: SampledDevice) {
      self.device = device
      monitor = ScanMonitor(rate: device.rate)
    }

    mutating func append(_ scans: [UInt8]) throws(SensorError) {
      var decoded = Recording()
      // The loop that read them has decoded them before; they cannot fail here.
      try? device.decoder.decode(scans, into: &decoded)
      first = first ?? decoded.timestamps.first
      monitor.watch(decoded.timestamps)
      for index in decoded.timestamps.indices {
        let flags = [decoded.clippedAcceleration, decoded.clippedAngularVelocity].compactMap { flags in
          flags.indices.contains(index) ? flags[index] : nil
        }
        if flags.contains(where: { $0 != [] }) { clipped += 1 }
      }
      bytes += scans
      guard monitor.scans <= Capture.scanLimit else {
        throw SensorError(
          kind: .invalidSettings, operation: "record on", subject: device.device.fileName,
          problem: "it has made \(monitor.scans) scans, the limit of a capture is \(Capture.scanLimit)",
          remedy: "record for a shorter time, or at a lower rate")
      }
    }
  }

  private static func files(
    of setup: SamplingSetup, _ tracks: [Track], label: String, start: String
  ) throws(SensorError) -> [(name: String, bytes: [UInt8])] {
    var xml = setup.contextXML
    var manifest = CaptureManifest(label: label, start: start, enabled: [])
    var files: [(name: String, bytes: [UInt8])] = []
    for track in tracks {
      let device = track.device
      var scales: [String: Double] = [:]
      for channel in device.decoder.layout.channels where channel.id != "timestamp" {
        scales[channel.id] = channel.scale
      }
      xml = ContextScales.put(scales, ofDevice: device.device.id, into: xml)
      let name = device.device.fileName
      guard !name.contains("/"), !name.hasPrefix("."), name.quotedForError == "\"\(name)\"",
        !files.contains(where: { $0.name == "\(name).bin" })
      else {
        throw SensorError(
          kind: .unsuitable, operation: "name a file after it", subject: name.quotedForError,
          problem: "expected a plain name of its own", remedy: "rename the device in its device tree")
      }
      files.append((name: "\(name).bin", bytes: track.bytes))
      for id in device.channels where manifest.enabled?.contains(id) == false { manifest.enabled?.append(id) }
      manifest.attributes.merge(device.attributes) { first, _ in first }
    }
    if let track = tracks.first, tracks.count == 1 {
      manifest.device = track.device.device.fileName
      manifest.scans = track.scans
      manifest.scanBytes = track.device.decoder.layout.scanSize
    }
    files.append((name: "context.xml", bytes: xml))
    files.append((name: "capture.json", bytes: manifest.json()))
    return files
  }

  private static func name(of directory: String) -> String {
    directory.split(separator: "/").last.map(String.init) ?? directory
  }

  /// The time of day, ISO 8601, UTC.
  private static func now() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))T\(padded(parts.tm_hour)):"
      + "\(padded(parts.tm_min)):\(padded(parts.tm_sec))Z"
  }
}
