import Testing

@testable import Controls

/// Milliseconds, in nanoseconds.
private func ms(_ count: Int64) -> Int64 { count * 1_000_000 }

@Suite("Presses from edges that come debounced") struct PressDetectorTests {
  private func detector(isDown: Bool = false, holdAfter: Int64? = ms(2000)) -> PressDetector {
    PressDetector(debounce: 0, holdAfter: holdAfter, isDown: isDown)
  }

  @Test("A short press: pressed with the edge's time, then released; nothing is waited for before or after")
  func short() {
    var detector = detector()
    #expect(detector.deadline == nil)
    #expect(detector.edge(isDown: true, at: ms(10)) == [.pressed(monotonicNanoseconds: ms(10))])
    #expect(detector.deadline == ms(2010))
    #expect(detector.edge(isDown: false, at: ms(200)) == [.released])
    #expect(detector.deadline == nil)
  }

  @Test("A long press is held once, while down; a button that is stuck says nothing more and needs no timer")
  func long() {
    var detector = detector()
    _ = detector.edge(isDown: true, at: ms(10))
    #expect(detector.advance(to: ms(2009)) == [])
    #expect(detector.advance(to: ms(2010)) == [.held])
    #expect(detector.deadline == nil)
    #expect(detector.advance(to: ms(100_000_000)) == [])
    #expect(detector.edge(isDown: false, at: ms(100_000_001)) == [.released])
  }

  @Test("A release that is read late shows that the button was held, if it was")
  func lateRelease() {
    var held = detector()
    _ = held.edge(isDown: true, at: ms(10))
    #expect(held.edge(isDown: false, at: ms(2010)) == [.held, .released])
    var short = detector()
    _ = short.edge(isDown: true, at: ms(10))
    #expect(short.edge(isDown: false, at: ms(2009)) == [.released])
    #expect(short.advance(to: ms(5000)) == [])
  }

  @Test("Without a long press there is none")
  func noHold() {
    var detector = detector(holdAfter: nil)
    _ = detector.edge(isDown: true, at: ms(10))
    #expect(detector.deadline == nil)
    #expect(detector.advance(to: .max) == [])
  }

  @Test("A button that is down at the start has not been pressed: not held, not released; the next press counts")
  func downAtStart() {
    var detector = detector(isDown: true)
    #expect(detector.deadline == nil)
    #expect(detector.advance(to: ms(60_000)) == [])
    #expect(detector.edge(isDown: false, at: ms(60_001)) == [])
    #expect(detector.edge(isDown: true, at: ms(60_100)) == [.pressed(monotonicNanoseconds: ms(60_100))])
  }

  @Test("A down edge that is read after the level at the start is a press all the same")
  func edgeDuringStart() {
    var detector = detector(isDown: true)
    #expect(detector.edge(isDown: true, at: ms(1)) == [.pressed(monotonicNanoseconds: ms(1))])
    #expect(detector.edge(isDown: false, at: ms(90)) == [.released])
  }

  @Test("A release whose edge was lost comes with the next press, which has its own time")
  func lostRelease() {
    var detector = detector()
    _ = detector.edge(isDown: true, at: ms(10))
    #expect(detector.edge(isDown: true, at: ms(500)) == [.released, .pressed(monotonicNanoseconds: ms(500))])
    #expect(detector.deadline == ms(2500))
  }

  @Test("A press whose edge was lost does nothing")
  func lostPress() {
    var detector = detector()
    #expect(detector.edge(isDown: false, at: ms(10)) == [])
    #expect(detector.deadline == nil)
  }

  @Test("After a loss the level decides: up ends a press, down begins one, the same level changes nothing")
  func synchronised() {
    var detector = detector()
    #expect(detector.synchronise(isDown: false, at: ms(1)) == [])
    #expect(detector.synchronise(isDown: true, at: ms(2)) == [.pressed(monotonicNanoseconds: ms(2))])
    #expect(detector.synchronise(isDown: true, at: ms(3)) == [])
    #expect(detector.synchronise(isDown: false, at: ms(4)) == [.released])
    var stuck = self.detector(isDown: true)
    #expect(stuck.synchronise(isDown: true, at: ms(1)) == [])
    #expect(stuck.synchronise(isDown: false, at: ms(2)) == [])
  }

  @Test("Stamps that run backwards or are absurd neither trap nor undo anything")
  func stamps() {
    var detector = detector()
    _ = detector.edge(isDown: true, at: ms(10))
    #expect(detector.edge(isDown: false, at: .min) == [.released])
    #expect(detector.edge(isDown: true, at: ms(5)) == [.pressed(monotonicNanoseconds: ms(10))])
    #expect(detector.edge(isDown: false, at: .max) == [.held, .released])
    #expect(detector.edge(isDown: true, at: .max) == [.pressed(monotonicNanoseconds: .max)])
    #expect(detector.deadline == .max)
  }
}

@Suite("Presses from edges that bounce") struct BouncingPressTests {
  private func detector(isDown: Bool = false) -> PressDetector {
    PressDetector(debounce: ms(10), holdAfter: ms(2000), isDown: isDown)
  }

  /// Feeds edges, calling the detector at its deadlines between them as the thread does.
  private func run(
    _ detector: inout PressDetector, _ edges: [(isDown: Bool, at: Int64)], until end: Int64
  ) -> [ButtonEvent] {
    var events: [ButtonEvent] = []
    for edge in edges {
      while let deadline = detector.deadline, deadline < edge.at { events += detector.advance(to: deadline) }
      events += detector.edge(isDown: edge.isDown, at: edge.at)
    }
    while let deadline = detector.deadline, deadline <= end { events += detector.advance(to: deadline) }
    return events
  }

  @Test("A burst is one press, of the time from which the level was stable")
  func burst() {
    var detector = detector()
    let edges: [(Bool, Int64)] = [
      (true, ms(100)), (false, ms(101)), (true, ms(102)), (false, ms(105)), (true, ms(106)),
    ]
    for (isDown, time) in edges { #expect(detector.edge(isDown: isDown, at: time) == []) }
    #expect(detector.deadline == ms(116))
    #expect(detector.advance(to: ms(115)) == [])
    #expect(detector.advance(to: ms(116)) == [.pressed(monotonicNanoseconds: ms(106))])
    #expect(detector.deadline == ms(2106))
  }

  @Test("A spike is no press, and leaves no timer")
  func spike() {
    var detector = detector()
    #expect(detector.edge(isDown: true, at: ms(100)) == [])
    #expect(detector.edge(isDown: false, at: ms(103)) == [])
    #expect(detector.deadline == nil)
    #expect(detector.advance(to: ms(5000)) == [])
  }

  @Test("A spike while down does not end the press, nor delay the long press")
  func spikeWhileDown() {
    var detector = detector()
    let events = run(
      &detector, [(true, ms(100)), (false, ms(1000)), (true, ms(1004))], until: ms(2100))
    #expect(events == [.pressed(monotonicNanoseconds: ms(100)), .held])
  }

  @Test("A release that is still bouncing when the long press is due is a release, not a long press")
  func releaseAtHold() {
    var detector = detector()
    let events = run(&detector, [(true, ms(100)), (false, ms(2095))], until: ms(9000))
    #expect(events == [.pressed(monotonicNanoseconds: ms(100)), .released])
  }

  @Test("A bounce at the time of the long press only delays it")
  func bounceAtHold() {
    var detector = detector()
    let events = run(&detector, [(true, ms(100)), (false, ms(2095)), (true, ms(2101))], until: ms(9000))
    #expect(events == [.pressed(monotonicNanoseconds: ms(100)), .held])
  }

  @Test("Edges of one direction after each other are bounces that were lost between")
  func lostBounces() {
    var detector = detector()
    let events = run(
      &detector, [(true, ms(100)), (true, ms(102)), (true, ms(500)), (false, ms(900)), (false, ms(903))],
      until: ms(1500))
    #expect(events == [.pressed(monotonicNanoseconds: ms(102)), .released])
  }

  @Test("A button that is down at the start and bounces is not pressed until it has been up for good")
  func downAtStart() {
    var detector = detector(isDown: true)
    #expect(run(&detector, [(false, ms(50))], until: ms(400)) == [])
    #expect(run(&detector, [(true, ms(500))], until: ms(600)) == [.pressed(monotonicNanoseconds: ms(500))])
  }

  @Test("After a loss in the middle of a burst the level waits for its time like any other")
  func synchronised() {
    var detector = detector()
    _ = detector.edge(isDown: true, at: ms(100))
    #expect(detector.synchronise(isDown: false, at: ms(105)) == [])
    #expect(detector.deadline == nil)
    #expect(detector.synchronise(isDown: true, at: ms(107)) == [])
    #expect(detector.advance(to: ms(117)) == [.pressed(monotonicNanoseconds: ms(107))])
  }

  @Test("Random presses with random bounces come out one by one", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func random(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var edges: [(isDown: Bool, at: Int64)] = []
    var expected: [ButtonEvent] = []
    var time = ms(50)
    /// Adds an edge with bounces, each shorter than the debounce time; returns when the level is final.
    func settle(_ isDown: Bool) -> Int64 {
      edges.append((isDown, time))
      for _ in 0..<Int.random(in: 0...6, using: &generator) {
        time += Int64.random(in: 1...ms(9), using: &generator)
        edges.append((!isDown, time))
        time += Int64.random(in: 1...ms(9), using: &generator)
        edges.append((isDown, time))
      }
      return time
    }
    for _ in 0..<200 {
      let down = settle(true)
      expected.append(.pressed(monotonicNanoseconds: down))
      let isLong = Bool.random(using: &generator)
      time += ms(15)
      if isLong {
        time += ms(2000) + Int64.random(in: 0...ms(500), using: &generator)
        expected.append(.held)
      }
      _ = settle(false)
      expected.append(.released)
      time += Int64.random(in: ms(11)...ms(400), using: &generator)
    }
    var detector = detector()
    #expect(run(&detector, edges, until: time + ms(100)) == expected, "seed \(seed)")
  }

  @Test("However edges come, presses and releases alternate and a press is held at most once", arguments: 1...8)
  func alternation(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for debounce in [Int64(0), Int64(10_000_000)] {
      var detector = PressDetector(
        debounce: debounce, holdAfter: ms(50), isDown: Bool.random(using: &generator))
      var events: [ButtonEvent] = []
      var time: Int64 = 0
      for _ in 0..<2000 {
        time += Int64.random(in: -ms(1)...ms(40), using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: events += detector.synchronise(isDown: Bool.random(using: &generator), at: time)
        case 1: events += detector.advance(to: time)
        default: events += detector.edge(isDown: Bool.random(using: &generator), at: time)
        }
      }
      var isDown = false
      var isHeld = false
      var presses = 0
      for event in events {
        switch event {
        case .pressed:
          #expect(!isDown, "seed \(seed)")
          (isDown, isHeld) = (true, false)
          presses += 1
        case .held:
          #expect(isDown && !isHeld, "seed \(seed)")
          isHeld = true
        case .released:
          #expect(isDown, "seed \(seed)")
          isDown = false
        case .failed: Issue.record("the detector reports no errors")
        }
      }
      #expect(presses > 50)
    }
  }
}

/// A small generator for reproducible random inputs (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
