/// Where a line is.
public struct GPIOLineReference: Sendable, Hashable {
  /// Which line of a chip.
  public enum Line: Sendable, Hashable {
    /// By the name that the device tree or the driver gives it, such as `GPIO17`.
    case name(String)
    /// By its number on the chip, from 0.
    case offset(Int)
  }

  /// The chip's path (`/dev/gpiochip0`), name (`gpiochip0`) or label (`pinctrl-rp1`); `nil` searches all chips for the
  /// line's name, which is what works on every Raspberry Pi.
  public var chip: String?
  /// The line.
  public var line: Line

  /// A reference from its parts.
  public init(chip: String? = nil, line: Line) {
    self.chip = chip
    self.line = line
  }

  /// A reference from configured text: a line that is a number is an offset, anything else a name.
  public init(chip: String? = nil, line: String) {
    self.init(chip: chip, line: Int(line).map(Line.offset) ?? .name(line))
  }
}
