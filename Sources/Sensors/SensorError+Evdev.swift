internal import Evdev

extension SensorError {
  private static let groupRemedy =
    "add the user to the group that owns it (usermod -aG input USER) and log in again, or install a udev rule"

  /// What a failed use of an input device means to whoever wants motion.
  init(_ error: EvdevError) {
    switch error {
    case .cannotList(let directory, let errno):
      self.init(
        kind: errno.saysForbidden ? .permission : .unreachable, operation: "list the input devices", subject: directory,
        code: errno.code, problem: errno.text, remedy: "look into \(directory)")
    case .cannotOpen(let path, let errno) where errno.saysForbidden:
      self.init(
        kind: .permission, operation: "open the input device", subject: path, code: errno.code,
        problem: errno.text, remedy: Self.groupRemedy)
    case .cannotOpen(let path, let errno):
      self.init(
        kind: errno == .noEntry || errno == .noDevice ? .notFound : .inputOutput, operation: "open the input device",
        subject: path, code: errno.code, problem: errno.text,
        remedy: "connect the device; event numbers change between boots, so prefer its name or /dev/input/by-path")
    case .notAnInputDevice(let path, let operation):
      self.init(
        kind: .unsuitable, operation: "use it as a motion sensor", subject: path,
        problem: "it is not an input device (\(operation): ENOTTY)", remedy: "give one of /dev/input/event*, or a name")
    case .kernelRefused(let path, let operation, let errno):
      self.init(
        kind: .refused, operation: "ask the driver (\(operation))", subject: path, code: errno.code,
        problem: errno.text, remedy: "see the kernel's log (dmesg) for its driver")
    case .cannotRead(let path, let errno):
      self.init(
        kind: .inputOutput, operation: "read scans", subject: path, code: errno.code,
        problem: errno.text, remedy: "see the kernel's log (dmesg) for its driver")
    case .deviceGone(let path):
      self.init(
        kind: .unplugged, operation: "read scans", subject: path, problem: "the device is gone",
        remedy: "connect it again")
    case .noSuchDevice(let name, let available, let forbidden):
      let others = available.isEmpty ? "none" : available.joined(separator: ", ")
      self.init(
        kind: forbidden.isEmpty ? .notFound : .permission, operation: "find \(name)", subject: "input devices",
        problem: "there are: \(others)"
          + (forbidden.isEmpty ? "" : "; not allowed to open \(forbidden.joined(separator: ", "))"),
        remedy: forbidden.isEmpty ? "connect it, or give the path or name of one of these" : Self.groupRemedy)
    case .ambiguousName(let name, let paths):
      self.init(
        kind: .invalidSettings, operation: "choose \(name)", subject: "input devices",
        problem: "there are several: \(paths.joined(separator: ", "))", remedy: "give the path of one")
    case .resourcesExhausted(let errno):
      self.init(
        kind: .resources, operation: "wait for the device", subject: "input devices", code: errno.code,
        problem: errno.text, remedy: "close other programs or raise the limits (ulimit -n, -u)")
    }
  }
}
