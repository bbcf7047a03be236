import Motion
import Testing

@testable import IIODReplay

@Suite("Playing captures together")
struct TogetherTests {
  static let ms: Int64 = 1_000_000

  @Test("lets boards that open their buffers seconds apart feel the shake at once, after rest without a break")
  func pair() throws {
    let (alice, bob) = try TestCapture.pair.get()
    var bench = Bench([alice, bob]) { $0.together = true }
    let sides = [bench.connect(0), bench.connect(1)]
    #expect(bench.say("OPEN iio:device0 1000 0000007f\r\n", sides[0]) == "0\n")
    bench.now += 3_333 * Self.ms
    #expect(bench.say("OPEN iio:device0 1000 0000007f\r\n", sides[1]) == "0\n")
    bench.now += 2_500 * Self.ms
    var onsets: [Int64] = []
    for (side, count, capture, period) in [(0, 1150, alice, 5.0), (1, 240, bob, 10.0)] {
      let scans = try bench.scans(count, size: 24, sides[side])
      let intervals = zip(scans, scans.dropFirst()).map { Double(stamp($1) - stamp($0)) / 1e6 }
      // No interval tells where rest went over into the recording.
      #expect(intervals.allSatisfy { abs($0 - period) < 0.1 * period })
      let layout = try #require(capture.devices[0].scans?.layout)
      var recording = Recording()
      try ScanDecoder(layout: layout).decode(scans.flatMap { $0 }, into: &recording)
      var detector = BurstDetector()
      for index in 0..<recording.count {
        let transition = detector.feed(
          time: recording.timestamps[index], acceleration: recording.acceleration[index],
          angularVelocity: recording.angularVelocity[index])
        if case .began(let onset) = transition { onsets.append(onset) }
      }
    }
    #expect(onsets.count == 2)
    #expect(abs(onsets[0] - onsets[1]) < 50 * Self.ms)
  }

  @Test("waits for every capture, rests once more, and begins them within one period of each other")
  func begins() throws {
    let captures = [
      try TestCapture.counting(TestCapture.regular(50)),
      try TestCapture.counting(TestCapture.regular(50, period: 7 * Self.ms)),
    ]
    var bench = Bench(captures) {
      $0.together = true
      $0.restSeconds = 0.05
    }
    let first = bench.connect(0)
    let second = bench.connect(1)
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", first) == "0\n")
    bench.now += 10_000 * Self.ms
    #expect(bench.state.stage.playbacks.map(\.start) == [nil])
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", second) == "0\n")
    let starts = bench.state.stage.playbacks.compactMap(\.start)
    #expect(starts.count == 2)
    #expect(starts.allSatisfy { $0 >= bench.now + 50 * Self.ms && $0 <= bench.now + 65 * Self.ms })
    #expect(bench.state.notices.contains(.began(captures: [0, 1])))
  }

  @Test("keeps a capture that is opened again waiting until the others are, too")
  func rounds() throws {
    let capture = try TestCapture.counting(TestCapture.regular(50))
    var bench = Bench([capture, capture]) { $0.together = true }
    let (alice, bob) = (bench.connect(0), bench.connect(1))
    let (open, close) = ("OPEN iio:device0 1 0000007f\r\n", "CLOSE iio:device0\r\n")
    #expect(bench.say(open, alice) + bench.say(open, bob) == "0\n0\n")
    #expect(bench.state.stage.playbacks.allSatisfy { $0.start != nil })
    // Alice gives up and tries again; Bob has not noticed yet.
    bench.now += 500 * Self.ms
    #expect(bench.say(close + open, alice) == "0\n0\n")
    #expect(bench.state.stage.playbacks.filter { $0.start == nil }.map(\.capture) == [0])
    bench.now += 500 * Self.ms
    #expect(bench.say(close + open, bob) == "0\n0\n")
    let starts = bench.state.stage.playbacks.map(\.start)
    #expect(starts.count == 2 && starts.allSatisfy { ($0 ?? 0) >= bench.now })
  }

  @Test("wakes a reader that waits while the others open")
  func wakes() throws {
    let capture = try TestCapture.counting(TestCapture.regular(50))
    var bench = Bench([capture, capture]) { $0.together = true }
    let (alice, bob) = (bench.connect(0), bench.connect(1))
    #expect(
      bench.say("TIMEOUT 60000\r\nOPEN iio:device0 50 0000007f\r\nREADBUF iio:device0 4800\r\n", alice) == "0\n0\n")
    #expect(bench.say("OPEN iio:device0 50 0000007f\r\n", bob) == "0\n")
    let bytes = bench.wait(alice, for: 5000, until: bench.now + 2_000 * Self.ms)
    // The first block: a few scans of rest, then the recording; the second never fills.
    #expect(bytes.prefix(14) == Array("1200\n0000007f\n".utf8)[...])
    #expect(bytes.count == 14 + 1200)
  }
}

@Suite("Rest")
struct RestTests {
  @Test("is the quiet beginning of a recording")
  func recorded() throws {
    let scans = try #require(try TestCapture.pair.get().alice.devices[0].scans)
    let rest = RestScans(of: scans)
    #expect(rest.isRecorded)
    let count = rest.bytes.count / scans.layout.scanSize
    #expect((200...302).contains(count))
    #expect(rest.bytes.elementsEqual(scans.bytes.prefix(rest.bytes.count)))
  }

  @Test("ends well before a motion that comes early")
  func early() throws {
    var scans = try #require(try TestCapture.pair.get().alice.devices[0].scans)
    // One second of rest is left.
    let cut = 120
    scans.recording = scans.recording.suffix(from: cut)
    scans.bytes.removeFirst(cut * scans.layout.scanSize)
    let rest = RestScans(of: scans)
    #expect(rest.isRecorded)
    #expect((120...200).contains(rest.bytes.count / scans.layout.scanSize))
  }

  @Test("is the first scan without rotation where a recording begins in motion")
  func madeUp() throws {
    var scans = try #require(try TestCapture.pair.get().alice.devices[0].scans)
    let cut = 440
    scans.recording = scans.recording.suffix(from: cut)
    scans.bytes.removeFirst(cut * scans.layout.scanSize)
    let rest = RestScans(of: scans)
    #expect(!rest.isRecorded)
    #expect(rest.bytes.count == scans.layout.scanSize)
    #expect(rest.bytes.prefix(6) == scans.bytes.prefix(6))
    #expect(rest.bytes[6..<12].allSatisfy { $0 == 0 })
    #expect(scans.bytes[6..<12].contains { $0 != 0 })
  }
}
