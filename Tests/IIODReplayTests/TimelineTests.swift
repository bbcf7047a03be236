import Testing

@testable import IIODReplay

@Suite("When recorded scans are delivered")
struct TimelineTests {
  static let ms: Int64 = 1_000_000

  @Test("each at its stamp, jitter and gaps as recorded")
  func asRecorded() {
    let stamps: [Int64] = [100, 105, 111, 115, 415, 420, 5420, 5425].map { $0 * Self.ms }
    let timeline = Timeline(stamps: stamps)
    #expect(timeline.origin == 100 * Self.ms)
    #expect(timeline.due == [0, 5, 11, 15, 315, 320, 5320, 5325].map { $0 * Self.ms })
    #expect(timeline.period == 5 * Self.ms)
    #expect(timeline.length == 5330 * Self.ms)
  }

  @Test("never before the scan that was recorded before it")
  func disorder() {
    let timeline = Timeline(stamps: [0, 5, 15, 10, 20].map { $0 * Self.ms })
    #expect(timeline.due == [0, 5, 15, 15, 20].map { $0 * Self.ms })
  }

  @Test(
    "with the scan before it where its stamp alone is astray",
    arguments: [Int64(1) << 61, -(1 << 61), 90_000_000_000, -90_000_000_000, 1_100_000_000])
  func stray(_ stamp: Int64) {
    let timeline = Timeline(stamps: [0, 5 * Self.ms, 10 * Self.ms, stamp, 20 * Self.ms, 25 * Self.ms])
    #expect(timeline.due == [0, 5, 10, 10, 20, 25].map { $0 * Self.ms })
  }

  @Test("from the first that is credible where the first stamp is astray")
  func strayStart() {
    let timeline = Timeline(stamps: [-(1 << 60), 1000, 1005, 1010].enumerated().map { $0 == 0 ? $1 : $1 * Self.ms })
    #expect(timeline.origin == 1000 * Self.ms)
    #expect(timeline.due == [0, 0, 5, 10].map { $0 * Self.ms })
  }

  @Test("one period after another where the clock was set back")
  func step() {
    let timeline = Timeline(stamps: [50_000, 50_005, 50_010, 3, 8, 13].map { $0 * Self.ms })
    #expect(timeline.due == [0, 5, 10, 15, 20, 25].map { $0 * Self.ms })
  }

  @Test("counts what is due")
  func counts() {
    let timeline = Timeline(stamps: [0, 5, 5, 10].map { $0 * Self.ms })
    #expect([-1, 0, 4, 5, 9, 10, 1000].map { timeline.count(by: $0 * Self.ms) } == [0, 1, 1, 3, 3, 4, 4])
  }

  @Test("takes any stamps at all")
  func anything() {
    var random = TestRandom(seed: 4)
    for count in [1, 2, 3, 10, 500] {
      for _ in 0..<50 {
        let stamps = (0..<count).map { _ in Int64.random(in: -(1 << 62) + 1...(1 << 62) - 1, using: &random) }
        let timeline = Timeline(stamps: stamps, nominalRate: 1e-9)
        #expect(timeline.due.count == count)
        #expect(timeline.due == timeline.due.sorted())
        #expect((timeline.due.first ?? -1) >= 0)
        #expect(timeline.period >= 1)
      }
    }
  }
}
