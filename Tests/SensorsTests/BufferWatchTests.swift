import Glibc
import Platform
import Testing

@testable import Motion
@testable import Sensors

@Suite("Whose a buffer is that is on") struct BufferWatchTests {
  /// Judges looks, ten milliseconds apart, until there is an answer.
  private func judge(_ look: (Double) -> BufferLook) -> (owner: BufferWatch.Owner?, after: Double) {
    var watch = BufferWatch()
    for step in 0..<1000 {
      let seconds = Double(step) * 0.01
      if let owner = watch.judge(look(seconds), at: 77 + Int64(step) * 10_000_000) { return (owner, seconds) }
    }
    return (nil, 10)
  }

  private func look(_ waiting: Int?, isHeld: Bool = false) -> BufferLook {
    BufferLook(isEnabled: true, isHeld: isHeld, waiting: waiting)
  }

  @Test("One that is off is nobody's")
  func off() {
    #expect(judge { _ in BufferLook() } == (.nobody, 0))
    #expect(judge { $0 < 0.3 ? look(5) : BufferLook() } == (.nobody, 0.3), "whose owner has just ended")
  }

  @Test("One that is held is somebody's, at the second look: the first may have met another who only looks")
  func held() {
    #expect(judge { _ in look(nil, isHeld: true) } == (.somebody, 0.01))
    #expect(judge { look(512, isHeld: $0 == 0) }.owner == .gone)
    #expect(judge { look(512, isHeld: $0 > 1) }.owner == .somebody)
  }

  @Test(
    "iio-sensor-proxy opens, empties and closes it every 0.7 s: somebody's, whatever rate and length",
    arguments: [1.0, 5, 10, 100, 200, 1000], [2, 16, 128, 400])
  func polled(_ rate: Double, _ length: Int) {
    for phase in stride(from: 0.0, to: 0.7, by: 0.05) {
      let (owner, _) = judge { time in
        // Whole scans that have come since it was emptied; no look of ours ever meets the reader itself.
        let emptied = ((time + phase) / 0.7).rounded(.down) * 0.7 - phase
        return look(min(length, Int((time + 10) * rate) - Int((emptied + 10) * rate)))
      }
      // A buffer that is full again at once shows nothing.
      #expect(owner == .somebody || (length == 2 && owner == .unknown))
    }
  }

  @Test("One that a process left behind is full, or is soon", arguments: [10.0, 62.5, 200, 500], [0.0, 1, 5])
  func abandoned(_ rate: Double, _ age: Double) {
    let batch = SamplingLoop.scansPerBatch(rate: rate)
    let length = batch * SamplingLoop.kernelBuffers(rate: rate)
    // The kernel rounds up to a power of two.
    let room = 1 << (Int.bitWidth - (length - 1).leadingZeroBitCount)
    let (owner, after) = judge { look(min(room, Int(($0 + age) * rate))) }
    #expect(owner == .gone, "\(room) scans")
    #expect(after >= 1.5 && after <= 6)
  }

  @Test("An empty one, a tiny one, one that goes on filling up, and a kernel that does not count, give no answer")
  func unknown() {
    #expect(judge { _ in look(0) } == (.unknown, 6))
    #expect(judge { _ in look(15) } == (.unknown, 6))
    #expect(judge { look(Int($0 * 200) + 1) } == (.unknown, 6))
    #expect(judge { _ in look(nil) } == (.unknown, 0))
  }
}

@Suite("A buffer that a process left on") struct AbandonedBufferTests {
  private let enable = "write iio:device0/buffer/enable 0"

  /// A clock that waits for nobody.
  private func clock() -> SessionClock {
    let time = Locked<Int64>(0)
    return SessionClock(
      now: { time.withLock { $0 } }, pause: { microseconds in time.withLock { $0 += Int64(microseconds) * 1000 } })
  }

  private func sensor(_ looks: [BufferLook]) -> FakeIIO {
    let fake = FakeIIO.mpu6050()
    fake.state.withLock { $0.looks["iio:device0"] = looks }
    fake.scans("iio:device0", [Scan.run(0..<8), []])
    return fake
  }

  private func look(_ waiting: Int?, isHeld: Bool = false) -> BufferLook {
    BufferLook(isEnabled: true, isHeld: isHeld, waiting: waiting)
  }

  private func sample(_ fake: FakeIIO) throws(SensorError) -> [String] {
    let log = Locked<[String]>([])
    try IIOSession(settings: IIOSettings(), backend: fake, clock: clock()) { line in log.withLock { $0.append(line) } }
      .sample(until: StopSignal(), began: { (_) throws(SensorError) in }) { (_) throws(SensorError) in }
    return log.withLock { $0 }
  }

  private func describe(_ fake: FakeIIO, uri: String = "local:") async throws -> MotionSourceDescription {
    try await IIOSource(IIOSettings(uri: uri), backend: fake, clock: clock()).describe()
  }

  @Test("is switched off by the description, which says so", .timeLimit(.minutes(1)))
  func described() async throws {
    let fake = sensor([look(512)])
    let notes = try await describe(fake).notes
    #expect(fake.writes == [enable])
    #expect(notes == ["mpu6050 was left sampling by a process that is gone; its buffer was switched off"])
    #expect(fake.isAtRest)
    #expect(try await describe(fake).notes.isEmpty)
  }

  @Test("is left alone by a mere survey", .timeLimit(.minutes(1)))
  func surveyed() async throws {
    let fake = sensor([look(512)])
    _ = try await IIOSource(IIOSettings(), backend: fake, clock: clock()).survey()
    #expect(fake.writes.isEmpty)
  }

  @Test("is left alone where somebody uses it, or may, or on another machine", .timeLimit(.minutes(1)))
  func inUse() async throws {
    let held = sensor([look(nil, isHeld: true)])
    #expect(try await describe(held).notes.first?.contains("in use by another program") == true)
    let polled = sensor(Array(repeating: look(100), count: 60) + [look(3)])
    #expect(try await describe(polled).notes.first?.contains("in use by another program") == true)
    let silent = sensor([look(0)])
    #expect(try await describe(silent).notes.first?.contains("cannot be told for whom") == true)
    let late = sensor([look(512)])
    late.state.withLock { $0.comesBetween = true }
    #expect(try await describe(late).notes.isEmpty)
    let remote = sensor([look(512)])
    _ = try await describe(remote, uri: "ip:board")
    for fake in [held, polled, silent, late, remote] { #expect(fake.writes.isEmpty) }
  }

  @Test("that may not be looked at does not keep the description from being given", .timeLimit(.minutes(1)))
  func forbidden() async throws {
    let fake = sensor([look(512)])
    fake.fail("look iio:device0", EACCES)
    #expect(try await describe(fake).name == "mpu6050")
    #expect(fake.writes.isEmpty)
    #expect(#expect(throws: SensorError.self) { try sample(fake) }?.kind == .permission)
  }

  @Test("is this program's own while it samples: the description does not touch it", .timeLimit(.minutes(1)))
  func own() async throws {
    let fake = sensor([BufferLook()])
    fake.state.withLock { $0.script = [:] }
    fake.scans("iio:device0", [Scan.run(0..<8)])
    let source = IIOSource(IIOSettings(), backend: fake, clock: clock())
    for await event in source.events() {
      guard case .scans = event else { continue }
      fake.state.withLock { $0.looks["iio:device0"] = [look(512)] }
      #expect(try await source.describe().notes.isEmpty)
      #expect(!fake.calls.contains(enable))
      break
    }
    await source.settled()
  }

  @Test("is switched off before sampling, since settings cannot change while it is on")
  func sampled() throws {
    let fake = sensor([look(512)])
    let log = try sample(fake)
    #expect(fake.writes.first == enable)
    #expect(log.contains { $0.contains("left sampling by a process that is gone") })
    let unknown = sensor([look(nil)])
    #expect(try sample(unknown).contains { $0.contains("nobody could be found who reads it") })
    #expect(unknown.writes.first == enable)
  }

  @Test("is left to another process that reads it when sampling begins: nothing is changed")
  func sampledInUse() throws {
    for looks in [[look(nil, isHeld: true)], [look(100), look(3)]] {
      let fake = sensor(looks)
      let error = #expect(throws: SensorError.self) { try sample(fake) }
      #expect(error?.kind == .busy)
      #expect(error?.remedy.contains("iio-sensor-proxy") == true)
      #expect(fake.writes.isEmpty && fake.isAtRest)
    }
    let late = sensor([look(512)])
    late.state.withLock { $0.comesBetween = true }
    #expect(#expect(throws: SensorError.self) { try sample(late) }?.kind == .busy)
    #expect(late.writes.isEmpty)
  }
}
