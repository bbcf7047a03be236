internal import Evdev

/// Which key of which input device is the button.
public struct InputKeyConfiguration: Sendable, Hashable {
  /// The device's path or name, such as `/dev/input/event0` or `gpio-keys`; `nil` for the only device that has the key.
  public var device: String?
  /// The key's name, such as `KEY_WPS_BUTTON` or `BTN_0`, or its number.
  public var key: String
  /// How long a long press takes; `nil` for none. 0.1 s to 60 s.
  public var holdAfter: Duration?

  /// A configuration from its parts.
  public init(device: String? = nil, key: String, holdAfter: Duration? = .seconds(2)) {
    self.device = device
    self.key = key
    self.holdAfter = holdAfter
  }
}

/// A key of an input device: of `gpio-keys`, where the device tree gives the kernel the button, or of anything else.
public final class InputKeyButton: Button {
  /// Such as `KEY_WPS_BUTTON of /dev/input/event0 (gpio-keys)`.
  public let place: String
  /// Always empty: the kernel debounces, and there is nothing else to ask for.
  public let notes: [String] = []
  private let listener: ButtonListener

  /// Finds and opens the device.
  public convenience init(_ configuration: InputKeyConfiguration) throws(ControlsError) {
    try self.init(configuration, devices: InputDevices())
  }

  init(_ configuration: InputKeyConfiguration, devices: InputDevices) throws(ControlsError) {
    guard let key = KeyCode(configuration.key) else {
      throw .keyUnknown(configuration.key, near: KeyCode.names(like: configuration.key))
    }
    try checkHold(configuration.holdAfter)
    let device = try Self.open(configuration.device, key: key, devices: devices)
    place = "\(key) of \(device.description.text)"
    listener = ButtonListener(
      source: InputKeySource(device: device, key: key),
      times: PressTimes(debounce: 0, holdAfter: configuration.holdAfter?.nanoseconds), place: place)
  }

  /// Presses and releases; see ``Button/events()``. Autorepeat is ignored.
  public func events() -> AsyncStream<ButtonEvent> { listener.events() }

  /// Ends the stream and closes the device.
  public func close() { listener.close() }

  private static func open(
    _ reference: String?, key: KeyCode, devices: InputDevices
  ) throws(ControlsError) -> InputDevice {
    let reference = if let reference { reference } else { try pathOfOnlyDevice(with: key, devices) }
    let device: InputDevice
    do { device = try devices.open(reference) } catch { throw .input(error) }
    guard device.description.keys.contains(key) else {
      let keys = device.description.keys.sorted { $0.code < $1.code }
      throw .keyNotOffered(
        key, device: device.description.text,
        keys: keys.prefix(12).map(\.description) + (keys.count > 12 ? ["and \(keys.count - 12) more"] : []))
    }
    return device
  }

  private static func pathOfOnlyDevice(with key: KeyCode, _ devices: InputDevices) throws(ControlsError) -> String {
    let listing: InputDevices.Listing
    do { listing = try devices.list() } catch { throw .input(error) }
    let matches = listing.devices.filter { $0.keys.contains(key) }
    guard let match = matches.first else { throw .noDeviceWithKey(key, forbidden: listing.forbiddenPaths) }
    guard matches.count == 1 else { throw .severalDevicesWithKey(key, devices: matches.map(\.text)) }
    return match.path
  }
}

extension InputDeviceDescription {
  /// Such as `/dev/input/event0 (gpio-keys)`.
  fileprivate var text: String { name.isEmpty ? path : "\(path) (\(name))" }
}

/// The edges of one key.
struct InputKeySource: EdgeSource {
  let device: InputDevice
  let key: KeyCode

  var fileDescriptor: Int32 { device.fileDescriptor }

  func begin() throws(ControlsError) -> Bool {
    while try !events().isEmpty {}
    do { return try device.state().keysDown.contains(key) } catch { throw .input(error) }
  }

  func read() throws(ControlsError) -> [EdgeReport] {
    try events().flatMap { event -> [EdgeReport] in
      switch event {
      case .packets(let packets): packets.flatMap(\.events).compactMap(report)
      case .resynchronised(let state, _): [.level(isDown: state.keysDown.contains(key))]
      // Reading throws it instead.
      case .failed: []
      }
    }
  }

  private func events() throws(ControlsError) -> [InputDeviceEvent] {
    do { return try device.readAvailable() } catch { throw .input(error) }
  }

  /// Value 2 is autorepeat, which is no edge.
  private func report(of event: InputEvent) -> EdgeReport? {
    guard event.type == InputEvent.Kind.key, event.code == key.code, (0...1).contains(event.value) else { return nil }
    return .edge(isDown: event.value == 1, nanoseconds: event.monotonicNanoseconds)
  }
}
