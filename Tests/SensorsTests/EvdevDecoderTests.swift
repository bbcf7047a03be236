import EvdevTestSupport
import Testing

@testable import Evdev
@testable import Motion
@testable import Sensors

@Suite("Scans from an accelerometer among the input devices") struct EvdevDecoderTests {
  /// A controller with 8192 units per g and 1024 per degree per second, like those of hid-playstation.
  static func controller() -> InputDeviceDescription {
    let force = AbsoluteAxisLimits(minimum: -32768, maximum: 32768, fuzz: 16, resolution: 8192)
    let rate = AbsoluteAxisLimits(minimum: -2_097_152, maximum: 2_097_152, fuzz: 24, resolution: 1024)
    return InputDeviceDescription(
      path: "/dev/input/event4", name: "Controller", isAccelerometer: true,
      axes: [.x: force, .y: force, .z: force, .rx: rate, .ry: rate, .rz: rate], hasDeviceTimestamps: true)
  }

  private func packet(_ events: [InputEvent], at time: Int64) -> InputPacket {
    InputPacket(events: events, monotonicNanoseconds: time)
  }

  @Test("Units are g and degrees per second by the resolution: one g up is 9.80665 m/s², 180 °/s are π rad/s")
  func units() throws {
    var decoder = try EvdevDecoder(Self.controller(), values: [:])
    let recording = decoder.decode([
      packet([.axis(.z, 8192), .axis(.x, -4096), .axis(.rx, 180 * 1024), .axis(.rz, -1024)], at: 5000)
    ])
    #expect(recording.timestamps == [5000])
    #expect(recording.acceleration == [SIMD3(-4.903325, 0, 9.80665)])
    #expect(abs(recording.angularVelocity[0].x - .pi) < 1e-12)
    #expect(abs(recording.angularVelocity[0].z + .pi / 180) < 1e-12)
    #expect(recording.isConsistent)
  }

  @Test("What a packet leaves out has its value still, from the device's state at the beginning and after a loss")
  func state() throws {
    var decoder = try EvdevDecoder(Self.controller(), values: [.x: 8192, .y: 16384])
    let first = decoder.decode([packet([.axis(.z, 8192)], at: 0), packet([.axis(.x, 0)], at: 1)])
    #expect(first.acceleration == [SIMD3(9.80665, 19.6133, 9.80665), SIMD3(0, 19.6133, 9.80665)])
    decoder.resynchronise([.x: -8192, .y: 0, .z: 0])
    #expect(decoder.decode([packet([.axis(.y, 8192)], at: 2)]).acceleration == [SIMD3(-9.80665, 9.80665, 0)])
  }

  @Test("A packet is a scan if it tells of motion, or of the device's time; others are none")
  func scans() throws {
    var decoder = try EvdevDecoder(Self.controller(), values: [.z: 8192])
    let recording = decoder.decode([
      packet([.key(0x130, 1)], at: 1), packet([], at: 2), packet([.axis(AbsoluteAxis(code: 0x10), 1)], at: 3),
      packet([.deviceTime(100)], at: 4), packet([.axis(.z, 8200)], at: 5),
    ])
    #expect(recording.timestamps == [4, 5])
  }

  @Test("An axis at full scale, or nearer to it than its fuzz, is clipped, on either side, alone")
  func clipping() throws {
    var decoder = try EvdevDecoder(Self.controller(), values: [:])
    let recording = decoder.decode([
      packet([.axis(.x, 32768), .axis(.y, -32768), .axis(.z, 32700)], at: 0),
      packet([.axis(.x, 32767), .axis(.y, 0), .axis(.z, 0), .axis(.ry, Int32.min)], at: 1),
      packet([.axis(.x, Int32.max), .axis(.ry, 0), .axis(.rz, 2_097_152)], at: 2),
    ])
    #expect(recording.clippedAcceleration == [[.x, .y], .x, .x])
    #expect(recording.clippedAngularVelocity == [[], .y, .z])
  }

  @Test("An accelerometer without a gyroscope delivers accelerations only")
  func noGyroscope() throws {
    var device = Self.controller()
    for axis in [AbsoluteAxis.rx, .ry, .rz] { device.axes[axis] = nil }
    var decoder = try EvdevDecoder(device, values: [:])
    let recording = decoder.decode([packet([.axis(.x, 8192), .axis(.rx, 500)], at: 0)])
    #expect(recording.hasAccelerometer && !recording.hasGyroscope)
  }

  @Test("What is no accelerometer, lacks an axis, or does not tell a unit or a range, is refused with the axis")
  func refusals() {
    func problem(_ change: (inout InputDeviceDescription) -> Void) -> String {
      var device = Self.controller()
      change(&device)
      let error = #expect(throws: SensorError.self) { try EvdevDecoder(device, values: [:]) }
      #expect(error?.kind == .unsuitable)
      #expect(error?.subject == "/dev/input/event4 (Controller)")
      return error?.problem ?? ""
    }
    func problem(_ axis: AbsoluteAxis, _ change: (inout AbsoluteAxisLimits) -> Void) -> String {
      problem { device in
        if var limits = device.axes[axis] {
          change(&limits)
          device.axes[axis] = limits
        }
      }
    }
    #expect(problem { $0.isAccelerometer = false }.contains("INPUT_PROP_ACCELEROMETER"))
    #expect(problem { $0.axes = [:] }.contains("INPUT_PROP_ACCELEROMETER"))
    #expect(problem { $0.axes[.y] = nil }.contains("ABS_Y"))
    #expect(problem { $0.axes[.rz] = nil }.contains("ABS_RZ"))
    #expect(problem(.z) { $0.resolution = 0 }.contains("unit of ABS_Z"))
    #expect(problem(.rx) { $0.resolution = -1 }.contains("degree per second"))
    #expect(problem(.x) { $0.maximum = Int32.min }.contains("ABS_X reaches from"))
  }
}

@Suite("The clock of an input device") struct EvdevClockTests {
  @Test("Between samples the device's own clock counts, whatever the radio does to their arrival")
  func jitter() {
    var clock = EvdevClock()
    #expect(clock.nanoseconds(device: 1000, monotonic: 7_000_000) == 7_000_000)
    #expect(clock.nanoseconds(device: 5000, monotonic: 12_345_678) == 11_000_000)
    #expect(clock.nanoseconds(device: 9000, monotonic: 12_345_679) == 15_000_000)
  }

  @Test("The clock wraps at 2^32 microseconds")
  func wrap() {
    var clock = EvdevClock()
    _ = clock.nanoseconds(device: UInt32.max - 1999, monotonic: 1_000_000_000)
    #expect(clock.nanoseconds(device: 2000, monotonic: 1_004_100_000) == 1_004_000_000)
    #expect(clock.nanoseconds(device: 6000, monotonic: 1_008_100_000) == 1_008_000_000)
  }

  @Test("A clock that was set back, or stood still while nothing came, is tied anew")
  func reset() {
    var clock = EvdevClock()
    _ = clock.nanoseconds(device: 1_000_000, monotonic: 1_000_000_000)
    #expect(clock.nanoseconds(device: 999_999, monotonic: 1_004_000_000) == 1_004_000_000)
    #expect(clock.nanoseconds(device: 1_003_999, monotonic: 1_008_500_000) == 1_008_000_000)
    // Ten seconds of silence, of which the device's clock knows nothing.
    #expect(clock.nanoseconds(device: 1_007_999, monotonic: 11_008_000_000) == 11_008_000_000)
    #expect(clock.nanoseconds(device: 1_011_999, monotonic: 11_012_900_000) == 11_012_000_000)
  }

  @Test("A tie made by a packet that came late is no reason for time to run backwards at the next one")
  func resetAfterDelay() {
    var clock = EvdevClock()
    // Thirty milliseconds late, as are all after it by the device's clock.
    _ = clock.nanoseconds(device: 1_000_000, monotonic: 1_030_000_000)
    #expect(clock.nanoseconds(device: 1_004_000, monotonic: 1_004_000_000) == 1_034_000_000)
    let reset = clock.nanoseconds(device: 0, monotonic: 1_008_000_000)
    #expect(reset == 1_034_001_000)
    #expect(clock.nanoseconds(device: 4000, monotonic: 1_012_000_000) == reset + 4_000_000)
  }

  @Test("More than an hour of silence, longer than the clock counts, is tied anew too")
  func longSilence() {
    var clock = EvdevClock()
    _ = clock.nanoseconds(device: 0, monotonic: 0)
    let later: Int64 = 2 * 4_294_967_296_000 + 9_000
    #expect(clock.nanoseconds(device: 9, monotonic: later) == later)
  }

  @Test("A packet without the device's time has that of its arrival, and disturbs nothing")
  func without() {
    var clock = EvdevClock()
    _ = clock.nanoseconds(device: 0, monotonic: 0)
    #expect(clock.nanoseconds(device: nil, monotonic: 1_234_567) == 1_234_567)
    #expect(clock.nanoseconds(device: 4000, monotonic: 5_000_000) == 4_000_000)
  }

  @Test("No time traps")
  func absurd() {
    var clock = EvdevClock()
    for monotonic in [Int64.min, .max, 0, .max, .min, -1] {
      for device in [UInt32.max, 0, 1 << 31] { _ = clock.nanoseconds(device: device, monotonic: monotonic) }
    }
    #expect(clock.nanoseconds(device: 5, monotonic: 10_000_000_000) == 10_000_000_000)
  }
}
