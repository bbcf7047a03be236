extension InputDeviceDescription {
  /// The bit of EVIOCGPROP for INPUT_PROP_ACCELEROMETER.
  private static let accelerometerProperty: UInt16 = 6

  /// Asks an open device what it is.
  init(path: String, descriptor: Int32, kernel: some InputKernel) throws(EvdevError) {
    func ask(_ query: InputQuery, _ operation: String) throws(EvdevError) -> [UInt8] {
      do { return try kernel.ask(query, of: descriptor) } catch {
        throw .refused(path: path, operation: operation, error)
      }
    }
    /// Of a text that a driver need not have.
    func text(_ query: InputQuery, _ operation: String) throws(EvdevError) -> String {
      do { return printable(try kernel.ask(query, of: descriptor)) } catch {
        if error == .noEntry { return "" }
        throw .refused(path: path, operation: operation, error)
      }
    }
    // EVIOCGBIT first: it is what tells an input device from any other file.
    let types = bits(try ask(.eventBits(type: InputEvent.Kind.synchronisation), "EVIOCGBIT(0)"))
    self.init(
      path: path,
      name: try text(.name, "EVIOCGNAME"),
      physicalPath: try text(.physicalPath, "EVIOCGPHYS"),
      isAccelerometer: bits(try ask(.properties, "EVIOCGPROP")).contains(Self.accelerometerProperty))
    if types.contains(InputEvent.Kind.key) {
      keys = Set(
        bits(try ask(.eventBits(type: InputEvent.Kind.key), "EVIOCGBIT(EV_KEY)")).map(KeyCode.init(code:)))
    }
    if types.contains(InputEvent.Kind.absolute) {
      for code in bits(try ask(.eventBits(type: InputEvent.Kind.absolute), "EVIOCGBIT(EV_ABS)")) {
        let axis = AbsoluteAxis(code: code)
        axes[axis] = try kernel.state(of: axis, path: path, descriptor: descriptor).limits
      }
    }
    if types.contains(InputEvent.Kind.miscellaneous) {
      hasDeviceTimestamps = bits(try ask(.eventBits(type: InputEvent.Kind.miscellaneous), "EVIOCGBIT(EV_MSC)"))
        .contains(InputEvent.mscTimestamp)
    }
  }
}

extension InputDeviceState {
  /// Asks an open device for the state of everything in its description.
  init(of description: InputDeviceDescription, descriptor: Int32, kernel: some InputKernel) throws(EvdevError) {
    self.init()
    if !description.keys.isEmpty {
      do {
        keysDown = Set(bits(try kernel.ask(.keyState, of: descriptor)).map(KeyCode.init(code:)))
          .intersection(description.keys)
      } catch { throw .refused(path: description.path, operation: "EVIOCGKEY", error) }
    }
    for axis in description.axes.keys {
      axes[axis] = try kernel.state(of: axis, path: description.path, descriptor: descriptor).value
    }
  }
}

extension InputKernel {
  fileprivate func state(
    of axis: AbsoluteAxis, path: String, descriptor: Int32
  ) throws(EvdevError) -> AbsoluteAxisState {
    do { return try self.axis(axis, of: descriptor) } catch {
      throw .refused(path: path, operation: "EVIOCGABS(\(axis))", error)
    }
  }
}

/// The numbers of the bits that are set.
private func bits(_ bytes: [UInt8]) -> Set<UInt16> {
  var numbers: Set<UInt16> = []
  for (index, byte) in bytes.prefix(1024).enumerated() where byte != 0 {
    for bit in 0..<8 where byte & (1 << bit) != 0 { numbers.insert(UInt16(index * 8 + bit)) }
  }
  return numbers
}

/// The text before the first zero byte; a device chooses it, so that it may hold anything.
private func printable(_ bytes: [UInt8]) -> String {
  var text = String.UnicodeScalarView()
  for scalar in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: text.append("?")
    default: text.append(scalar)
    }
  }
  return String(text)
}
