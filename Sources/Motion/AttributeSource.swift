/// Where the attribute values of a captured device come from: `context.xml` where it has them, else `capture.json`.
package struct AttributeSource {
  /// The captured device.
  let device: IIOContext.Device
  /// The values that `capture.json` has.
  let values: [String: String]
  /// Path of `context.xml`, for error texts.
  let contextPath: String
  /// Path of `capture.json`, for error texts.
  let manifestPath: String

  /// Looks values up for a device.
  package init(device: IIOContext.Device, values: [String: String], contextPath: String, manifestPath: String) {
    self.device = device
    self.values = values
    self.contextPath = contextPath
    self.manifestPath = manifestPath
  }

  /// A value and where it was found.
  struct Value {
    var text: String
    var file: String
    var place: String
  }

  /// A channel's value of an attribute, looked up from the most specific place to the least.
  func value(_ name: String, of channel: IIOContext.Channel) -> Value? {
    let attribute = channel.attributes[name]
    if let text = attribute?.value {
      let place = "line \(channel.line), attribute \(name) of \(channel.id.quotedForError)"
      return Value(text: text, file: contextPath, place: place)
    }
    let kind = String(channel.id.prefix { $0 != "_" })
    let keys = [attribute?.filename, "in_\(channel.id)_\(name)", "in_\(kind)_\(name)", "in_\(name)"]
    for key in keys.compactMap({ $0 }) {
      if let text = values[key] {
        return Value(text: text, file: manifestPath, place: "key \("attributes.\(key)".quotedForError)")
      }
    }
    return nil
  }

  /// SI units per code.
  package func scale(
    of channel: IIOContext.Channel, _ element: IIOContext.ScanElement
  ) throws(CaptureError) -> Double {
    // A scale is never this far from one: the range only keeps every product of code and scale finite and not all zero.
    let plausible = 1e-12...1e6
    let expected = "expected a number of SI units per code, its magnitude from 1e-12 to 1e6"
    let printed = element.scale.map {
      Value(text: $0, file: contextPath, place: "line \(element.line), scale of \(channel.id.quotedForError)")
    }
    func number(_ value: Value) throws(CaptureError) -> Double {
      guard let number = parseDecimal(value.text), plausible.contains(abs(number)) else {
        throw malformed(value, expected, advice: "write the device's in_*_scale there")
      }
      return number
    }
    guard let exact = value("scale", of: channel) else {
      guard let printed else {
        throw CaptureError(
          kind: .missing, file: contextPath, place: "line \(channel.line), channel \(channel.id.quotedForError)",
          problem: "has no scale, \(expected)",
          advice: "add the device's in_*_scale under \"attributes\" in capture.json")
      }
      return try number(printed)
    }
    let scale = try number(exact)
    // libiio before 1.0 prints six decimals, which leaves nothing of a small scale and little of a middling one.
    if let printed {
      guard let rounded = parseDecimal(printed.text) else {
        throw malformed(printed, expected, advice: "make the context again with iio_genxml")
      }
      guard abs(rounded - scale) <= 1e-6 + 1e-3 * abs(scale) else {
        throw CaptureError(
          kind: .malformed, file: exact.file, place: exact.place,
          problem: "scale \(scale), but the scan element in \(contextPath) (\(printed.place)) says \(rounded)",
          advice: "keep the one that held while recording")
      }
    }
    return scale
  }

  /// What is added to a code before scaling; 0 if nothing is known of one.
  package func offset(of channel: IIOContext.Channel) throws(CaptureError) -> Double {
    guard let value = value("offset", of: channel) else { return 0 }
    guard let number = parseDecimal(value.text), abs(number) <= 1e12 else {
      throw malformed(value, "expected a number of codes", advice: "write the device's in_*_offset there")
    }
    return number
  }

  /// The mount matrix of a sensor ("accel", "anglvel"); the identity if nothing is known of one.
  package func mountMatrix(_ kind: String) throws(CaptureError) -> MountMatrix {
    var result: MountMatrix?
    for axis in ["x", "y", "z"] {
      guard let channel = device.channels.first(where: { $0.id == "\(kind)_\(axis)" }),
        let value = value("mount_matrix", of: channel) ?? deviceMatrix
      else { continue }
      guard let matrix = MountMatrix(value.text) else {
        throw malformed(
          value, "expected a rotation such as \"1, 0, 0; 0, 1, 0; 0, 0, 1\"",
          advice: "write the device's mount_matrix there")
      }
      guard result == nil || result == matrix else {
        throw malformed(value, "expected the same matrix for all axes of \(kind)", advice: "keep that of the device")
      }
      result = matrix
    }
    return result ?? .identity
  }

  private var deviceMatrix: Value? {
    for key in ["mount_matrix", "in_mount_matrix"] {
      if let text = device.attributes[key] {
        return Value(text: text, file: contextPath, place: "line \(device.line), attribute \(key)")
      }
      if let text = values[key] { return Value(text: text, file: manifestPath, place: "key \"attributes.\(key)\"") }
    }
    return nil
  }

  /// The rate the sensor was set to, in Hz; nil if nothing is known of one.
  package func samplingFrequency() throws(CaptureError) -> Double? {
    let name = "sampling_frequency"
    var found: Value?
    if let text = device.attributes[name] {
      found = Value(text: text, file: contextPath, place: "line \(device.line), attribute \(name)")
    } else if let text = values[name] {
      found = Value(text: text, file: manifestPath, place: "key \"attributes.\(name)\"")
    } else {
      for channel in device.channels where channel.id.hasPrefix("accel_") || channel.id.hasPrefix("anglvel_") {
        found = found ?? value(name, of: channel)
      }
    }
    guard let found else { return nil }
    guard let rate = parseDecimal(found.text), rate > 0, rate <= 1e6 else {
      throw malformed(found, "expected a rate in Hz above 0", advice: "write the device's sampling_frequency there")
    }
    return rate
  }

  private func malformed(_ value: Value, _ expected: String, advice: String) -> CaptureError {
    CaptureError(
      kind: .malformed, file: value.file, place: value.place, problem: "is \(value.text.quotedForError), \(expected)",
      advice: advice)
  }
}
