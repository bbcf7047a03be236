public import Platform

/// Why an input device cannot be used. The descriptions say what to do.
public enum EvdevError: Error, Sendable, Hashable {
  /// /dev/input cannot be read.
  case cannotList(directory: String, SystemErrno)
  /// The device cannot be opened.
  case cannotOpen(path: String, SystemErrno)
  /// The file is there, but it is not an input device.
  case notAnInputDevice(path: String, operation: String)
  /// The kernel refused a question or a setting; `operation` is the request as linux/input.h names it.
  case kernelRefused(path: String, operation: String, SystemErrno)
  /// A read failed.
  case cannotRead(path: String, SystemErrno)
  /// The device was disconnected, or its driver unbound.
  case deviceGone(path: String)
  /// No device has this name or path; `available` are those there are, and `forbidden` those that this process may not
  /// open.
  case noSuchDevice(String, available: [String], forbidden: [String])
  /// Several devices have this name.
  case ambiguousName(String, paths: [String])
  /// The system refused a thread or a descriptor.
  case resourcesExhausted(SystemErrno)
}

extension EvdevError {
  /// The error of a failed request, of which some have a case of their own.
  static func refused(path: String, operation: String, _ error: SystemErrno) -> EvdevError {
    switch error {
    case .noDevice: .deviceGone(path: path)
    // An ioctl that the file's driver does not know.
    case .notATerminal: .notAnInputDevice(path: path, operation: operation)
    default: .kernelRefused(path: path, operation: operation, error)
    }
  }
}

extension EvdevError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .cannotList(let directory, let error):
      "cannot read the directory \(directory) (\(error)); it should hold the input devices event0, event1, …"
    case .cannotOpen(let path, let error) where error.saysForbidden:
      "cannot open \(path) (\(error)); the user needs the group that owns it: usermod -aG input USER and a new login, "
        + "or a udev rule that gives the device to another group"
    case .cannotOpen(let path, let error) where error == .noEntry:
      "cannot open \(path) (\(error)); the numbers of event devices change between boots, so prefer the device's name, "
        + "or a link in /dev/input/by-path"
    case .cannotOpen(let path, let error): "cannot open \(path) (\(error)); expected an input device"
    case .notAnInputDevice(let path, let operation):
      "\(path) is not an input device (\(operation): ENOTTY); expected one of /dev/input/event*"
    case .kernelRefused(let path, let operation, let error):
      "\(operation) on \(path) failed (\(error)); see the kernel's log (dmesg) for its driver"
    case .cannotRead(let path, let error):
      "reading \(path) failed (\(error)); see the kernel's log (dmesg) for its driver"
    case .deviceGone(let path):
      "\(path) is gone: the device was disconnected or its driver unbound; connect it again"
    case .noSuchDevice(let name, let available, let forbidden):
      "no input device is called \(name); there are: \(Self.list(available))"
        + (forbidden.isEmpty
          ? ""
          : "; not allowed to open \(forbidden.joined(separator: ", ")): usermod -aG input USER and a new login, "
            + "or a udev rule, would")
    case .ambiguousName(let name, let paths):
      "several input devices are called \(name): \(paths.joined(separator: ", ")); give the path instead, best one of "
        + "/dev/input/by-path"
    case .resourcesExhausted(let error):
      "the system refused a thread or a descriptor (\(error)); close other programs or raise the limits (ulimit -n, -u)"
    }
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.joined(separator: ", ")
  }
}
