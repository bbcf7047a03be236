internal import Evdev
internal import Platform

/// Something that can be lit. For one thread at a time.
protocol LightOutput: Sendable {
  func set(_ isOn: Bool) throws(ControlsError)
  /// Gives it back: off, or to whom it belonged. Called once, last.
  func restore() throws(ControlsError)
}

/// An LED on a GPIO line.
struct GPIOLightOutput: LightOutput {
  /// What the kernel and other programs see as the holder of the line.
  static let consumer = "tacc-light"

  let line: HeldLine

  init(_ reference: GPIOLineReference, isActiveLow: Bool, library: any GPIOLibrary) throws(ControlsError) {
    line = try HeldLine(
      GPIOSearch(library: library).find(reference),
      settings: LineSettings(direction: .output(isActive: false), isActiveLow: isActiveLow), consumer: Self.consumer)
  }

  func set(_ isOn: Bool) throws(ControlsError) {
    do { try line.line.setActive(isOn) } catch { throw line.error("setting the level", error) }
  }

  // Some chips keep the level of a line that was released, others do not; off is right for both.
  func restore() throws(ControlsError) { try set(false) }
}

/// An LED of the kernel's LED class (Documentation/ABI/testing/sysfs-class-led).
struct ClassLEDOutput: LightOutput {
  static let directory = "/sys/class/leds"

  let path: String
  /// What brightness is fully on.
  private let maximum: UInt
  /// Who lit the LED before: `none`, or a trigger of the kernel such as `mmc0`.
  private let trigger: String

  init(name: String, directory: String = ClassLEDOutput.directory) throws(ControlsError) {
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
      throw .invalidConfiguration("\"\(name)\" is not the name of an LED; expected one of those in \(directory)")
    }
    path = "\(directory)/\(name)"
    let names: [String]
    do { names = try fileNames(in: directory) } catch {
      throw .led(operation: "listing the LEDs", path: directory, error)
    }
    guard names.contains(name) else {
      throw .ledNotFound(name, available: names.sorted(), near: nearest(names.sorted(), to: name))
    }
    guard let maximum = UInt(try Self.read("\(path)/max_brightness")), maximum > 0 else {
      throw .ledUnexpected(path: "\(path)/max_brightness", expected: "a number above 0")
    }
    self.maximum = maximum
    // All triggers on one line, the one in use in brackets.
    let triggers = try Self.read("\(path)/trigger")
    let current = triggers.split(separator: " ").first { $0.hasPrefix("[") && $0.hasSuffix("]") }
    guard let current, current.count > 2 else {
      throw .ledUnexpected(path: "\(path)/trigger", expected: "a list with one trigger in brackets")
    }
    trigger = String(current.dropFirst().dropLast())
    // A trigger would go on lighting the LED between our changes.
    try Self.write("none", to: "\(path)/trigger")
    try set(false)
  }

  func set(_ isOn: Bool) throws(ControlsError) {
    try Self.write(isOn ? "\(maximum)" : "0", to: "\(path)/brightness")
  }

  func restore() throws(ControlsError) {
    try set(false)
    if trigger != "none" { try Self.write(trigger, to: "\(path)/trigger") }
  }

  private static func read(_ path: String) throws(ControlsError) -> String {
    do { return try contents(of: path) } catch { throw Self.error("reading", path, error) }
  }

  private static func write(_ text: String, to path: String) throws(ControlsError) {
    do { try Controls.write(text, to: path) } catch { throw Self.error("writing \(text)", path, error) }
  }

  private static func error(_ operation: String, _ path: String, _ error: SystemErrno) -> ControlsError {
    error.saysForbidden
      ? .accessDenied(path: path, operation: operation, error)
      : .led(operation: operation, path: path, error)
  }
}
