import Motion
import Sensors

/// What came of a short use of the sensor.
public struct SensorRead: Sendable, Hashable {
  /// How many scans came.
  public var scans = 0
  /// Scans per second by their time stamps; `nil` for fewer than two.
  public var rate: Double?
  /// Length of the mean acceleration, m/s²; `nil` without an accelerometer.
  public var acceleration: Double?
  /// Why it ended, if not because there was enough.
  public var error: SensorError?

  /// Nothing yet.
  public init() {}

  /// Samples for so long and stops; the sensor is off and its settings are restored when it returns.
  ///
  /// - Parameters:
  ///   - source: the sensor; it gives up by itself where nothing comes.
  ///   - seconds: of scans.
  public static func of(_ source: any MotionSource, seconds: Double) async -> SensorRead {
    var read = SensorRead()
    var first: Int64?
    var last: Int64 = 0
    var sum = SIMD3<Double>()
    var accelerations = 0
    events: for await event in source.events() {
      switch event {
      case .scans(let recording):
        read.scans += recording.count
        first = first ?? recording.timestamps.first
        last = recording.timestamps.last ?? last
        for value in recording.acceleration { sum += value }
        accelerations += recording.acceleration.count
      case .failed(let error):
        read.error = error
        break events
      case .ended: break events
      }
      if let first, Double(last - first) >= seconds * 1e9 { break }
    }
    await source.settled()
    if let first, last > first, read.scans > 1 { read.rate = Double(read.scans - 1) * 1e9 / Double(last - first) }
    if accelerations > 0 {
      let mean = sum / Double(accelerations)
      read.acceleration = (mean * mean).sum().squareRoot()
    }
    return read
  }
}
