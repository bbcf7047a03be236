internal import Platform

/// A line that this process holds, and the words for it.
struct HeldLine: Sendable {
  let line: any GPIOLine
  /// Such as `line 17 (GPIO17)`.
  let lineText: String
  /// Such as `/dev/gpiochip0 [pinctrl-bcm2711]`.
  let chipText: String

  /// Such as `line 17 (GPIO17) of /dev/gpiochip0 [pinctrl-bcm2711]`.
  var text: String { "\(lineText) of \(chipText)" }

  /// The error of an operation on the line.
  func error(_ operation: String, _ error: SystemErrno) -> ControlsError {
    error == .noDevice
      ? .chipGone(line: lineText, chip: chipText)
      : .gpio(operation: operation, line: lineText, chip: chipText, error)
  }
}

extension HeldLine {
  /// Requests a line that was found.
  init(_ found: GPIOSearch.Found, settings: LineSettings, consumer: String) throws(ControlsError) {
    do { line = try found.chip.request(line: found.offset, settings, consumer: consumer) } catch {
      throw Self.refusal(of: found, error)
    }
    lineText = found.lineText
    chipText = found.chipText
  }

  private static func refusal(of found: GPIOSearch.Found, _ error: SystemErrno) -> ControlsError {
    switch error {
    case .busy:
      let consumer = (try? found.chip.info(ofLine: found.offset))?.consumer ?? ""
      return .lineInUse(line: found.lineText, chip: found.chipText, consumer: consumer)
    case .noDevice: return .chipGone(line: found.lineText, chip: found.chipText)
    case _ where error.saysForbidden:
      return .accessDenied(path: found.chip.path, operation: "requesting \(found.lineText)", error)
    default:
      return .gpio(operation: "requesting the line", line: found.lineText, chip: found.chipText, error)
    }
  }
}
