extension Capture {
  /// Writes the capture as a directory, made if need be, whose files replace those of the same name.
  ///
  /// Scans have the layout of an MPU-6050: acceleration and angular velocity as `be:S16/16>>0`, the time stamp as
  /// `le:S64/64>>0`, 24 bytes with both sensors and 16 with one. Scales are `accelerationScale` and
  /// `angularVelocityScale` if nothing clips with them, else the smallest full-scale range of an MPU-6050 with which
  /// nothing clips, else its largest with what clips flagged. A flagged axis is always written as a code at full
  /// scale, so that it reads as flagged again. Axes are those of the board: no mount matrix remains.
  ///
  /// - Parameter directory: path of the directory.
  /// - Throws: `CaptureError` if a value is not finite, if there is nothing to write, if the device name cannot name a
  ///   file, if the directory already holds scans of another device, or if writing fails.
  public func write(to directory: String) throws(CaptureError) {
    let files = try encoded(file: directory)
    try CaptureFile.makeDirectory(directory)
    let binaryName = deviceName + ".bin"
    if let other = CaptureFile.names(in: directory).first(where: { $0.hasSuffix(".bin") && $0 != binaryName }) {
      throw CaptureError(
        kind: .unwritable, file: directory, problem: "already holds \(other.quotedForError), expected no other device",
        advice: "write to a new directory")
    }
    try CaptureFile.write(files.binary, to: CaptureFile.join(directory, binaryName))
    try CaptureFile.write(files.manifest.json(), to: CaptureFile.join(directory, "capture.json"))
    // Last, so that a directory whose writing was interrupted is not taken for a capture.
    try CaptureFile.write(files.context, to: CaptureFile.join(directory, "context.xml"))
  }

  /// The contents of the files that `write(to:)` makes; `directory` is for error texts.
  package func encoded(
    file directory: String
  ) throws(CaptureError) -> (context: [UInt8], binary: [UInt8], manifest: CaptureManifest) {
    try SamplesFile.requireWritable(recording, file: directory)
    try checkLimits(file: directory)
    let plain = deviceName.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }
    guard !deviceName.isEmpty, plain, !deviceName.contains("/"), !deviceName.hasPrefix("."), deviceName.utf8.count <= 64
    else {
      throw CaptureError(
        kind: .unwritable, file: directory,
        problem: "device name \(deviceName.quotedForError), expected up to 64 printable characters without \"/\"",
        advice: "give the device a plain name such as mpu6050")
    }

    let acceleration = try SixteenBitAxes(
      recording.acceleration, clipped: recording.clippedAcceleration, scale: accelerationScale,
      ranges: InertialRange.accelerationScales, name: "acceleration", file: directory)
    let angularVelocity = try SixteenBitAxes(
      recording.angularVelocity, clipped: recording.clippedAngularVelocity, scale: angularVelocityScale,
      ranges: InertialRange.angularVelocityScales, name: "angular velocity", file: directory)
    let sensors = [acceleration, angularVelocity].filter { !$0.codes.isEmpty }
    let scanBytes = sensors.count == 2 ? 24 : 16

    let attributes = writtenAttributes(
      acceleration: acceleration.codes.isEmpty ? nil : acceleration.scale,
      angularVelocity: angularVelocity.codes.isEmpty ? nil : angularVelocity.scale)
    let manifest = CaptureManifest(
      device: deviceName, label: label, id: id, start: start, notes: notes, scans: recording.count,
      scanBytes: scanBytes, attributes: attributes)
    return (contextXML(attributes: attributes), scans(sensors, scanBytes: scanBytes), manifest)
  }

  private func scans(_ sensors: [SixteenBitAxes], scanBytes: Int) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: scanBytes - 8 - 6 * sensors.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(recording.count * scanBytes)
    for index in 0..<recording.count {
      for sensor in sensors {
        let code = sensor.codes[index]
        for axis in 0..<3 {
          let word = UInt16(bitPattern: code[axis])
          bytes.append(UInt8(word >> 8))
          bytes.append(UInt8(word & 0xFF))
        }
      }
      bytes += padding
      let stamp = UInt64(bitPattern: recording.timestamps[index])
      for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: stamp >> UInt64(8 * byte))) }
    }
    return bytes
  }

  /// The attributes of the capture, with those that describe the codes replaced.
  private func writtenAttributes(acceleration: Double?, angularVelocity: Double?) -> [String: String] {
    var written = attributes.filter { key, _ in
      !key.hasPrefix("in_accel") && !key.hasPrefix("in_anglvel") && !key.hasSuffix("mount_matrix")
        && key != "sampling_frequency"
    }
    if let nominalRate = recording.nominalRate, nominalRate.isFinite, nominalRate > 0 {
      written["sampling_frequency"] = decimalText(nominalRate)
    }
    for (kind, scale) in [("accel", acceleration), ("anglvel", angularVelocity)] {
      guard let scale else { continue }
      written["in_\(kind)_scale"] = decimalText(scale)
      written["in_\(kind)_mount_matrix"] = "1, 0, 0; 0, 1, 0; 0, 0, 1"
    }
    return written
  }
}

/// The full-scale ranges that an MPU-6050 can be set to, as SI units per code of 16 bits.
enum InertialRange {
  /// Standard gravity in m/s².
  static let standardGravity = 9.80665
  /// ±2, ±4, ±8 and ±16 g in m/s² per code.
  static let accelerationScales = [2.0, 4, 8, 16].map(accelerationScale)
  /// ±250, ±500, ±1000 and ±2000 °/s in rad/s per code.
  static let angularVelocityScales = [250.0, 500, 1000, 2000].map(angularVelocityScale)

  /// m/s² per code for a full scale in g.
  static func accelerationScale(_ range: Double) -> Double { range * standardGravity / 32_768 }
  /// rad/s per code for a full scale in °/s.
  static func angularVelocityScale(_ range: Double) -> Double { range * (Double.pi / 180) / 32_768 }
}

/// A decimal number as short as it can be and still read back exactly.
package func decimalText(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
}
