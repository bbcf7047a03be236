internal import Platform

/// What an input line is wired to inside the chip.
public enum LineBias: String, Sendable, Hashable, CaseIterable {
  /// A pull-up resistor: for a button to ground.
  case pullUp = "pull-up"
  /// A pull-down resistor: for a button to the supply.
  case pullDown = "pull-down"
  /// Nothing: the board has a resistor.
  case disabled = "none"
  /// Whatever it was set to before, by the boot loader or the device tree.
  case unchanged = "as-is"
}

/// What a line is requested as.
struct LineSettings: Sendable, Hashable {
  enum Direction: Sendable, Hashable {
    /// Reports both edges, stamped with CLOCK_MONOTONIC.
    case input(bias: LineBias, debounceMicroseconds: UInt)
    case output(isActive: Bool)
  }

  var direction: Direction
  /// Whether a low voltage is the active level.
  var isActiveLow: Bool
}

/// What the kernel says about a line (gpiod_line_info).
struct LineInfo: Sendable, Hashable {
  /// `nil` for a line without a name.
  var name: String?
  var isUsed = false
  /// Who uses it; empty if it gave no name.
  var consumer = ""
}

/// An edge that the kernel reports.
struct LineEdge: Sendable, Hashable {
  /// Whether the line became active, active-low being taken into account.
  var isActive: Bool
  /// CLOCK_MONOTONIC.
  var nanoseconds: Int64
  /// Counts the edges of this line; a gap tells that the kernel's queue overflowed.
  var sequence: UInt
}

/// The part of libgpiod that is used here, narrow enough to be played by a test.
protocol GPIOLibrary: Sendable {
  /// The paths of the GPIO chips, in the order of their numbers, without links to others.
  func chipPaths() throws(SystemErrno) -> [String]
  func openChip(_ path: String) throws(SystemErrno) -> any GPIOChip
}

/// An open chip, closed with the last reference. For one thread.
protocol GPIOChip {
  /// Such as `/dev/gpiochip0`.
  var path: String { get }
  /// Such as `gpiochip0`.
  var name: String { get }
  /// Such as `pinctrl-bcm2711`.
  var label: String { get }
  var lineCount: Int { get }
  func info(ofLine offset: Int) throws(SystemErrno) -> LineInfo
  func request(line offset: Int, _ settings: LineSettings, consumer: String) throws(SystemErrno) -> any GPIOLine
}

/// A line that this process holds; released with the last reference.
protocol GPIOLine: Sendable {
  /// For poll(2).
  var fileDescriptor: Int32 { get }
  /// The edges that wait, some dozens at most; empty if there are none.
  func readEdges() throws(SystemErrno) -> [LineEdge]
  func isActive() throws(SystemErrno) -> Bool
  func setActive(_ isActive: Bool) throws(SystemErrno)
}
