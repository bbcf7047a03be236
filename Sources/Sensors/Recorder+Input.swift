internal import Evdev
import Motion

/// What an input device delivers, until it becomes a capture.
struct InputTrack {
  private let device: InputDeviceDescription
  private var recording = Recording()
  private var clipped = 0

  init(_ device: InputDeviceDescription) { self.device = device }

  var seconds: Double { recording.duration }

  mutating func append(_ scans: Recording) throws(SensorError) {
    recording.append(contentsOf: scans)
    clipped += (0..<scans.count).count { index in
      [scans.clippedAcceleration, scans.clippedAngularVelocity].contains { flags in
        flags.indices.contains(index) && flags[index] != []
      }
    }
    guard recording.count <= Capture.scanLimit else {
      throw SensorError(
        kind: .invalidSettings, operation: "record on", subject: device.sensorText,
        problem: "it has made \(recording.count) scans, the limit of a capture is \(Capture.scanLimit)",
        remedy: "record for a shorter time")
    }
  }

  /// What was recorded; `nil` if nothing was.
  var summary: Recorder.Summary? {
    guard !recording.isEmpty else { return nil }
    return Recorder.Summary(
      name: device.name.isEmpty ? device.path : device.name, scans: recording.count, seconds: recording.duration,
      clippedScans: clipped, missingScans: missing)
  }

  /// A device without a clock is silent while nothing changes: nobody can tell that from a loss.
  private var missing: Int {
    guard device.hasDeviceTimestamps, let step = ScanMonitor.medianStep(recording.timestamps), step > 0 else {
      return 0
    }
    var monitor = ScanMonitor(rate: 1e9 / step)
    monitor.watch(recording.timestamps)
    return monitor.missing
  }

  /// The files of the capture.
  func files(label: String, start: String, directory: String) throws(SensorError) -> [(name: String, bytes: [UInt8])] {
    var capture = Capture(label: label, deviceName: device.fileName, recording: recording)
    capture.start = start
    capture.contextName = "evdev"
    capture.contextDescription =
      "written by tacc for the input device \(device.sensorText), which has no libiio context"
    capture.notes =
      "Recorded from the input device \(device.sensorText). The values of its axes are rounded to codes of 16 bits; "
      + "time stamps are "
      + (device.hasDeviceTimestamps
        ? "those of its own clock (MSC_TIMESTAMP), tied to CLOCK_MONOTONIC." : "those of the kernel, CLOCK_MONOTONIC.")
    capture.attributes["current_timestamp_clock"] = "monotonic"
    capture.accelerationScale = device.scale(.acceleration)
    capture.angularVelocityScale = device.scale(.angularVelocity)
    do {
      let files = try capture.encoded(file: directory)
      return [
        (name: "\(device.fileName).bin", bytes: files.binary), (name: "capture.json", bytes: files.manifest.json()),
        (name: "context.xml", bytes: files.context),
      ]
    } catch {
      throw SensorError(
        kind: .unwritable, operation: "make a capture of it", subject: error.file, problem: error.problem,
        remedy: error.advice)
    }
  }
}

extension InputDeviceDescription {
  /// A plain name for its file: what is neither letter, digit, dot nor underscore becomes a hyphen.
  var fileName: String {
    var text = ""
    for scalar in name.unicodeScalars.prefix(60) {
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      if isPlain || scalar == "_" || scalar == "." {
        text.unicodeScalars.append(scalar)
      } else if !text.hasSuffix("-") {
        text += "-"
      }
    }
    let plain = text.drop { $0 == "-" || $0 == "." }
    return plain.isEmpty ? "input" : String(plain)
  }

  /// SI units per code of 16 bits: what one number of the device stands for where its full scale is that of 16 bits, and
  /// otherwise what puts its full scale there; `nil` where it has no such axes.
  func scale(_ quantity: EvdevAxes.Quantity) -> Double? {
    let limits = quantity.axes.compactMap { axes[$0] }
    guard limits.count == 3, limits.allSatisfy({ $0.resolution > 0 }) else { return nil }
    let units = limits.map { quantity.unit / Double($0.resolution) }
    let fullScales = limits.map { max(abs(Double($0.minimum)), abs(Double($0.maximum))) }
    if Set(units).count == 1, fullScales.allSatisfy((32_767...32_768).contains) { return units.first }
    return zip(units, fullScales).map { $0 * $1 / 32_767 }.max()
  }
}
