/// The format `samples.json`: `{"samples":[{"t":…,"ax":…,"ay":…,"az":…,"gx":…,"gy":…,"gz":…}]}`, or the bare array.
///
/// `t` is in seconds, `ax` to `az` in m/s², `gx` to `gz` in rad/s. All samples have a gyroscope's values or none has;
/// the same holds for the accelerometer's. Other keys are ignored.
///
/// There are no raw codes, so clipping is inferred: where at least three samples of an axis equal its largest value in
/// the whole recording exactly, all of these are flagged; the same for its smallest. (Noise makes an unclipped extreme
/// a single sample. A constant axis is flagged throughout: nothing can be learned from it either.)
public enum SamplesFile {
  /// The largest file, in bytes.
  public static let sizeLimit = 64 << 20
  /// How many samples must equal an extreme for it to count as full scale.
  public static let clippingRun = 3

  /// Reads a file.
  ///
  /// - Throws: `CaptureError` naming the index and key of a sample that is malformed.
  public static func read(path: String) throws(CaptureError) -> Capture {
    let bytes = try CaptureFile.read(path, limit: sizeLimit, what: "samples.json")
    var capture = try parse(bytes, file: path)
    let name = CaptureFile.lastComponent(of: path)
    capture.label = name.hasSuffix(".json") ? String(name.dropLast(5)) : name
    return capture
  }

  /// Parses the bytes of a file.
  ///
  /// - Parameters:
  ///   - json: the bytes.
  ///   - file: the path, for error texts.
  public static func parse(_ json: [UInt8], file: String) throws(CaptureError) -> Capture {
    var recording = Recording()
    var kinds: Kinds?
    let what = "samples.json, an object with the key \"samples\" or an array of samples"
    try CaptureJSON.read(json, file: file, limit: sizeLimit, what: what) { (reader) throws(JSONReader.Failure) in
      func samples(_ reader: inout JSONReader) throws(JSONReader.Failure) {
        try reader.array { (index, reader) throws(JSONReader.Failure) in
          guard index < Capture.scanLimit else {
            throw reader.fail("is beyond \(Capture.scanLimit) samples, the limit")
          }
          try appendSample(&reader, to: &recording, &kinds)
        }
      }
      guard !reader.isAtArray() else { return try samples(&reader) }
      var found = false
      try reader.object { (key, reader) throws(JSONReader.Failure) in
        guard key == "samples", !found else { return try reader.skip() }
        found = true
        try samples(&reader)
      }
      if !found { throw reader.fail("is missing, expected an array", key: "samples", isMissing: true) }
    }
    recording.clippedAcceleration = inferClipping(recording.acceleration)
    recording.clippedAngularVelocity = inferClipping(recording.angularVelocity)
    let capture = Capture(
      label: CaptureFile.lastComponent(of: file), deviceName: recording.hasGyroscope ? "mpu6050" : "adxl345",
      recording: recording)
    try capture.checkLimits(file: file)
    return capture
  }

  /// Writes a recording.
  ///
  /// Numbers are printed so that reading gives the same `Double`; time stamps are exact to the nanosecond up to
  /// 2^53 ns (104 days).
  ///
  /// - Throws: `CaptureError` if a value is not finite, if there are no scans, or if the file cannot be written.
  public static func write(_ recording: Recording, to path: String) throws(CaptureError) {
    try CaptureFile.write(json(of: recording, file: path), to: path)
  }

  /// The bytes of a file; `file` is its path, for error texts.
  public static func json(of recording: Recording, file: String = "samples.json") throws(CaptureError) -> [UInt8] {
    try requireWritable(recording, file: file)
    var text = "{\"samples\":[\n"
    text.reserveCapacity(recording.count * 150)
    for index in 0..<recording.count {
      var numbers = [("t", Double(recording.timestamps[index]) / 1e9)]
      if recording.hasAccelerometer {
        let force = recording.acceleration[index]
        numbers += [("ax", force.x), ("ay", force.y), ("az", force.z)]
      }
      if recording.hasGyroscope {
        let rate = recording.angularVelocity[index]
        numbers += [("gx", rate.x), ("gy", rate.y), ("gz", rate.z)]
      }
      if index > 0 { text += ",\n" }
      var separator = "{"
      for (key, value) in numbers {
        guard value.isFinite else {
          throw CaptureError(
            kind: .unwritable, file: file, place: "scan \(index), \(key)",
            problem: "is \(value), expected a finite number", advice: "leave such scans out")
        }
        text += "\(separator)\"\(key)\":\(value)"
        separator = ","
      }
      text += "}"
    }
    text += "\n]}\n"
    guard text.utf8.count <= sizeLimit else {
      throw CaptureError(
        kind: .tooLarge, file: file, problem: "would be \(text.utf8.count) bytes, the limit is \(sizeLimit)",
        advice: "cut the recording, or keep it as a directory")
    }
    return Array(text.utf8)
  }

  /// Refuses recordings that no file can hold.
  static func requireWritable(_ recording: Recording, file: String) throws(CaptureError) {
    guard !recording.isEmpty, recording.hasAccelerometer || recording.hasGyroscope else {
      throw CaptureError(
        kind: .unwritable, file: file, problem: "there are no samples to write, expected at least one",
        advice: "record again")
    }
    guard recording.isConsistent else {
      throw CaptureError(
        kind: .unwritable, file: file, problem: "the recording's arrays differ in length, expected one entry per scan",
        advice: "report this: it is a fault of the program")
    }
    let plausible = -ScanDecoder.latestTimestamp...ScanDecoder.latestTimestamp
    if let index = recording.timestamps.firstIndex(where: { !plausible.contains($0) }) {
      throw CaptureError(
        kind: .unwritable, file: file, place: "scan \(index)",
        problem: "time stamp \(recording.timestamps[index]) ns, expected nanoseconds within 146 years of zero",
        advice: "leave such scans out")
    }
  }

  /// The axes that are at an extreme which at least `clippingRun` samples share.
  static func inferClipping(_ values: [SIMD3<Double>]) -> [AxisFlags] {
    var flags = [AxisFlags](repeating: [], count: values.count)
    for axis in 0..<3 {
      var largest = -Double.infinity
      var smallest = Double.infinity
      for value in values {
        largest = max(largest, value[axis])
        smallest = min(smallest, value[axis])
      }
      for extreme in [largest, smallest] where values.count(where: { $0[axis] == extreme }) >= clippingRun {
        for index in values.indices where values[index][axis] == extreme { flags[index].insert(AxisFlags(axis: axis)) }
      }
    }
    return flags
  }

  /// Which sensors the samples have; the first one decides.
  private struct Kinds {
    var force: Bool
    var rate: Bool
  }

  private static let keys = ["t", "ax", "ay", "az", "gx", "gy", "gz"]

  private static func appendSample(
    _ reader: inout JSONReader, to recording: inout Recording, _ kinds: inout Kinds?
  ) throws(JSONReader.Failure) {
    var values = SIMD8<Double>()
    var present: UInt8 = 0
    func has(_ column: Int) -> Bool { present >> UInt8(column) & 1 == 1 }
    try reader.object { (key, reader) throws(JSONReader.Failure) in
      // A key that is null is as good as absent.
      if reader.takeNull() { return }
      guard let column = keys.firstIndex(of: key) else { return try reader.skip() }
      values[column] = try reader.number()
      present |= 1 << UInt8(column)
      guard column > 0 || abs((values[0] * 1e9).rounded()) < 0x1p62 else {
        throw reader.fail("is \(values[0]), expected seconds within 146 years of zero")
      }
    }
    guard has(0) else { throw reader.fail("is missing, expected seconds", key: "t", isMissing: true) }
    let expected = kinds ?? Kinds(force: (1...3).contains(where: has), rate: (4...6).contains(where: has))
    kinds = expected
    guard expected.force || expected.rate else {
      throw reader.fail(
        "has neither ax, ay, az (m/s²) nor gx, gy, gz (rad/s), expected at least one of them", isMissing: true)
    }
    for column in 1...6 where has(column) != (column <= 3 ? expected.force : expected.rate) {
      throw reader.fail(
        has(column)
          ? "is present although the first sample lacks it, expected it in all samples or in none"
          : "is missing, expected a number as in the first sample", key: keys[column], isMissing: !has(column))
    }
    recording.append(
      timestamp: Int64((values[0] * 1e9).rounded()),
      acceleration: expected.force ? SIMD3(values[1], values[2], values[3]) : nil,
      angularVelocity: expected.rate ? SIMD3(values[4], values[5], values[6]) : nil)
  }
}
