import Service
import Controls
import Platform
import Sensors

extension AgentDevices {
  /// The devices that a configuration names.
  public static let hardware = AgentDevices(
    sensor: SensorSources().source(for:_:),
    button: { configuration, log in
      let button: any Button
      switch configuration.button {
      case .none: return nil
      case .gpio(let settings): button = try GPIOButton(settings)
      case .key(let settings): button = try InputKeyButton(settings)
      }
      log(.info, "button", ["place": button.place])
      for note in button.notes { log(.warning, "the button: \(note)") }
      return AgentButton(listeningTo: button)
    },
    light: { configuration, log in
      let fails: @Sendable (ControlsError) -> Void = { log(.error, "the light failed: \($0)") }
      switch configuration.light {
      case .none: return nil
      case .gpio(let line, let isActiveLow):
        return try StatusLight(line: line, isActiveLow: isActiveLow, onFailure: fails)
      case .led(let name): return try StatusLight(led: name, onFailure: fails)
      }
    })
}

extension StatusLight: AgentLight {}

extension AgentButton {
  /// Listens to a button from now on.
  init(listeningTo button: any Button) {
    let (presses, feed) = AsyncStream.makeStream(of: ButtonPress.self)
    let events = button.events()
    let listener = AgentThread.start {
      for await event in events {
        switch event {
        case .pressed: feed.yield(.pressed)
        case .held: feed.yield(.held)
        case .released: break
        case .failed(let error): feed.yield(.failed("\(error)"))
        }
      }
      feed.finish()
    }
    self.init(presses: presses) {
      listener.cancel()
      await onOwnThread { button.close() }
    }
  }
}

/// The sensor in use: windows share it, so that it knows of calls to it that have not returned yet, and refuses others
/// rather than hang in them too.
private final class SensorSources: Sendable {
  private struct Key: Hashable {
    let sensor: AgentConfiguration.Sensor
    let rate: Double
    let logLevel: String
  }

  private let latest = Locked<(key: Key, source: any MotionSource)?>(nil)

  /// The source of a configuration; a new one where the configuration says something else than the one before.
  @Sendable func source(for configuration: AgentConfiguration, _ log: ServiceLog) -> any MotionSource {
    let key = Key(sensor: configuration.sensor, rate: configuration.rate, logLevel: configuration.logLevel)
    return latest.withLock { latest in
      if let latest, latest.key == key { return latest.source }
      let source: any MotionSource =
        switch configuration.sensor {
        case .iio(let uri, let device):
          IIOSource(IIOSettings(uri: uri, device: device, rate: configuration.rate)) { log(.info, "sensor: \($0)") }
        case .evdev(let device): EvdevSource(device: device) { log(.info, "sensor: \($0)") }
        }
      latest = (key, source)
      return source
    }
  }
}
