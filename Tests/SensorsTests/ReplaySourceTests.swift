import Testing

@testable import Motion
@testable import Sensors

@Suite("Replaying a recording")
struct ReplaySourceTests {
  private func recording(_ times: [Int64]) -> Recording {
    var recording = Recording(nominalRate: 200)
    for time in times { recording.append(timestamp: time, angularVelocity: SIMD3(repeating: Double(time))) }
    return recording
  }

  private func play(_ source: ReplaySource) async -> (batches: [Recording], ends: Int) {
    var batches: [Recording] = []
    var ends = 0
    for await event in source.events() {
      switch event {
      case .scans(let batch): batches.append(batch)
      case .ended: ends += 1
      case .failed(let error): Issue.record(error)
      }
    }
    return (batches, ends)
  }

  @Test("fast: all scans in batches of 50 ms, then one end", .timeLimit(.minutes(1)))
  func fast() async throws {
    let times = (0..<2000).map { Int64($0) * 5_000_000 }
    let source = ReplaySource(recording: recording(times), pace: .fast, name: "shake")
    let (batches, ends) = await play(source)
    #expect(batches.flatMap(\.timestamps) == times)
    #expect(batches.allSatisfy { $0.count == 10 })
    #expect(ends == 1)
    let description = try await source.describe()
    #expect(description.name == "shake")
    #expect(description.rate == 200)
    #expect(description.hasGyroscope && !description.hasAccelerometer && !description.isLive)
  }

  @Test("a clock that stands still, runs backwards or leaps makes no endless batch", .timeLimit(.minutes(1)))
  func strayTimes() async {
    let still = await play(ReplaySource(recording: recording([Int64](repeating: 7, count: 10_000)), pace: .fast))
    #expect(still.batches.map(\.count).max() == 4096)
    #expect(still.batches.map(\.count).reduce(0, +) == 10_000)
    let times: [Int64] = [0, 5_000_000, .max, 10_000_000, .min, 15_000_000]
    let leaping = await play(ReplaySource(recording: recording(times), pace: .fast))
    #expect(leaping.batches.flatMap(\.timestamps) == times)
  }

  @Test("nothing recorded, nothing played", .timeLimit(.minutes(1)))
  func empty() async {
    let (batches, ends) = await play(ReplaySource(recording: Recording(), pace: .realTime))
    #expect(batches.isEmpty && ends == 1)
  }

  @Test("real time: a batch is not there before its last scan would be", .timeLimit(.minutes(1)))
  func realTime() async {
    let start = ContinuousClock.now
    let (batches, _) = await play(
      ReplaySource(recording: recording((0..<21).map { Int64($0) * 5_000_000 }), pace: .realTime))
    #expect(batches.count == 3)
    #expect(ContinuousClock.now - start >= .milliseconds(100))
  }

  @Test("a consumer that is cancelled does not wait for the next batch", .timeLimit(.minutes(1)))
  func cancelled() async {
    let source = ReplaySource(recording: recording([0, 3_600_000_000_000]), pace: .realTime)
    let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      for await _ in source.events() { arrival.yield() }
    }
    for await _ in arrived { break }
    task.cancel()
    await task.value
  }
}
