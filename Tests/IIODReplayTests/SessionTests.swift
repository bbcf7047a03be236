import Motion
import Testing

@testable import IIODReplay

@Suite("A session")
struct SessionTests {
  @Test("tells version, context and help")
  func tells() throws {
    let capture = try TestCapture.counting(TestCapture.regular(20))
    var bench = Bench([capture])
    let client = bench.connect()
    #expect(bench.say("VERSION\r\n", client) == "0.24.tacc   \n")
    #expect(bench.say("ZPRINT\r\n", client) == "-22\n")
    #expect(bench.say("BINARY\r\n", client) == "-22\n")
    let answer = bench.say("PRINT\r\n", client)
    let end = try #require(answer.firstIndex(of: "\n"))
    let xml = answer[answer.index(after: end)...].dropLast()
    #expect(Int(answer[..<end]) == xml.utf8.count)
    #expect(xml.hasPrefix("<?xml") && xml.hasSuffix("</context>"))
    #expect(xml.contains("<context-attribute name=\"replay,capture\" value=\"counting\" />"))
    #expect(xml.contains("<scan-element index=\"6\" format=\"le:S64/64&gt;&gt;0\" />"))
    #expect(bench.say("HELP\r\n", client).contains("READBUF"))
  }

  @Test("answers a bad command and goes on")
  func goesOn() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(20))])
    let client = bench.connect()
    #expect(bench.say("NONSENSE\r\nTIMEOUT x\r\n\u{0}\r\nVERSION\r\n", client) == "-22\n-22\n-22\n0.24.tacc   \n")
    #expect(bench.say("READ iio:device7 name\r\nGETTRIG nobody\r\nOPEN x 1 00000001\r\n", client) == "-19\n-19\n-19\n")
    #expect(bench.say("WRITE nobody attr 8\r\nREAD x\r\nVERSION\r\n", client) == "-19\n0.24.tacc   \n")
  }

  @Test("ends on EXIT, and closes what was open")
  func exit() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(20))])
    let client = bench.connect()
    #expect(bench.say("OPEN iio:device0 4 0000007f\r\n", client) == "0\n")
    #expect(bench.state.stage.playbacks.count == 1)
    #expect(bench.say("EXIT\r\nVERSION\r\n", client) == "")
    #expect(bench.collect(client).isFinished)
    #expect(bench.state.stage.playbacks.isEmpty)
    #expect(bench.state.contexts[0].open[0] == 0)
  }

  @Test("opens what can be opened, and nothing else")
  func opening() throws {
    var limits = ReplayLimits()
    limits.openBuffers = 3
    limits.scansPerBlock = 1000
    var bench = Bench([try TestCapture.counting(TestCapture.regular(20))], limits: limits)
    let client = bench.connect()
    let refused = [
      "4 00000000", "4 00000080", "4 0000000000000001", "0 00000001", "1001 00000001", "4 00000001 CYCLIC",
    ]
    for refused in refused { #expect(bench.say("OPEN iio:device0 \(refused)\r\n", client) == "-22\n") }
    #expect(bench.say("READBUF iio:device0 24\r\nCLOSE iio:device0\r\n", client) == "-9\n-9\n")
    #expect(bench.say("OPEN iio:device0 1000 0000007F\r\n", client) == "0\n")
    #expect(bench.say("OPEN iio:device0 4 0000007f\r\n", client) == "-16\n")
    let others = (0..<3).map { _ in bench.connect() }
    #expect(others.map { bench.say("OPEN iio:device0 4 0000007f\r\n", $0) } == ["0\n", "0\n", "-24\n"])
    bench.disconnect(others[0])
    #expect(bench.say("OPEN iio:device0 4 0000007f\r\n", others[2]) == "0\n")
    #expect(bench.say("CLOSE iio:device0\r\nCLOSE iio:device0\r\n", client) == "0\n-9\n")
  }

  @Test("delivers a block when its last scan is due, with the mask once")
  func blocks() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(20))])
    let client = bench.connect()
    let start = bench.now
    #expect(bench.say("OPEN iio:device0 4 0000007f\r\nREADBUF iio:device0 192\r\n", client) == "0\n")
    #expect(bench.collect(client).until == start + 15_000_000)
    bench.now = start + 14_999_999
    #expect(bench.collect(client).bytes.isEmpty)
    bench.now = start + 15_000_000
    let first = bench.collect(client)
    #expect(first.bytes.prefix(12) == Array("96\n0000007f\n".utf8)[...])
    #expect(first.bytes.count == 12 + 96)
    #expect(first.until == start + 35_000_000)
    bench.now = start + 35_000_000
    let second = bench.collect(client)
    #expect(second.bytes.prefix(3) == Array("96\n".utf8)[...])
    #expect(second.bytes.count == 3 + 96)
    #expect(second.until == nil)
    // The session listens again.
    #expect(bench.say("VERSION\r\n", client) == "0.24.tacc   \n")
  }

  @Test("ends a reading of a part of a scan early")
  func uneven() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(20))])
    let client = bench.connect()
    #expect(bench.say("OPEN iio:device0 1 0000007f\r\n", client) == "0\n")
    let answer = bench.send(Array("READBUF iio:device0 40\r\n".utf8), client)
    #expect(answer.prefix(12) == Array("24\n0000007f\n".utf8)[...])
    #expect(answer.suffix(2) == Array("0\n".utf8)[...])
    #expect(answer.count == 12 + 24 + 2)
    #expect(bench.say("READBUF iio:device0 23\r\nREADBUF iio:device0 0\r\n", client) == "-22\n-22\n")
    #expect(bench.say("READBUF iio:device0 \(1 << 40)\r\n", client) == "-22\n")
  }

  @Test("times out where no scan comes, as when the recording has ended, and goes on")
  func timeout() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(10))])
    let client = bench.connect()
    let other = bench.connect()
    // libiio sets the timeout over another connection than that of the buffer.
    #expect(bench.say("TIMEOUT 250\r\n", other) == "0\n")
    #expect(bench.say("OPEN iio:device0 10 0000007f\r\n", client) == "0\n")
    #expect(try bench.scans(10, size: 24, client).count == 10)
    let before = bench.now
    #expect(bench.say("READBUF iio:device0 24\r\n", client) == "")
    #expect(bench.wait(client, for: 1, until: before + 10_000_000_000) == Array("-110\n".utf8))
    #expect(bench.now == before + 250_000_000)
    #expect(bench.say("VERSION\r\n", client) == "0.24.tacc   \n")
    // Without a timeout it waits for ever.
    #expect(bench.say("TIMEOUT 0\r\n", other) == "0\n")
    #expect(bench.say("READBUF iio:device0 24\r\n", client) == "")
    #expect(bench.wait(client, for: 1, until: bench.now + 3_600_000_000_000).isEmpty)
  }

  @Test("loses no scan to a timeout")
  func timeoutKeeps() throws {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(40, period: 100_000_000))])
    let client = bench.connect()
    #expect(bench.say("TIMEOUT 50\r\nOPEN iio:device0 2 0000007f\r\n", client) == "0\n0\n")
    let start = bench.now
    #expect(bench.say("READBUF iio:device0 48\r\n", client) == "")
    #expect(bench.wait(client, for: 1, until: start + 1_000_000_000) == Array("-110\n".utf8))
    bench.now = start + 100_000_000
    #expect(try bench.scans(2, size: 24, client).map(stamp) == [start, start + 100_000_000])
  }

  @Test("has triggers where the context has them")
  func triggers() throws {
    var bench = Bench([try TestCapture.hub(), try TestCapture.counting(TestCapture.regular(5))])
    let hub = bench.connect(0)
    #expect(bench.say("GETTRIG iio:device0\r\n", hub) == "13\naccel_3d-dev0\n")
    #expect(bench.say("GETTRIG iio:device1\r\nGETTRIG trigger0\r\n", hub) == "0\n-2\n")
    #expect(bench.say("SETTRIG iio:device1 trigger1\r\nGETTRIG iio:device1\r\n", hub) == "0\n5\nother\n")
    #expect(bench.say("SETTRIG iio:device1 nothing\r\nSETTRIG trigger0 trigger1\r\n", hub) == "-2\n-2\n")
    #expect(bench.say("SETTRIG iio:device0\r\nGETTRIG iio:device0\r\n", hub) == "0\n0\n")
    #expect(bench.say("OPEN iio:device0 1 0000000f\r\nSETTRIG iio:device0 trigger0\r\n", hub) == "0\n-16\n")
    #expect(bench.say("GETTRIG iio:device0\r\n", bench.connect(1)) == "0\n")
  }

  @Test("survives whatever a client says")
  func garbage() throws {
    let words = [
      "READ", "WRITE", "OPEN", "CLOSE", "READBUF", "SET", "GETTRIG", "SETTRIG", "iio:device0", "iio:device1",
      "trigger0",
      "INPUT", "OUTPUT", "BUFFER", "DEBUG", "accel_x", "scale", "raw", "watermark", "BUFFERS_COUNT", "0", "1", "24",
      "-1",
      "9223372036854775807", "0000000f", "ffffffff", "CYCLIC", "TIMEOUT", "\u{FFFD}",
    ]
    var random = TestRandom(seed: 11)
    var bench = Bench([try TestCapture.hub()]) { $0.loops = true }
    for _ in 0..<100 {
      let client = bench.connect()
      for _ in 0..<20 {
        let line = (0..<Int.random(in: 1...6, using: &random)).compactMap { _ in words.randomElement(using: &random) }
        _ = bench.say(line.joined(separator: " ") + "\r\n", client)
        bench.now += Int64.random(in: 0...20_000_000, using: &random)
      }
      bench.disconnect(client)
      #expect(bench.state.stage.playbacks.isEmpty)
      #expect(bench.state.contexts[0].open.values.allSatisfy { $0 == 0 })
    }
  }
}
