internal import Evdev
import Motion

/// Packets of an accelerometer among the input devices in, scans out.
///
/// A packet holds only what changed; what it leaves out has its value still.
struct EvdevDecoder {
  let acceleration: EvdevAxes
  let angularVelocity: EvdevAxes?
  private var values: [AbsoluteAxis: Int32]
  private var clock = EvdevClock()

  /// - Parameters:
  ///   - device: the device's description.
  ///   - values: what its axes have now.
  /// - Throws: ``SensorError`` of kind ``SensorError/Kind/unsuitable`` if it is no accelerometer with three axes of
  ///   known unit, or if it has a gyroscope that is not the like.
  init(_ device: InputDeviceDescription, values: [AbsoluteAxis: Int32]) throws(SensorError) {
    guard device.isAccelerometer, let acceleration = try EvdevAxes(.acceleration, of: device) else {
      throw SensorError(
        kind: .unsuitable, operation: "use it as a motion sensor", subject: device.sensorText,
        problem: "it is no accelerometer (INPUT_PROP_ACCELEROMETER with ABS_X, ABS_Y and ABS_Z)",
        remedy: "take another device; a game controller has one for its motion sensors beside that for its buttons")
    }
    self.acceleration = acceleration
    angularVelocity = try EvdevAxes(.angularVelocity, of: device)
    self.values = values
  }

  /// The scans of packets that follow each other: one for each that tells of motion or of the device's time.
  mutating func decode(_ packets: [InputPacket]) -> Recording {
    var recording = Recording()
    recording.reserveCapacity(packets.count)
    for packet in packets {
      let device = packet.deviceMicroseconds
      var isScan = device != nil
      for event in packet.events where event.type == InputEvent.Kind.absolute {
        let axis = AbsoluteAxis(code: event.code)
        guard acceleration.axes.contains(axis) || angularVelocity?.axes.contains(axis) == true else { continue }
        values[axis] = event.value
        isScan = true
      }
      guard isScan else { continue }
      append(at: clock.nanoseconds(device: device, monotonic: packet.monotonicNanoseconds), to: &recording)
    }
    return recording
  }

  /// Packets were lost; these are the values now. The gap shows in the times of the scans.
  mutating func resynchronise(_ values: [AbsoluteAxis: Int32]) { self.values = values }

  private func append(at time: Int64, to recording: inout Recording) {
    let force = numbers(of: acceleration)
    let rate = angularVelocity.map { ($0, numbers(of: $0)) }
    recording.append(
      timestamp: time,
      acceleration: force * acceleration.scale,
      angularVelocity: rate.map { axes, numbers in numbers * axes.scale },
      clippedAcceleration: acceleration.clipped(force),
      clippedAngularVelocity: rate.map { axes, numbers in axes.clipped(numbers) } ?? [])
  }

  private func numbers(of axes: EvdevAxes) -> SIMD3<Double> {
    var numbers = SIMD3<Double>()
    for (index, axis) in axes.axes.enumerated() { numbers[index] = Double(values[axis] ?? 0) }
    return numbers
  }
}
