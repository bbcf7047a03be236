internal import Platform

extension ControlsError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .invalidConfiguration(let problem): problem
    case .noChips:
      "there is no GPIO chip (/dev/gpiochip*); load its driver; a button may also be an input key"
    case .chipNotFound(let name, let available, let forbidden):
      "no GPIO chip has the path, name or label \(name); there are: \(Self.list(available))" + Self.rights(forbidden)
    case .chipAmbiguous(let label, let paths):
      "several GPIO chips are labelled \(label): \(Self.list(paths)); give the path or the name instead"
    case .lineNotFound(let name, let chips, let near, let forbidden):
      "no GPIO line is called \(name) on \(Self.list(chips))"
        + (near.isEmpty ? "" : "; did you mean \(Self.list(near))?")
        + "; gpioinfo lists all lines, and a number is taken as the line's offset" + Self.rights(forbidden)
    case .lineAmbiguous(let name, let places):
      "several GPIO lines are called \(name): \(Self.list(places)); give the chip and the offset instead"
    case .offsetOutOfRange(let offset, let chip, let count):
      "there is no line \(offset) on \(chip), which has \(count) lines, numbered from 0"
    case .lineInUse(let line, let chip, let consumer):
      "\(line) of \(chip) cannot be requested (EBUSY): it is held by "
        + (consumer.isEmpty ? "something that gives no name" : "\"\(consumer)\"")
        + "; stop that program, remove the device tree overlay that claims the line, or take another line"
    case .accessDenied(let path, let operation, let error): Self.denied(path, operation, error)
    case .gpio(let operation, let line, let chip, let error):
      "\(operation) failed on \(line.map { "\($0) of \(chip)" } ?? chip) (\(error)); "
        + (error.saysUnsupported
          ? "the chip's driver does not offer that: take another line, or other settings"
          : "see the kernel's log (dmesg) for the chip's driver")
    case .chipGone(let line, let chip):
      "\(line) of \(chip) is gone (ENODEV): the chip was disconnected or its driver unbound; connect it and start again"
    case .ledNotFound(let name, let available, let near):
      "there is no /sys/class/leds/\(name)" + (near.isEmpty ? "" : "; did you mean \(Self.list(near))?")
        + "; there are: \(Self.list(available))"
    case .led(let operation, let path, let error):
      "\(operation) failed on \(path) (\(error)); see the kernel's log (dmesg) for the LED's driver"
    case .ledUnexpected(let path, let expected):
      "\(path) does not hold \(expected); is it an LED of the kernel's LED class?"
    case .keyUnknown(let name, let near):
      "\(name) is not a key; expected a name of linux/input-event-codes.h such as KEY_WPS_BUTTON or BTN_0, or its number"
        + (near.isEmpty ? "" : "; did you mean \(Self.list(near))?")
    case .keyNotOffered(let key, let device, let keys):
      "\(device) has no \(key); it has: \(Self.list(keys))"
    case .noDeviceWithKey(let key, let forbidden):
      "no input device has \(key); a gpio-keys node in the device tree makes one"
        + (forbidden.isEmpty
          ? ""
          : "; not allowed to open \(Self.list(forbidden)): usermod -aG input USER and a new login, or a udev rule, would")
    case .severalDevicesWithKey(let key, let devices):
      "several input devices have \(key): \(Self.list(devices)); give the device too"
    case .input(let error): error.description
    case .alreadyListening(let place): "somebody listens to the button \(place) already; end that stream first"
    case .closed(let place): "the button \(place) is closed; open it again"
    case .resourcesExhausted(let error):
      "the system refused a thread or a descriptor (\(error)); close other programs or raise the limits (ulimit -n, -u)"
    }
  }

  private static func denied(_ path: String, _ operation: String, _ error: SystemErrno) -> String {
    let remedy =
      path.hasPrefix("/sys/class/leds")
      ? "run as root, or add a udev rule that gives the LED's brightness and trigger to a group of the user"
      : "the user needs the group that owns it: usermod -aG gpio USER and a new login; where there is no group gpio, a "
        + "udev rule such as SUBSYSTEM==\"gpio\", GROUP=\"gpio\", MODE=\"0660\" makes it the owner"
    return "\(operation) failed on \(path) (\(error)); \(remedy)"
  }

  private static func rights(_ paths: [String]) -> String {
    paths.isEmpty
      ? "" : "; not allowed to open \(list(paths)): usermod -aG gpio USER and a new login, or a udev rule, would"
  }

  private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
