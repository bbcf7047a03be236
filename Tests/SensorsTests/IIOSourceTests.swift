import Platform
import Dispatch
import Testing

@testable import Motion
@testable import Sensors

@Suite("The stream of a sensor: its beginning, its end, its consumer")
struct IIOSourceTests {
  @Test("batches, then the end, when the far side has no more", .timeLimit(.minutes(1)))
  func wholeRun() async throws {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8), Scan.run(8..<16), []])
    var recording = Recording()
    var ends = 0
    for await event in IIOSource(IIOSettings(), backend: fake).events() {
      switch event {
      case .scans(let batch): recording.append(contentsOf: batch)
      case .ended:
        ends += 1
        #expect(fake.isAtRest, "the sensor is at rest before the end is told")
      case .failed(let error): Issue.record(error)
      }
    }
    #expect(ends == 1)
    #expect(recording.timestamps == (0..<16).map { Int64($0) * 5_000_000 + 1_000_000_000 })
  }

  @Test("a failure is the last event, and the settings are back before it", .timeLimit(.minutes(1)))
  func failure() async throws {
    let fake = FakeIIO.mpu6050()
    fake.failRead("iio:device0", 19)
    var events: [String] = []
    for await event in IIOSource(IIOSettings(), backend: fake).events() {
      switch event {
      case .scans: events.append("scans")
      case .ended: events.append("ended")
      case .failed(let error):
        events.append("failed \(error.kind)")
        #expect(fake.isAtRest)
        #expect(fake.value("iio:device0/sampling_frequency") == "50")
      }
    }
    #expect(events == ["failed unplugged"])
  }

  @Test("a context that cannot be opened fails the stream", .timeLimit(.minutes(1)))
  func noContext() async throws {
    let fake = FakeIIO.mpu6050()
    fake.fail("open local:", 2)
    var kinds: [SensorError.Kind] = []
    for await event in IIOSource(IIOSettings(), backend: fake).events() {
      if case .failed(let error) = event { kinds.append(error.kind) }
    }
    #expect(kinds == [.notFound])
  }

  @Test("a source that nobody listens to does nothing")
  func atRest() async {
    let fake = FakeIIO.mpu6050()
    let source = IIOSource(IIOSettings(), backend: fake)
    await source.settled()
    #expect(fake.calls.isEmpty && fake.isAtRest)
  }

  @Test("when the consumer goes, a waiting read is ended and everything is put back", .timeLimit(.minutes(1)))
  func consumerLeaves() async {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8)])
    let source = IIOSource(IIOSettings(), backend: fake)
    await takeOne(source)
    await source.settled()
    #expect(fake.isAtRest)
    #expect(fake.value("iio:device0/in_accel_scale") == "0.000598")
  }

  private func takeOne(_ source: IIOSource) async { for await _ in source.events() { break } }

  @Test("a task that is cancelled ends sampling", .timeLimit(.minutes(1)))
  func cancellation() async {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8)])
    let source = IIOSource(IIOSettings(), backend: fake)
    let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      for await _ in source.events() { arrival.yield() }
    }
    for await _ in arrived { break }
    task.cancel()
    await task.value
    await source.settled()
    #expect(fake.isAtRest)
  }

  @Test("a consumer that falls behind is told so; memory is bounded", .timeLimit(.minutes(1)))
  func tooSlow() async {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", (0..<1000).map { Scan.run($0 * 8..<$0 * 8 + 8) })
    let source = IIOSource(IIOSettings(), backend: fake)
    let stream = source.events()
    // Nothing is taken until the source has given up.
    await source.settled()
    #expect(fake.isAtRest)
    var batches = 0
    var last: SensorError?
    for await event in stream {
      switch event {
      case .scans: batches += 1
      case .failed(let error): last = error
      case .ended: Issue.record("ended")
      }
    }
    #expect(batches == IIOSource.waitingLimit)
    #expect(last?.kind == .consumerTooSlow)
  }

  @Test("a second stream is refused while the first is consumed", .timeLimit(.minutes(1)))
  func twice() async {
    let fake = FakeIIO.mpu6050()
    fake.scans("iio:device0", [Scan.run(0..<8)])
    let source = IIOSource(IIOSettings(), backend: fake)
    for await event in source.events() {
      guard case .scans = event else { continue }
      var kinds: [SensorError.Kind] = []
      for await second in source.events() {
        if case .failed(let error) = second { kinds.append(error.kind) }
      }
      #expect(kinds == [.busy])
      #expect(!fake.isAtRest, "the first goes on")
      break
    }
  }

  @Test("a stream that follows a stopped one waits for it to be over", .timeLimit(.minutes(1)))
  func oneAfterTheOther() async {
    let fake = FakeIIO.mpu6050()
    let source = IIOSource(IIOSettings(), backend: fake)
    for _ in 0..<20 {
      fake.scans("iio:device0", [Scan.run(0..<8)])
      var kinds: [String] = []
      for await event in source.events() {
        if case .failed(let error) = event { kinds.append("\(error)") }
        break
      }
      #expect(kinds.isEmpty)
    }
    await source.settled()
    #expect(fake.isAtRest)
    #expect(fake.calls.filter { $0.hasPrefix("open buffer") }.count == 20)
    var open = 0
    for call in fake.calls {
      if call.hasPrefix("open buffer") { open += 1 }
      if call.hasPrefix("close buffer") { open -= 1 }
      #expect((0...1).contains(open), "never two at once")
    }
  }
}

@Suite("Stopping a thread that waits")
struct StopSignalTests {
  @Test("wakers are called once stopped, late ones at once, removed ones never")
  func wakers() {
    let stop = StopSignal()
    let called = Locked<[String]>([])
    let first = stop.add { called.withLock { $0.append("first") } }
    _ = stop.add { called.withLock { $0.append("second") } }
    stop.remove(first)
    #expect(!stop.isStopped)
    stop.stop()
    #expect(called.withLock { $0 } == ["second"])
    _ = stop.add { called.withLock { $0.append("late") } }
    #expect(called.withLock { $0 } == ["second", "late"])
    #expect(stop.isStopped)
  }
}
