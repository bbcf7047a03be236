import Motion
import Testing

@testable import IIODReplay

@Suite("Playing a capture")
struct PlaybackTests {
  static let ms: Int64 = 1_000_000
  /// With jitter, a gap, and two scans in the wrong order.
  static let stamps: [Int64] = [0, 5, 11, 15, 115, 120, 130, 125, 135].map { 7_000_000_000 + $0 * ms }

  @Test("begins when its buffer is opened, and keeps the recorded intervals to the nanosecond")
  func intervals() throws {
    var bench = Bench([try TestCapture.counting(Self.stamps)])
    let client = bench.connect()
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", client) == "0\n")
    let scans = try bench.scans(9, size: 24, client)
    #expect(scans.map(stamp) == Self.stamps.map { start + $0 - Self.stamps[0] })
    #expect(scans.map { code($0, at: 0) } == (0..<9).map { Int16($0 * 100) })
    #expect(bench.now == start + 135 * Self.ms)
  }

  @Test("is stamped by the clock that was chosen")
  func clocks() throws {
    var bench = Bench([try TestCapture.counting(Self.stamps)])
    let client = bench.connect()
    #expect(bench.say("WRITE iio:device0 current_timestamp_clock 9\r\nrealtime\0", client) == "9\n")
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", client) == "0\n")
    #expect(try bench.scans(1, size: 24, client).map(stamp) == [start + 500_000_000_000_000])
  }

  @Test("is as much faster as was asked for", arguments: [0.25, 2, 3, 100])
  func faster(_ rate: Double) throws {
    var bench = Bench([try TestCapture.counting(Self.stamps)]) { $0.rate = rate }
    let client = bench.connect()
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", client) == "0\n")
    let scans = try bench.scans(9, size: 24, client)
    let expected = Self.stamps.map { start + Int64((Double($0 - Self.stamps[0]) / rate).rounded()) }
    #expect(scans.map(stamp) == expected)
    #expect(abs(bench.now - (expected.max() ?? 0)) <= 2)
  }

  @Test("gives every client the capture from its beginning")
  func ownPlayback() throws {
    var bench = Bench([try TestCapture.counting(Self.stamps)])
    let first = bench.connect()
    let second = bench.connect()
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", first) == "0\n")
    bench.now += 120 * Self.ms
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", second) == "0\n")
    #expect(try bench.scans(2, size: 24, second).map(stamp) == [start, start + 5 * Self.ms])
    // And again after closing.
    #expect(bench.say("CLOSE iio:device0\r\nOPEN iio:device0 1 0000007f\r\n", second) == "0\n0\n")
    #expect(try bench.scans(1, size: 24, second).map { code($0, at: 0) } == [0])
  }

  @Test("repeats with stamps that go on, one period after the end")
  func loops() throws {
    let stamps = TestCapture.regular(4)
    var bench = Bench([try TestCapture.counting(stamps)]) { $0.loops = true }
    let client = bench.connect()
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 5 0000007f\r\n", client) == "0\n")
    let scans = try bench.scans(15, size: 24, client)
    #expect(scans.map(stamp) == (0..<15).map { start + $0 * 5 * Self.ms })
    #expect(scans.map { code($0, at: 0) } == (0..<15).map { Int16($0 % 4 * 100) })
  }

  @Test("rests before the beginning as long as was asked for, at the recorded rate")
  func rests() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(400))]) { $0.restSeconds = 0.1 }
    let client = bench.connect()
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", client) == "0\n")
    let scans = try bench.scans(30, size: 24, client)
    #expect(scans.map(stamp) == (0..<30).map { start + $0 * 5 * Self.ms })
    #expect(scans.suffix(10).map { code($0, at: 0) } == (0..<10).map { Int16($0 * 100) })
  }

  @Test("loses the newest scans while the buffer is full, as the kernel does")
  func overflow() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(200))])
    let client = bench.connect()
    let start = bench.now
    #expect(bench.say("SET iio:device0 BUFFERS_COUNT 2\r\nOPEN iio:device0 3 0000007f\r\n", client) == "0\n0\n")
    #expect(try bench.scans(3, size: 24, client).map(stamp) == [0, 5, 10].map { start + $0 * Self.ms })
    bench.now = start + 500 * Self.ms
    #expect(
      try bench.scans(9, size: 24, client).map(stamp)
        == [15, 20, 25, 30, 35, 40, 505, 510, 515].map { start + $0 * Self.ms })
  }

  @Test("lays out what is enabled as the kernel does", arguments: 1..<128)
  func masks(_ mask: Int) throws {
    let capture = try TestCapture.counting(Self.stamps)
    let layout = try #require(capture.devices[0].scans?.layout)
    let recorded = try #require(capture.devices[0].scans?.bytes)
    let channels = (0..<7).filter { mask >> $0 & 1 == 1 }.map { layout.channels[$0] }
    let enabled = try ScanLayout(channels: channels)
    var bench = Bench([capture])
    let client = bench.connect()
    let start = bench.now
    let digits = String(mask, radix: 16)
    let padded = String(repeating: "0", count: 8 - digits.count) + digits
    #expect(bench.say("OPEN iio:device0 1 \(padded)\r\n", client) == "0\n")
    let scans = try bench.scans(9, size: enabled.scanSize, client)
    for (index, scan) in scans.enumerated() {
      for (channel, offset) in zip(enabled.channels, enabled.offsets) {
        let position = try #require(layout.channels.firstIndex(of: channel))
        let expected =
          channel.id == "timestamp"
          ? start + Self.stamps[index] - Self.stamps[0]
          : channel.format.decode(recorded, at: index * layout.scanSize + layout.offsets[position])
        #expect(channel.format.decode(scan, at: offset) == expected)
      }
    }
  }

  @Test("stores codes in every format so that they read back")
  func encoding() throws {
    var random = TestRandom(seed: 8)
    for text in [
      "be:S16/16>>0", "le:s12/16>>4", "be:u14/16>>2", "le:S64/64>>0", "be:S64/64>>0", "le:U8/8>>0", "le:s24/32>>8",
    ] {
      let format = try #require(ScanFormat(text))
      for _ in 0..<50 {
        let code = Int64.random(in: format.minimumCode...format.maximumCode, using: &random)
        var bytes = [UInt8](repeating: 0xAA, count: 12)
        #expect(format.encode(code, into: &bytes, at: 2))
        #expect(format.decode(bytes, at: 2) == code)
        #expect(bytes.prefix(2) == [0xAA, 0xAA] && bytes.last == 0xAA)
      }
      var short = [UInt8](repeating: 0, count: format.byteCount - 1)
      #expect(!format.encode(1, into: &short, at: 0))
    }
  }

  @Test("runs the devices of one capture by one clock, whenever their buffers are opened")
  func hub() throws {
    var bench = Bench([try TestCapture.hub()])
    let accelerometer = bench.connect()
    let gyroscope = bench.connect()
    // The recording does not tell its clock: the kernel's default.
    let start = bench.now + 500_000_000_000_000
    #expect(bench.say("OPEN iio:device0 1 0000000f\r\n", accelerometer) == "0\n")
    bench.now += 21 * Self.ms
    #expect(bench.say("OPEN iio:device1 1 0000000f\r\n", gyroscope) == "0\n")
    #expect(try bench.scans(4, size: 24, accelerometer).map(stamp) == [0, 10, 20, 30].map { start + $0 * Self.ms })
    let scans = try bench.scans(2, size: 24, device: "iio:device1", gyroscope)
    #expect(scans.map(stamp) == [24, 34].map { start + $0 * Self.ms })
    #expect(scans.map { $0[0] } == [20, 30])
  }
}
