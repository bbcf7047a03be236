import Service
import Sensors

/// A look at the sensor: what is wrong with it had better be known before the first press. It is not switched on for that.
enum SensorCheck {
  /// Looks, without waiting, and tells the log; ``AgentInput/sensorChecked`` follows.
  ///
  /// - Throws: what the sensor throws where it cannot even be named.
  static func start(
    _ devices: AgentDevices, _ configuration: AgentConfiguration, _ log: ServiceLog,
    _ feed: AsyncStream<AgentInput>.Continuation
  ) throws {
    let sensor = try devices.sensor(configuration, log)
    _ = AgentThread.start {
      do {
        let found = try await sensor.describe()
        log(.info, "sensor found", ["name": found.name, "rate": found.rate.map { "\($0)" } ?? "unknown"])
        for note in found.notes { log(.info, "sensor: \(note)") }
      } catch {
        log(.warning, "the sensor cannot be used yet: \(error)")
      }
      feed.yield(.sensorChecked)
    }
  }
}
