import Platform
import Testing

@testable import Motion
@testable import Sensors

@Suite("Calls to libiio that do not return", .timeLimit(.minutes(1))) struct HangingTests {
  private func source(
    _ fake: FakeIIO, _ deadline: Duration = .seconds(3600), uri: String = "ip:board",
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) -> IIOSource {
    var settings = IIOSettings(uri: uri)
    settings.openingTimeout = deadline
    return IIOSource(settings, backend: fake, log: log)
  }

  /// The last event of a stream, and how many scans came before it.
  private func ending(_ events: AsyncStream<MotionEvent>) async -> (error: SensorError?, scans: Int) {
    var (error, scans): (SensorError?, Int) = (nil, 0)
    for await event in events {
      switch event {
      case .scans(let batch): scans += batch.count
      case .failed(let failure): error = failure
      case .ended: break
      }
    }
    return (error, scans)
  }

  private let places = ["open ip:board", "read iio:device0/in_accel_scale"]

  @Test("A description ends as soon as its task is cancelled; the context is freed when the call returns")
  func cancelled() async throws {
    for place in places {
      let fake = FakeIIO.mpu6050()
      fake.hang(place)
      let source = source(fake)
      let task = Task { () -> SensorError? in
        do throws(SensorError) {
          _ = try await source.describe()
          return nil
        } catch { return error }
      }
      #expect(await fake.waitForHang() == place)
      task.cancel()
      let error = await task.value
      #expect(error?.kind == .cancelled)
      #expect(error?.subject == "ip:board")
      fake.release()
      await fake.wait { $0.opened == 1 && $0.contexts == 0 }
    }
  }

  @Test("A task that is cancelled already does not even begin")
  func cancelledBefore() async {
    let fake = FakeIIO.mpu6050()
    fake.hang("open ip:board")
    let task = Task { () -> SensorError.Kind? in
      while !Task.isCancelled { await Task.yield() }
      do throws(SensorError) {
        _ = try await source(fake).survey()
        return nil
      } catch { return error.kind }
    }
    task.cancel()
    #expect(await task.value == .cancelled)
    #expect(fake.isAtRest)
  }

  @Test("A description ends at its deadline, with the URI and what to do")
  func deadline() async throws {
    for place in places {
      let fake = FakeIIO.mpu6050()
      fake.hang(place)
      let error = await #expect(throws: SensorError.self) {
        try await source(fake, .milliseconds(50)).describe()
      }
      #expect(error?.kind == .unreachable)
      #expect(
        error.map { "\($0)" }
          == "ip:board: cannot open the context and read what is in it: no end of it within 0.05 s; "
          + "check the network or cable, and whether iio_info -u ip:board gets an answer")
      fake.release()
      await fake.wait { $0.opened == 1 && $0.contexts == 0 }
    }
    let local = FakeIIO.mpu6050()
    local.hang("read iio:device0/in_accel_scale")
    let error = await #expect(throws: SensorError.self) {
      try await source(local, .milliseconds(50), uri: "local:").describe()
    }
    #expect(error?.kind == .stalled && error?.remedy.contains("dmesg") == true)
    local.release()
    await local.wait { $0.opened == 1 && $0.contexts == 0 }
  }

  @Test("Those that hang are bounded in number, and once they are back the place is free again")
  func stragglers() async throws {
    let fake = FakeIIO.mpu6050()
    fake.hang("open ip:board")
    let source = source(fake, .milliseconds(20))
    var kinds: [SensorError.Kind?] = []
    for _ in 0..<6 {
      kinds.append(await #expect(throws: SensorError.self) { try await source.describe() }?.kind)
    }
    #expect(kinds == [.unreachable, .unreachable, .unreachable, .unreachable, .busy, .busy])
    fake.release(4)
    await fake.wait { $0.opened == 4 && $0.contexts == 0 }
    // A straggler's place is free a moment after its context.
    while (try? await source.describe()) == nil { await Task.yield() }
  }

  @Test(
    "Starting to sample ends at its deadline; what was set is put back when the call returns, and the source settles",
    arguments: [
      "open ip:board", "read iio:device0/in_accel_scale", "write iio:device0/in_accel_scale", "buffer iio:device0",
    ])
  func start(_ place: String) async {
    let fake = FakeIIO.mpu6050()
    fake.hang(place)
    let source = source(fake, .milliseconds(50))
    let error = await ending(source.events()).error
    #expect(error?.kind == .unreachable)
    #expect(error?.operation == "start sampling")
    fake.release()
    await source.settled()
    // The length of its buffer is the far side's business.
    for (path, value) in FakeXML.mpu6050Values where !path.contains("/buffer/") {
      #expect(fake.value(path) == value, "\(path)")
    }
    #expect(fake.isAtRest)
  }

  @Test("A consumer that goes while starting hangs is not kept; settings are put back in the background")
  func consumerLeaves() async {
    let fake = FakeIIO.mpu6050()
    fake.hang("write iio:device0/in_accel_scale")
    let source = source(fake)
    let task = Task { await ending(source.events()).error }
    #expect(await fake.waitForHang() != nil)
    task.cancel()
    #expect(await task.value == nil)
    #expect(fake.value("iio:device0/sampling_frequency") == "200")
    fake.release()
    await source.settled()
    #expect(fake.isAtRest)
    for (path, value) in FakeXML.mpu6050Values { #expect(fake.value(path) == value, "\(path)") }
  }

  @Test("What went wrong first is told, although putting settings back hangs then")
  func restoring() async {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8)])
    fake.failRead("iio:device0", 19)
    fake.hang("write iio:device0/current_timestamp_clock realtime")
    let source = source(fake, .seconds(1))
    let (error, scans) = await ending(source.events())
    #expect(error?.kind == .unplugged)
    #expect(scans == 8)
    #expect(!source.isAtRest)
    fake.release()
    await source.settled()
    #expect(fake.isAtRest && source.isAtRest)
    #expect(fake.value("iio:device0/current_timestamp_clock") == "realtime")
  }

  @Test("Every step says how long it may take: each read too, however many bytes trickle in meanwhile")
  func expectations() throws {
    func expectations(_ uri: String) throws -> [String] {
      let fake = FakeIIO.mpu6050()
      fake.scans("iio:device0", [Scan.run(0..<8), Scan.run(8..<16), []])
      var expected: [String] = []
      try IIOSession(settings: IIOSettings(uri: uri), backend: fake, log: { _ in }).sample(until: StopSignal()) {
        expected.append("\($1.operation) \($0.text)")
      } began: { (_) throws(SensorError) in
      } deliver: { (_) throws(SensorError) in
      }
      return expected
    }
    let read = "read scans 3 s"
    #expect(try expectations("local:") == ["start sampling 10 s", read, read, read, "put its settings back 10 s"])
    #expect(try expectations("ip:board").contains("read scans 6 s"), "a far side gets twice the time")
  }

  @Test("Waiting for a source to settle ends too, and the log says why it has not; a new stream says so as well")
  func settled() async {
    let fake = FakeIIO.mpu6050()
    fake.hang("open ip:board")
    let log = Locked<[String]>([])
    let source = source(fake, .milliseconds(500)) { line in log.withLock { $0.append(line) } }
    #expect(await ending(source.events()).error?.kind == .unreachable)
    await source.settled()
    #expect(log.withLock { $0 }.first?.contains("is not at rest 0.5 s after its use") == true)
    #expect(await ending(source.events()).error?.kind == .busy)
    #expect(await ending(source.events()).error?.kind == .busy)
    fake.release()
    await source.settled()
    #expect(fake.state.withLock { $0.opened } == 1, "no other use began while one was under way")

    fake.scans("iio:device0", [Scan.run(0..<8), []])
    #expect(await ending(source.events()) == (nil, 8))
  }
}
