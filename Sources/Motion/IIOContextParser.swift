/// Reads the XML that `iio_genxml` prints.
package struct IIOContextParser {
  /// The largest document, in bytes.
  static let sizeLimit = 4 << 20
  private static let indexLimit = 4095
  private static let advice = "make the context again with iio_genxml"

  private let file: String
  private let isStrict: Bool
  private var context = IIOContext()
  private var open: [String] = []

  private init(file: String, isStrict: Bool) {
    self.file = file
    self.isStrict = isStrict
  }

  /// Parses a document.
  ///
  /// - Parameters:
  ///   - bytes: the document, UTF-8.
  ///   - file: its path, for error texts.
  ///   - isStrict: whether a scan element of unknown form is an error. In the context of a living machine it may belong
  ///     to a device that nobody asked about; it then counts as one that cannot be captured.
  /// - Throws: `CaptureError` naming the line.
  package static func parse(
    _ bytes: [UInt8], file: String, isStrict: Bool = true
  ) throws(CaptureError) -> IIOContext {
    guard !bytes.isEmpty else {
      throw CaptureError(
        kind: .malformed, file: file, problem: "is empty, expected the XML of a libiio context", advice: advice)
    }
    guard bytes.count <= sizeLimit else {
      throw CaptureError(
        kind: .tooLarge, file: file, problem: "is larger than \(sizeLimit) bytes, the limit for a context",
        advice: advice)
    }
    if let offset = CaptureFile.firstInvalidUTF8(in: bytes) ?? bytes.firstIndex(of: 0) {
      throw CaptureError(
        kind: .malformed, file: file, place: "byte \(offset)", problem: "is not text, expected XML in UTF-8",
        advice: advice)
    }
    var parser = IIOContextParser(file: file, isStrict: isStrict)
    var reader = XMLReader(bytes)
    while let token = try next(&reader, file: file) {
      switch token {
      case .start(let name, let attributes, let line): try parser.start(name, attributes, line)
      case .end: parser.open.removeLast()
      }
    }
    return parser.context
  }

  private static func next(_ reader: inout XMLReader, file: String) throws(CaptureError) -> XMLReader.Token? {
    do throws(XMLReader.Failure) {
      return try reader.next()
    } catch {
      throw CaptureError(
        kind: .malformed, file: file, place: "line \(error.line)", problem: error.problem, advice: advice)
    }
  }

  private mutating func start(
    _ element: String, _ attributes: [String: String], _ line: Int
  ) throws(CaptureError) {
    let parent = open.last
    open.append(element)
    switch (parent, element) {
    case (nil, "context"):
      context.name = attributes["name"] ?? ""
      context.description = attributes["description"] ?? ""
    case (nil, _):
      throw malformed(line, "root element \(element.quotedForError), expected \"context\"")
    case ("context", "context-attribute"):
      context.attributes[try required("name", of: element, attributes, line)] = attributes["value"] ?? ""
    case ("context", "device"):
      let name = attributes["name"].flatMap { $0.isEmpty ? nil : $0 }
      context.devices.append(
        .init(
          id: try required("id", of: element, attributes, line), name: name, label: attributes["label"], line: line))
    case ("device", "attribute"):
      let name = try required("name", of: element, attributes, line)
      withDevice { $0.attributeNames.append(name) }
      if let value = value(attributes) { withDevice { $0.attributes[name] = value } }
    case ("device", "channel") where attributes["type"] == "output":
      // An output can carry the identifier of an input, but nothing measured: what is inside it belongs nowhere.
      open[open.count - 1] = "output"
    case ("device", "channel"):
      let channel = IIOContext.Channel(id: try required("id", of: element, attributes, line), line: line)
      withDevice { $0.channels.append(channel) }
    case ("channel", "attribute"):
      let name = try required("name", of: element, attributes, line)
      let attribute = IIOContext.Attribute(filename: attributes["filename"], value: value(attributes))
      withChannel { $0.attributes[name] = attribute }
    case ("channel", "scan-element"):
      do throws(CaptureError) {
        let scanElement = try scanElement(attributes, line)
        withChannel { $0.scanElement = scanElement }
      } catch {
        if isStrict { throw error }
      }
    default:
      break  // What other versions of libiio add is skipped.
    }
  }

  private func scanElement(
    _ attributes: [String: String], _ line: Int
  ) throws(CaptureError) -> IIOContext.ScanElement {
    let indexText = try required("index", of: "scan-element", attributes, line)
    guard let index = Int(indexText), (0...Self.indexLimit).contains(index) else {
      throw malformed(
        line, "scan-element index \(indexText.quotedForError), expected a whole number from 0 to \(Self.indexLimit)")
    }
    let formatText = try required("format", of: "scan-element", attributes, line)
    guard let format = ScanFormat(formatText) else {
      throw malformed(
        line,
        "scan-element format \(formatText.quotedForError), expected [be|le]:[s|S|u|U]bits/storage[Xrepeat]>>shift "
          + "with bits + shift within the storage, such as be:S16/16>>0")
    }
    return .init(index: index, format: format, scale: attributes["scale"], line: line)
  }

  private func required(
    _ name: String, of element: String, _ attributes: [String: String], _ line: Int
  ) throws(CaptureError) -> String {
    guard let value = attributes[name], !value.isEmpty else {
      throw malformed(line, "\(element) without attribute \"\(name)\", which libiio always writes")
    }
    return value
  }

  /// An attribute's value, unless the tools wrote that the driver refused to tell.
  private func value(_ attributes: [String: String]) -> String? {
    attributes["value"].flatMap { $0.isEmpty || $0.hasPrefix("ERROR") ? nil : $0 }
  }

  private mutating func withDevice(_ change: (inout IIOContext.Device) -> Void) {
    guard let last = context.devices.indices.last else { return }
    change(&context.devices[last])
  }

  private mutating func withChannel(_ change: (inout IIOContext.Channel) -> Void) {
    withDevice { device in
      guard let last = device.channels.indices.last else { return }
      change(&device.channels[last])
    }
  }

  private func malformed(_ line: Int, _ problem: String) -> CaptureError {
    CaptureError(kind: .malformed, file: file, place: "line \(line)", problem: problem, advice: Self.advice)
  }
}
