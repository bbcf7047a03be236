/// Brings the XML of a context up to date: libiio prints scales there as they were when it made the context, and those
/// that were set since are others. Readers of captures refuse the contradiction.
enum ContextScales {
  /// Puts scales into the scan elements of a device.
  ///
  /// Anything that does not look as libiio 0.x writes it stays as it is.
  ///
  /// - Parameters:
  ///   - scales: by channel identifier, with six decimals as libiio prints them.
  ///   - device: identifier of the device.
  ///   - xml: the document.
  static func put(_ scales: [String: Double], ofDevice device: String, into xml: [UInt8]) -> [UInt8] {
    var result = xml
    guard let start = find("<device id=\"\(device)\"", in: result, from: 0) else { return xml }
    for (channel, scale) in scales.sorted(by: { $0.key < $1.key }) {
      let end = find("</device>", in: result, from: start) ?? result.count
      guard let element = find("<channel id=\"\(channel)\" type=\"input\"", in: result, from: start), element < end,
        let scan = find("<scan-element ", in: result, from: element),
        let close = find("</channel>", in: result, from: element), scan < close, close < end,
        let attribute = find(" scale=\"", in: result, from: scan),
        let tagEnd = find("/>", in: result, from: scan), attribute < tagEnd
      else { continue }
      let first = attribute + " scale=\"".utf8.count
      guard let quote = result[first...].firstIndex(of: UInt8(ascii: "\"")), quote < tagEnd else { continue }
      result.replaceSubrange(first..<quote, with: Array(sixDecimals(scale).utf8))
    }
    return result
  }

  /// A number as printf's "%f" writes it, without its dependence on the locale.
  static func sixDecimals(_ value: Double) -> String {
    let millionths = (abs(value) * 1e6).rounded()
    guard millionths < 1e18 else { return "\(value)" }
    let whole = UInt64(millionths)
    let fraction = String(whole % 1_000_000)
    let sign = value < 0 && whole > 0 ? "-" : ""
    return "\(sign)\(whole / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
  }

  private static func find(_ text: String, in bytes: [UInt8], from start: Int) -> Int? {
    let pattern = Array(text.utf8)
    guard let head = pattern.first, bytes.count >= pattern.count else { return nil }
    var index = start
    while index <= bytes.count - pattern.count {
      guard let candidate = bytes[index...].firstIndex(of: head), candidate <= bytes.count - pattern.count else {
        return nil
      }
      if bytes[candidate..<candidate + pattern.count].elementsEqual(pattern) { return candidate }
      index = candidate + 1
    }
    return nil
  }
}
