import Platform
import Glibc
import Testing

@testable import Motion
@testable import Sensors

@Suite("Sampling: scans, and what can go wrong with them")
struct SamplingTests {
  private func record(
    _ fake: FakeIIO, log: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(SensorError) -> Recording {
    var recording = Recording()
    var assembler: MotionAssembler?
    try IIOSession(settings: IIOSettings(), backend: fake, log: log).sample(until: StopSignal()) {
      (setup) throws(SensorError) in
      assembler = MotionAssembler(setup, uri: "local:")
    } deliver: { (batch) throws(SensorError) in
      if let part = try assembler?.assemble(batch) { recording.append(contentsOf: part) }
    }
    return recording
  }

  private func isClose(_ left: SIMD3<Double>, _ right: SIMD3<Double>) -> Bool {
    let difference = left - right
    return (difference * difference).sum() < 1e-18
  }

  @Test("scale, mount matrix, clipping and stamps are applied as for a capture")
  func decoding() throws {
    let fake = FakeIIO.mpu6050()
    let scan = Scan(
      acceleration: SIMD3(100, 32_767, -200), angularVelocity: SIMD3(-32_768, 10, 20), time: 77_000_000_000)
    fake.scans("iio:device0", [scan.bytes, []])
    let recording = try record(fake)
    #expect(recording.timestamps == [77_000_000_000])
    // The accelerometer is mounted with x and y exchanged.
    #expect(isClose(recording.acceleration[0], SIMD3(32_767, -100, -200) * 0.002392))
    #expect(recording.clippedAcceleration == [.x])
    #expect(isClose(recording.angularVelocity[0], SIMD3(-32_768, 10, 20) * 0.000532362))
    #expect(recording.clippedAngularVelocity == [.x])
  }

  @Test("gaps and stray stamps pass as they are, and are counted")
  func gaps() throws {
    let fake = FakeIIO.mpu6050()
    let times: [Int64] = [0, 5, 10, 60, 65, 65, 63, 70].map { $0 * 1_000_000 }
    fake.scans("iio:device0", [times.flatMap { Scan(time: $0).bytes }, []])
    let log = Locked<[String]>([])
    let recording = try record(fake) { line in log.withLock { $0.append(line) } }
    #expect(recording.timestamps == times)
    let lines = log.withLock { $0 }
    #expect(lines.contains("mpu6050: 9 scans are missing, the first such gap"), "\(lines)")
    #expect(lines.contains("mpu6050: 8 scans, 9 missing in 1 gaps, 2 with a stamp that does not advance"), "\(lines)")
  }

  @Test("a clock that stands still is hopeless; a single wild stamp is not")
  func clocks() throws {
    let still = FakeIIO.mpu6050()
    still.scans("iio:device0", (0..<14).map { _ in (0..<8).flatMap { _ in Scan(time: 5).bytes } } + [[]])
    #expect(#expect(throws: SensorError.self) { try record(still) }?.kind == .timestamps)

    let wild = FakeIIO.mpu6050()
    var times = (0..<400).map { Int64($0) * 5_000_000 }
    times[50] = 1 << 61
    wild.scans("iio:device0", [times.flatMap { Scan(time: $0).bytes }, []])
    #expect(try record(wild).count == 400)

    let impossible = FakeIIO.mpu6050()
    impossible.scans("iio:device0", [Scan(time: .max).bytes])
    #expect(#expect(throws: SensorError.self) { try record(impossible) }?.kind == .timestamps)
  }

  @Test("no scan in time is a stall; the first batch may take twice as long")
  func stall() throws {
    let fake = FakeIIO.mpu6050()
    fake.failRead("iio:device0", ETIMEDOUT)
    fake.scans("iio:device0", [Scan.run(0..<8)])
    fake.failRead("iio:device0", ETIMEDOUT)
    let error = try #require(#expect(throws: SensorError.self) { try record(fake) })
    #expect(error.kind == .stalled)
    #expect(error.remedy.contains("/proc/interrupts"))

    let dead = FakeIIO.mpu6050()
    dead.failRead("iio:device0", ETIMEDOUT)
    dead.failRead("iio:device0", ETIMEDOUT)
    #expect(#expect(throws: SensorError.self) { try record(dead) }?.kind == .stalled)
    #expect(dead.isAtRest)
  }

  @Test("the kernel lets those wait in vain who waited when the device went: that is told as unplugged")
  func unpluggedWhileWaiting() throws {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8)])
    fake.failRead("iio:device0", ETIMEDOUT)
    fake.fail("read iio:device0/buffer/enable", ENOENT)
    #expect(#expect(throws: SensorError.self) { try record(fake) }?.kind == .unplugged)
  }

  @Test("first stamps of another rate: the rate is set anew, once, and nothing of them is delivered")
  func wrongRate() throws {
    let fake = FakeIIO.mpu6050()
    let slow = (0..<8).flatMap { Scan(time: $0 * 20_000_000).bytes }
    fake.scans("iio:device0", [slow, Scan.run(0..<8), Scan.run(8..<16), []])
    let log = Locked<[String]>([])
    let recording = try record(fake) { line in log.withLock { $0.append(line) } }
    #expect(recording.count == 16)
    #expect(log.withLock { $0.contains { $0.contains("the rate is set anew") } })
    let calls = fake.calls.filter { $0.contains("sampling_frequency") || $0.contains("buffer iio") }
    let buffer = "buffer iio:device0 accel_x,accel_y,accel_z,anglvel_x,anglvel_y,anglvel_z,timestamp 8"
    #expect(
      calls == [
        "write iio:device0/sampling_frequency 200", "open \(buffer)", "close buffer iio:device0",
        "write iio:device0/sampling_frequency 50", "write iio:device0/sampling_frequency 200", "open \(buffer)",
        "close buffer iio:device0", "write iio:device0/sampling_frequency 50",
      ])

    let stubborn = FakeIIO.mpu6050()
    stubborn.scans("iio:device0", [slow, slow, []])
    #expect(try record(stubborn).count == 8, "what a sensor says twice is taken")
  }

  @Test("which first steps contradict a rate; gaps are then judged by them")
  func contradiction() {
    func monitor(_ stamps: [Int64], rate: Double? = 200) -> ScanMonitor {
      var monitor = ScanMonitor(rate: rate)
      monitor.watch(stamps)
      return monitor
    }
    func stamps(_ step: Int64, _ count: Int64) -> [Int64] { (0..<count).map { $0 * step } }
    #expect(!monitor(stamps(5_000_000, 8)).contradictsRate)
    #expect(!monitor(stamps(5_600_000, 8)).contradictsRate)
    #expect(monitor(stamps(1_000_000, 8)).contradictsRate)
    #expect(monitor(stamps(0, 8)).contradictsRate)
    #expect(!monitor([0, 5, 10, 200, 205, 210, 215].map { $0 * 1_000_000 }).contradictsRate, "a gap")
    #expect(!monitor(stamps(9, 3)).contradictsRate, "too few to tell")
    #expect(!monitor(stamps(9, 30), rate: nil).contradictsRate, "nothing to contradict")
    var slow = monitor(stamps(20_000_000, 8))
    slow.watch(Array(stamps(20_000_000, 200).suffix(192)))
    #expect(slow.contradictsRate && slow.missing == 0)
    slow.watch([4_000_000_000, 4_060_000_000])
    #expect(slow.missing == 2)
    var burst = monitor(stamps(90_000, 8))
    burst.watch((1...300).map { $0 * 10_000_000 })
    #expect(burst.contradictsRate && burst.missing == 0)
  }

  @Test("a stray stamp of one of two devices does not keep it from being read")
  func strayOfTwo() throws {
    let fake = FakeIIO.hid()
    for batch in 0..<40 {
      for device in ["iio:device1", "iio:device2"] {
        let scans = (0..<4).flatMap { index in
          let number = Int64(batch * 4 + index)
          return hidScan(
            577 + Int32(number % 2), device == "iio:device1" && number == 131 ? 1 << 60 : number * 10_000_000)
        }
        fake.scans(device, [scans])
      }
    }
    for device in ["iio:device1", "iio:device2"] { fake.scans(device, [[]]) }
    #expect(try record(fake).count > 130)
  }

  @Test("scans of another size than the enabled channels make are refused")
  func wrongSize() throws {
    let fake = FakeIIO.mpu6050()
    fake.state.withLock { $0.scanSize = 32 }
    fake.scans("iio:device0", [[UInt8](repeating: 0, count: 96)])
    let error = try #require(#expect(throws: SensorError.self) { try record(fake) })
    #expect(error.problem.contains("96 bytes in scans of 32, expected scans of 24"))
    let torn = FakeIIO.mpu6050()
    torn.scans("iio:device0", [[UInt8](repeating: 0, count: 25)])
    #expect(#expect(throws: SensorError.self) { try record(torn) }?.kind == .unsuitable)
  }

  @Test("deadlines and sizes follow the rate")
  func sizes() {
    #expect(SamplingLoop.scansPerBatch(rate: 200) == 8)
    #expect(SamplingLoop.scansPerBatch(rate: 500) == 20)
    #expect(SamplingLoop.scansPerBatch(rate: 10) == 1)
    #expect(SamplingLoop.scansPerBatch(rate: nil) == 1)
    #expect(SamplingLoop.scansPerBatch(rate: .infinity) == 1)
    #expect(SamplingLoop.stallMilliseconds(rate: 200) == 1000)
    #expect(SamplingLoop.stallMilliseconds(rate: 10) == 2100)
    #expect(SamplingLoop.stallMilliseconds(rate: 1e-9) == 42_000)
    for rate in [10.0, 62.5, 200, 500, 4000] {
      let held = Double(SamplingLoop.scansPerBatch(rate: rate) * SamplingLoop.kernelBuffers(rate: rate)) / rate
      #expect(held >= 2, "\(rate) Hz: \(held) s")
    }
  }

  private func hidScan(_ value: Int32, _ time: Int64) -> [UInt8] {
    // Three 32-bit codes, four bytes of padding, the stamp.
    let word = (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: value) >> UInt32(8 * $0)) }
    return word + word + word + [0, 0, 0, 0] + littleEndian(UInt64(bitPattern: time))
  }

  @Test("two devices make one recording; the one that is behind is read next, whatever their rates")
  func twoDevices() throws {
    let fake = FakeIIO.hid()
    let millisecond: Int64 = 1_000_000
    fake.state.withLock { $0.attributes["iio:device2/in_anglvel_sampling_frequency"] = "40" }
    // Accelerometer at 100 Hz in batches of four, gyroscope at 40 Hz by its stamps in batches of two.
    let accelerations: [[UInt8]] = (0..<100).map { hidScan(Int32($0), Int64($0) * 10 * millisecond) }
    let rates: [[UInt8]] = (0..<40).map { hidScan(7, (Int64($0) * 25 + 3) * millisecond) }
    for batch in stride(from: 0, to: 100, by: 4) {
      fake.scans("iio:device1", [Array(accelerations[batch..<batch + 4].joined())])
    }
    for batch in stride(from: 0, to: 40, by: 2) {
      fake.scans("iio:device2", [Array(rates[batch..<batch + 2].joined())])
    }
    for device in ["iio:device1", "iio:device2"] { fake.scans(device, [[]]) }
    let recording = try record(fake)
    #expect(recording.hasAccelerometer && recording.hasGyroscope)
    // The gyroscope leads, since it is slower.
    #expect(recording.timestamps.prefix(3) == [3 * millisecond, 28 * millisecond, 53 * millisecond])
    #expect(recording.count >= 36)
    for (time, value) in zip(recording.timestamps, recording.acceleration) {
      #expect(abs(value.x - Double(time) / 1e7 * 0.0098) < 1e-9)
    }
    #expect(fake.calls.filter { $0.hasPrefix("open buffer") }.count == 2)
    #expect(fake.isAtRest)
  }

  @Test("two clocks cannot be merged")
  func twoClocks() throws {
    let fake = FakeIIO.hid()
    fake.scans("iio:device1", [hidScan(1, 1_000_000_000)])
    fake.scans("iio:device2", [hidScan(1, 1_700_000_000_000_000_000)])
    #expect(#expect(throws: SensorError.self) { try record(fake) }?.kind == .timestamps)
    #expect(fake.isAtRest)
  }

  @Test("if the second buffer cannot be opened the first is closed")
  func secondBuffer() throws {
    let fake = FakeIIO.hid()
    fake.fail("buffer iio:device2", EBUSY)
    #expect(#expect(throws: SensorError.self) { try record(fake) }?.kind == .busy)
    #expect(fake.isAtRest)
  }

  @Test("A rate that no sensor has is no trap", arguments: [1e30, 1e300, -1e300, 0, 1e-300, Double.infinity, .nan])
  func absurdRates(rate: Double) {
    #expect((1...1024).contains(SamplingLoop.scansPerBatch(rate: rate)))
    #expect((4...256).contains(SamplingLoop.kernelBuffers(rate: rate)))
    #expect((1000...60_000).contains(SamplingLoop.stallMilliseconds(rate: rate)))
  }
}
