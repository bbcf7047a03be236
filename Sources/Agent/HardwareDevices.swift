import Controls
import Sensors

extension AgentDevices {
  /// The devices that a configuration names.
  public static let hardware = AgentDevices(
    sensor: { configuration, log in
      switch configuration.sensor {
      case .iio(let uri, let device):
        return IIOSource(IIOSettings(uri: uri, device: device, rate: configuration.rate)) {
          log(.info, "sensor: \($0)")
        }
      case .evdev(let device):
        return EvdevSource(device: device) { log(.info, "sensor: \($0)") }
      }
    },
    button: { configuration, log in
      let button: any Button
      switch configuration.button {
      case .none: return nil
      case .gpio(let settings): button = try GPIOButton(settings)
      case .key(let settings): button = try InputKeyButton(settings)
      }
      log(.info, "button", ["place": button.place])
      for note in button.notes { log(.warning, "the button: \(note)") }
      return AsyncStream { continuation in
        let listener = AgentThread.start {
          for await event in button.events() {
            switch event {
            case .pressed: continuation.yield(.pressed)
            case .held: continuation.yield(.held)
            case .released: break
            case .failed(let error): continuation.yield(.failed("\(error)"))
            }
          }
          continuation.finish()
        }
        continuation.onTermination = { _ in listener.cancel() }
      }
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
