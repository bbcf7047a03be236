/// How a button on a GPIO line is wired, and what counts as a press.
public struct GPIOButtonConfiguration: Sendable, Hashable {
  /// The line.
  public var line: GPIOLineReference
  /// What the line is wired to inside the chip.
  public var bias: LineBias
  /// Whether a low voltage means pressed: a button to ground.
  public var isActiveLow: Bool
  /// How long the level must be stable; 0 for a button with a circuit of its own. At most 1 s.
  public var debounce: Duration
  /// How long a long press takes; `nil` for none. 0.1 s to 60 s.
  public var holdAfter: Duration?

  /// A button between the line and ground, with the chip's pull-up, unless said otherwise.
  public init(
    line: GPIOLineReference,
    bias: LineBias = .pullUp,
    isActiveLow: Bool = true,
    debounce: Duration = .milliseconds(10),
    holdAfter: Duration? = .seconds(2)
  ) {
    self.line = line
    self.bias = bias
    self.isActiveLow = isActiveLow
    self.debounce = debounce
    self.holdAfter = holdAfter
  }
}

/// A button on a GPIO line, through libgpiod 2 (the kernel's GPIO character device, interface version 2).
///
/// The line is held from ``init(_:)`` until ``close()``, or until the last reference and the last stream are gone.
public final class GPIOButton: Button {
  /// What the kernel and other programs see as the holder of the line.
  static let consumer = "tacc-button"

  /// Such as `line 17 (GPIO17) of /dev/gpiochip0 [pinctrl-bcm2711]`.
  public let place: String
  /// Which settings the chip refused, and what is done instead.
  public let notes: [String]
  private let listener: ButtonListener

  /// Finds and requests the line.
  public convenience init(_ configuration: GPIOButtonConfiguration) throws(ControlsError) {
    try self.init(configuration, library: LibGPIOD())
  }

  init(_ configuration: GPIOButtonConfiguration, library: any GPIOLibrary) throws(ControlsError) {
    guard (.zero ... .seconds(1)).contains(configuration.debounce) else {
      throw .invalidConfiguration("a debounce of \(configuration.debounce) cannot work; expected 0 to 1 s")
    }
    try checkHold(configuration.holdAfter)
    let found = try GPIOSearch(library: library).find(configuration.line)
    let attempt = try Self.request(found, configuration)
    place = attempt.line.text
    notes = attempt.notes
    listener = ButtonListener(
      source: GPIOEdgeSource(line: attempt.line),
      times: PressTimes(
        debounce: attempt.isDebounced ? 0 : configuration.debounce.nanoseconds,
        holdAfter: configuration.holdAfter?.nanoseconds),
      place: attempt.line.text)
  }

  /// Presses and releases; see ``Button/events()``. With a kernel that debounces, the time of a press is that of the
  /// end of the debounce period.
  public func events() -> AsyncStream<ButtonEvent> { listener.events() }

  /// Ends the stream and releases the line.
  public func close() { listener.close() }

  private struct Attempt {
    var line: HeldLine
    var isDebounced: Bool
    var notes: [String]
  }

  /// Requests the line as configured, then with less, as long as the chip says that it does not offer something: it
  /// does not say what.
  private static func request(
    _ found: GPIOSearch.Found, _ configuration: GPIOButtonConfiguration
  ) throws(ControlsError) -> Attempt {
    let microseconds = UInt(clamping: configuration.debounce.nanoseconds / 1000)
    let biases: [LineBias] = configuration.bias == .unchanged ? [.unchanged] : [configuration.bias, .unchanged]
    let periods: [UInt] = microseconds == 0 ? [0] : [microseconds, 0]
    var refusal: ControlsError?
    for bias in biases {
      for period in periods {
        do {
          let line = try HeldLine(
            found,
            settings: LineSettings(
              direction: .input(bias: bias, debounceMicroseconds: period), isActiveLow: configuration.isActiveLow),
            consumer: consumer)
          return Attempt(
            line: line, isDebounced: period == microseconds,
            notes: notes(
              bias: bias == configuration.bias ? nil : configuration.bias, isDebounceRefused: period != microseconds))
        } catch {
          guard case .gpio(_, _, _, let number) = error, number.saysUnsupported else { throw error }
          // The first says what was asked for.
          refusal = refusal ?? error
        }
      }
    }
    throw refusal ?? .invalidConfiguration("no settings to request the line with")
  }

  private static func notes(bias: LineBias?, isDebounceRefused: Bool) -> [String] {
    var notes: [String] = []
    if let bias {
      notes.append(
        "the chip refuses the bias \(bias.rawValue); the line is used as it is, so the board needs a resistor")
    }
    if isDebounceRefused { notes.append("the kernel refuses to debounce the line; it is debounced here") }
    return notes
  }
}

/// A long press must be one, and must end.
func checkHold(_ holdAfter: Duration?) throws(ControlsError) {
  guard let holdAfter, !(.milliseconds(100) ... .seconds(60)).contains(holdAfter) else { return }
  throw .invalidConfiguration("a long press of \(holdAfter) cannot work; expected 0.1 s to 60 s")
}
