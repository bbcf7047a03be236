public import Evdev
public import Platform

/// Why a button or a light cannot be used. The descriptions say what to do.
public enum ControlsError: Error, Sendable, Hashable {
  /// The configuration cannot work; the text says what is wrong with it.
  case invalidConfiguration(String)
  /// There is no /dev/gpiochip*.
  case noChips
  /// No chip has this path, name or label. `available` are those there are, `forbidden` the paths that this process may
  /// not open.
  case chipNotFound(String, available: [String], forbidden: [String])
  /// Several chips have this label.
  case chipAmbiguous(String, paths: [String])
  /// No line has this name on the chips that were searched; `near` are names like it.
  case lineNotFound(String, chips: [String], near: [String], forbidden: [String])
  /// Several lines have this name.
  case lineAmbiguous(String, places: [String])
  /// The chip has fewer lines.
  case offsetOutOfRange(Int, chip: String, lineCount: Int)
  /// Another program or a driver of the kernel has the line; `consumer` is what it calls itself.
  case lineInUse(line: String, chip: String, consumer: String)
  /// The process lacks the right to open a file.
  case accessDenied(path: String, operation: String, SystemErrno)
  /// The kernel refused an operation on a chip, or on a line of it.
  case gpio(operation: String, line: String?, chip: String, SystemErrno)
  /// The chip was disconnected, or its driver unbound.
  case chipGone(line: String, chip: String)
  /// No LED of /sys/class/leds has this name; `near` are names like it.
  case ledNotFound(String, available: [String], near: [String])
  /// A file of an LED cannot be read or written.
  case led(operation: String, path: String, SystemErrno)
  /// What is in a file of an LED is not what the kernel's documentation says.
  case ledUnexpected(path: String, expected: String)
  /// That is not the name or number of a key; `near` are names like it.
  case keyUnknown(String, near: [String])
  /// The input device has no such key; `keys` are some that it has.
  case keyNotOffered(KeyCode, device: String, keys: [String])
  /// No input device has the key.
  case noDeviceWithKey(KeyCode, forbidden: [String])
  /// Several input devices have the key.
  case severalDevicesWithKey(KeyCode, devices: [String])
  /// The input device cannot be used.
  case input(EvdevError)
  /// Somebody listens to the button already.
  case alreadyListening(String)
  /// The button was closed.
  case closed(String)
  /// The system refused a thread or a descriptor.
  case resourcesExhausted(SystemErrno)
}
