/// A device that cannot be opened.
public struct DeviceFailure: Error, Sendable, CustomStringConvertible {
  /// Which one.
  public enum Device: String, Sendable, Hashable, CaseIterable {
    /// Where local programs ask.
    case controlSocket = "control socket"
    /// What shows what happens.
    case light
    /// What opens the window.
    case button
  }

  /// Which one.
  public let device: Device
  /// Why.
  public let reason: any Error

  /// What happened, what was expected, what to do.
  public var description: String {
    let text = "the \(device.rawValue) cannot be opened: \(reason)"
    guard let remedy else { return text }
    return "\(text); to do without a \(device.rawValue): \(remedy)"
  }

  private var remedy: String? {
    switch device {
    // What ControlError says already.
    case .controlSocket: nil
    case .light, .button:
      "--set \(device.rawValue).source=none, or in the file [\(device.rawValue)] source = \"none\""
    }
  }
}
