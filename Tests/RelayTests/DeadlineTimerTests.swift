import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

@Suite("The timer for the earliest deadline")
struct DeadlineTimerTests {
  /// What a registry is to the timer: it is asked what is left whenever it is woken.
  final class Deadlines {
    let loop = EmbeddedEventLoop()
    let timer: DeadlineTimer
    var pending: [Int64] = []
    var wakeUps: [Int64] = []

    init() { timer = DeadlineTimer(eventLoop: loop) }

    var now: Int64 { Int64(loop.now.uptimeNanoseconds) }

    func add(_ deadline: Int64) {
      pending.append(deadline)
      arm()
    }

    func arm() {
      let bound = NIOLoopBound(self, eventLoop: loop)
      timer.arm(for: pending.min(), at: now) { bound.value.wake() }
    }

    func wake() {
      wakeUps.append(now)
      pending.removeAll { $0 <= now }
      arm()
    }
  }

  @Test("wakes at every deadline, in order, whatever the order in which they were told")
  func order() {
    let deadlines = Deadlines()
    for deadline in [50, 10, 30, 10, 70] as [Int64] { deadlines.add(deadline) }
    deadlines.loop.advanceTime(by: .nanoseconds(9))
    #expect(deadlines.wakeUps == [])
    deadlines.loop.advanceTime(by: .nanoseconds(100))
    #expect(deadlines.wakeUps == [10, 30, 50, 70])
  }

  @Test("a deadline that has passed already wakes at once")
  func past() {
    let deadlines = Deadlines()
    deadlines.loop.advanceTime(by: .nanoseconds(5))
    deadlines.add(3)
    deadlines.loop.run()
    #expect(deadlines.wakeUps == [5])
  }

  @Test("a timer that an earlier one replaced is gone for good: wake-ups do not multiply")
  func noPileUp() {
    let deadlines = Deadlines()
    deadlines.add(1_000_000)
    // Each of these comes before the one that is set, time and again.
    for _ in 0..<1_000 {
      deadlines.add(deadlines.now + 60)
      deadlines.loop.advanceTime(by: .nanoseconds(100))
    }
    #expect(deadlines.wakeUps.count == 1_000)
    deadlines.loop.advanceTime(by: .nanoseconds(1_000_000))
    #expect(deadlines.wakeUps.count == 1_001)
  }
}
