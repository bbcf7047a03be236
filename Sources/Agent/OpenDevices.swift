import Service
import Controls

/// The control socket, the light and the button, as far as they are open. Each is opened, closed and tried again on its
/// own: what fails for one leaves the others alone.
struct OpenDevices {
  /// A button and the task that passes its presses on.
  private struct Listened {
    let button: AgentButton
    let pump: Task<Void, Never>
    /// Which of the buttons of this agent's life it is.
    let number: Int
  }

  private let devices: AgentDevices
  private let limits: AgentLimits
  private let feed: AsyncStream<AgentInput>.Continuation
  private var socket = DeviceSlot<SocketSettings, ControlServer> { $0.stop() }
  private var light = DeviceSlot<AgentConfiguration.Light, any AgentLight> { light in
    await onOwnThread { light.close() }
  }
  private var button = DeviceSlot<AgentConfiguration.Button, Listened> { listened in
    listened.pump.cancel()
    await listened.button.close()
  }
  private var buttonNumber = 0
  /// What the light goes on showing.
  private var pattern = LightPattern.off
  /// What was said to be missing.
  private var missing: Set<DeviceFailure.Device> = []

  /// Nothing is open.
  init(devices: AgentDevices, limits: AgentLimits, feed: AsyncStream<AgentInput>.Continuation) {
    self.devices = devices
    self.limits = limits
    self.feed = feed
  }

  /// Opens what a configuration names; what is open with the same settings stays so, and misses nothing.
  ///
  /// - Returns: what cannot be opened.
  mutating func open(_ configuration: AgentConfiguration, _ log: ServiceLog) async -> [DeviceFailure] {
    var failures: [DeviceFailure] = []
    do { try await openSocket(configuration) } catch {
      failures.append(DeviceFailure(device: .controlSocket, reason: error))
    }
    do { try await openLight(configuration, log) } catch {
      failures.append(DeviceFailure(device: .light, reason: error))
    }
    do { try await openButton(configuration, log) } catch {
      failures.append(DeviceFailure(device: .button, reason: error))
    }
    return failures
  }

  /// Opens what is missing, and says once what is missing and once that it is back.
  ///
  /// - Returns: whether nothing is missing now.
  mutating func restore(_ configuration: AgentConfiguration, _ log: ServiceLog) async -> Bool {
    let failures = await open(configuration, log)
    for failure in failures {
      if missing.insert(failure.device).inserted {
        log(.error, "\(failure); it is tried again every \(limits.retry.nanoseconds / 1_000_000_000) s")
      } else {
        log(.debug, "\(failure)")
      }
    }
    for device in missing where !failures.contains(where: { $0.device == device }) {
      missing.remove(device)
      // Where the configuration names none by now, none is back.
      if isThere(device) { log(.notice, "the \(device.rawValue) is back") }
    }
    return failures.isEmpty
  }

  /// Closes everything.
  mutating func close() async {
    socket.empty()
    light.empty()
    button.empty()
    // Together they take no longer than the slowest.
    let deadline = ContinuousClock.now + limits.release
    _ = await socket.isFree(within: limits.release)
    _ = await light.isFree(within: deadline - .now)
    _ = await button.isFree(within: deadline - .now)
  }

  /// The button has failed.
  ///
  /// - Parameter number: as in ``AgentInput/button(_:from:)``.
  /// - Returns: whether it is the one that is open, which is given up then.
  mutating func loseButton(_ number: Int) -> Bool {
    guard button.device?.number == number else { return false }
    button.empty()
    missing.insert(.button)
    return true
  }

  /// Shows a pattern, now and on a light that is opened again.
  mutating func show(_ pattern: LightPattern) {
    light.device?.show(pattern)
    switch pattern {
    case .off, .windowOpen, .shaking: self.pattern = pattern
    // These end by themselves.
    case .paired, .aborted: self.pattern = .off
    }
  }

  private func isThere(_ device: DeviceFailure.Device) -> Bool {
    switch device {
    case .controlSocket: socket.device != nil
    case .light: light.device != nil
    case .button: button.device != nil
    }
  }

  // MARK: - One by one

  private mutating func openSocket(_ configuration: AgentConfiguration) async throws {
    // Somebody may have removed it; nobody can connect to it any more then.
    if let server = socket.device, !server.isInPlace { socket.empty() }
    _ = try await socket.fill(with: SocketSettings(configuration), atMost: limits.release) { [feed] in
      guard let path = configuration.controlSocket else { return nil }
      let server = try ControlServer(path: path, group: configuration.controlGroup)
      try server.start { request, connection in feed.yield(.control(request, connection)) }
      return server
    }
  }

  private mutating func openLight(_ configuration: AgentConfiguration, _ log: ServiceLog) async throws {
    let isNew = try await light.fill(with: configuration.light, atMost: limits.release) { [devices] in
      try devices.light(configuration, log)
    }
    if isNew, pattern != .off { light.device?.show(pattern) }
  }

  private mutating func openButton(_ configuration: AgentConfiguration, _ log: ServiceLog) async throws {
    let number = buttonNumber + 1
    let isNew = try await button.fill(with: configuration.button, atMost: limits.release) { [devices, feed] in
      guard let opened = try devices.button(configuration, log) else { return nil }
      let pump = AgentThread.start {
        for await press in opened.presses { feed.yield(.button(press, from: number)) }
      }
      return Listened(button: opened, pump: pump, number: number)
    }
    if isNew { buttonNumber = number }
  }
}

/// Where the control socket is, and for whom.
private struct SocketSettings: Hashable {
  var path: String?
  var group: String?

  init(_ configuration: AgentConfiguration) {
    (path, group) = (configuration.controlSocket, configuration.controlGroup)
  }
}

extension DeviceFailure {
  /// Whether a new configuration is to blame: not where it says of the device what the one before says, which was missing
  /// then too, nor where that device is only slow to be released.
  func isFault(of next: AgentConfiguration, after previous: AgentConfiguration) -> Bool {
    guard !(reason is StillHeld) else { return false }
    return switch device {
    case .controlSocket: SocketSettings(next) != SocketSettings(previous)
    case .light: next.light != previous.light
    case .button: next.button != previous.button
    }
  }
}
