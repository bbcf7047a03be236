public import Agent
import Motion
import RelayLink
import Sensors

/// Looks at everything that pairing on this board needs, in the order in which it is to be mended.
public struct Doctor: Sendable {
  private let tree: SystemTree
  private let subject: Subject
  private let shell: Shell
  private let probes: Probes

  /// A doctor.
  ///
  /// - Parameters:
  ///   - tree: the files of the system.
  ///   - subject: whose rights are judged.
  ///   - isRoot: whether commands will be run by root, and need no sudo.
  ///   - probes: everything else there is to ask.
  public init(tree: SystemTree = SystemTree(), subject: Subject, isRoot: Bool, probes: Probes = .machine) {
    (self.tree, self.subject, self.probes) = (tree, subject, probes)
    shell = Shell(isRoot: isRoot)
  }

  /// Looks.
  ///
  /// - Parameters:
  ///   - configuration: what the agent is set to.
  ///   - isRelayDefault: whether nobody has named a relay.
  ///   - samples: whether the sensor may be switched on for a moment.
  public func findings(
    _ configuration: AgentConfiguration, isRelayDefault: Bool, samples: Bool
  ) async -> [Finding] {
    var findings = await sensorFindings(configuration, samples: samples)
    let access = AccessCheck(tree: tree, shell: shell, subject: subject)
    let lines = LineCheck(tree: tree, shell: shell, access: access, look: probes.line)
    findings += lines.button(configuration.button) + lines.light(configuration.light)
    findings.append(ClockCheck(tree: tree, shell: shell).finding(now: probes.now()))
    let relay = RelayCheck(tree: tree, shell: shell)
    let libcurl = probes.libcurl()
    findings.append(relay.libcurl(version: libcurl.version, libcurl.problem))
    if libcurl.problem == nil {
      let error = await probes.relay(configuration.relay, configuration.linkOptions)
      findings.append(relay.relay(configuration.relay, isDefault: isRelayDefault, error))
    } else {
      findings.append(Finding("relay", .skipped, "it cannot be asked without libcurl"))
    }
    if let socket = configuration.controlSocket {
      findings.append(ServiceCheck(tree: tree, shell: shell).finding(state: probes.agent(socket)))
    }
    // The chip of button and light is one, mostly.
    var seen: Set<Finding> = []
    return findings.filter { seen.insert($0).inserted }
  }

  // MARK: - The sensor

  private func sensorFindings(_ configuration: AgentConfiguration, samples: Bool) async -> [Finding] {
    switch configuration.sensor {
    case .iio(let uri, let device):
      let survey = await probes.survey(IIOSettings(uri: uri, device: device, rate: configuration.rate))
      return await uri == "local:"
        ? local(survey, configuration, samples: samples) : remote(survey, uri, configuration, samples: samples)
    case .evdev(let device):
      switch await probes.inputSurvey(device).flatMap(\.choice) {
      case .failure(let error):
        let command =
          error.kind == .permission ? subject.account.map { shell.root("usermod --append --groups input \($0)") } : nil
        return [Finding("driver", .problem, "\(error)", command: command)]
      case .success(let choice):
        return [Finding("driver", .ok, "the input device \(choice.name) measures motion")]
          + (await settingsAndScans(choice, configuration, device: nil, samples: samples))
      }
    }
  }

  private func remote(
    _ survey: Result<SensorSurvey, SensorError>, _ uri: String, _ configuration: AgentConfiguration, samples: Bool
  ) async -> [Finding] {
    switch survey.flatMap(\.choice) {
    case .failure(let error): return [Finding("driver", .problem, "\(error)", command: "iio_info -u \(uri)")]
    case .success(let choice):
      return [Finding("driver", .ok, "\(uri) has \(choice.name)")]
        + (await settingsAndScans(choice, configuration, device: nil, samples: samples))
    }
  }

  private func local(
    _ survey: Result<SensorSurvey, SensorError>, _ configuration: AgentConfiguration, samples: Bool
  ) async -> [Finding] {
    var findings = DriverCheck(tree: tree, shell: shell).findings(survey)
    guard case .success(let found) = survey, case .success(let choice) = found.choice else { return findings }
    let devices = found.chosenDevices(choice).map(\.id)
    let access = AccessCheck(tree: tree, shell: shell, subject: subject)
    findings += devices.map(access.sensor)
    let claim = ClaimCheck(tree: tree, shell: shell)
    let claims = [claim.proxy()].compactMap { $0 } + devices.map(claim.buffer)
    findings += claims
    let isFree = claims.allSatisfy {
      $0.verdict == .ok || $0.verdict == .warning && $0.text.hasPrefix(ClaimCheck.proxy)
    }
    findings += await settingsAndScans(choice, configuration, device: devices.first, samples: samples && isFree)
    if samples, !isFree { findings.append(Finding("scans", .skipped, "the sensor is in use")) }
    return findings
  }

  private func settingsAndScans(
    _ choice: MotionSourceDescription, _ configuration: AgentConfiguration, device: String?, samples: Bool
  ) async -> [Finding] {
    let check = SensorCheck(tree: tree, shell: shell)
    let settings = check.settings(choice, rate: configuration.rate)
    guard samples else { return settings }
    let before = device.flatMap { check.interrupts(of: $0, name: choice.name) }
    let read = await probes.read(configuration)
    let after = device.flatMap { check.interrupts(of: $0, name: choice.name) }
    let interrupts = before.flatMap { before in after.map { $0 - before } }
    return settings + [check.reading(read, choice, device: device, interrupts: interrupts)]
  }
}
