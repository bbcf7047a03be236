import Agent
import Controls
import Evdev

/// Whether the lines of button and light are there and free.
struct LineCheck {
  let tree: SystemTree
  let shell: Shell
  let access: AccessCheck
  /// Looks at a line.
  let look: @Sendable (GPIOLineReference) -> Result<LineSurvey, ControlsError>

  func button(_ button: AgentConfiguration.Button) -> [Finding] {
    switch button {
    case .none: return [Finding("button", .ok, "there is none: `tacc press` and SIGUSR1 open the window")]
    case .gpio(let settings): return line(settings.line, "button")
    case .key(let settings):
      do throws(ControlsError) {
        let button = try InputKeyButton(settings)
        defer { button.close() }
        return [Finding("button", .ok, button.place)]
      } catch {
        return [Finding("button", .problem, "\(error)", command: error.isForbidden ? forInput : nil)]
      }
    }
  }

  func light(_ light: AgentConfiguration.Light) -> [Finding] {
    switch light {
    case .none: return [Finding("light", .ok, "there is none (light.source)")]
    case .gpio(let line, _): return self.line(line, "light")
    case .led(let name):
      let file = "/sys/class/leds/\(name)/brightness"
      guard let rights = tree.rights(file) else {
        let names = tree.names(in: "/sys/class/leds").joined(separator: ", ")
        return [Finding("light", .problem, "there is no LED \(name); there are: \(names.isEmpty ? "none" : names)")]
      }
      guard access.subject.may(.write, rights) else {
        return [
          Finding(
            "light", .problem, "\(access.subject.name) may not write \(file)",
            command: shell.root(all: ["chgrp gpio \(file)", "chmod g+w \(file)"]))
        ]
      }
      return [Finding("light", .ok, "the LED \(name)")]
    }
  }

  private func line(_ reference: GPIOLineReference, _ check: String) -> [Finding] {
    let survey: LineSurvey
    switch look(reference) {
    case .success(let found): survey = found
    case .failure(let error):
      guard let path = error.forbiddenPath else { return [Finding(check, .problem, "\(error)")] }
      let finding = access.chip(path, for: check)
      // Its rights may be those of the service, which this user does not have.
      return finding.verdict == .problem
        ? [finding]
        : [finding, Finding(check, .skipped, "this user may not look at the line: run it with sudo")]
    }
    let chip = access.chip(survey.chip, for: check)
    var findings = chip.verdict == .ok ? [] : [chip]
    guard let consumer = survey.consumer else {
      let rights = findings.isEmpty ? ", and \(access.subject.name) may use it" : ""
      return findings + [Finding(check, .ok, "\(survey.place) is free\(rights)")]
    }
    if LineSurvey.ownConsumers.contains(consumer) {
      return findings + [Finding(check, .ok, "\(survey.place) is held by tacc itself")]
    }
    let named = consumer.isEmpty ? "something that gives no name" : "\"\(consumer)\""
    let holders = tree.holders(of: "anon_inode:gpio-line").filter { $0.name != "tacc" }
    let holder =
      holders.first { $0.name.hasPrefix(consumer) || consumer.hasPrefix($0.name) }
      ?? (holders.count == 1 ? holders[0] : nil)
    if let holder {
      findings.append(
        Finding(
          check, .problem, "\(survey.place) is held by \(named), process \(holder.id) (\(holder.name))",
          command: shell.root("kill \(holder.id)")))
    } else if consumer == "sysfs", let number = exported(survey) {
      findings.append(
        Finding(
          check, .problem, "\(survey.place) is exported to /sys/class/gpio",
          command: shell.write("\(number)", to: "/sys/class/gpio/unexport")))
    } else {
      findings.append(
        Finding(
          check, .problem,
          "\(survey.place) is held by \(named), a driver of the kernel or a process that this user cannot see: remove the "
            + "device tree overlay that claims it, or name another line (\(check).line)",
          command: "gpioinfo"))
    }
    return findings
  }

  /// The number of a line in /sys/class/gpio.
  private func exported(_ survey: LineSurvey) -> Int? {
    let folder = "/sys/class/gpio"
    for name in tree.names(in: folder) where name.hasPrefix("gpiochip") {
      guard let base = tree.text("\(folder)/\(name)/base").flatMap({ Int($0) }),
        tree.text("\(folder)/\(name)/label") == survey.chipLabel, tree.exists("\(folder)/gpio\(base + survey.offset)")
      else { continue }
      return base + survey.offset
    }
    return nil
  }

  private var forInput: String? {
    access.subject.account.map { shell.root("usermod --append --groups input \($0)") }
  }
}

extension ControlsError {
  /// A file that this user may not open, if that is the trouble.
  var forbiddenPath: String? {
    switch self {
    case .accessDenied(let path, _, _): path
    case .lineNotFound(_, _, _, let forbidden), .chipNotFound(_, _, let forbidden): forbidden.first
    default: nil
    }
  }

  fileprivate var isForbidden: Bool {
    if case .noDeviceWithKey(_, let forbidden) = self { return !forbidden.isEmpty }
    if case .input(.cannotOpen) = self { return true }
    return false
  }
}
