import Motion
import Testing

@testable import IIODReplay

@Suite("Attributes")
struct AttributeTests {
  func bench() throws -> (Bench, Int) {
    var bench = Bench([try TestCapture.counting(TestCapture.regular(20), rate: 200)])
    let client = bench.connect()
    return (bench, client)
  }

  func write(_ scope: String, _ value: String, _ bench: inout Bench, _ client: Int) -> String {
    bench.say("WRITE iio:device0 \(scope) \(value.utf8.count + 1)\r\n\(value)\0", client)
  }

  @Test("have the recorded values")
  func values() throws {
    var (bench, client) = try bench()
    #expect(bench.say("READ iio:device0 sampling_frequency\r\n", client) == "4\n200\0\n")
    #expect(bench.say("READ iio:device0 sampling_frequency_available\r\n", client) == "4\n200\0\n")
    #expect(bench.say("READ iio:device0 INPUT accel_x scale\r\n", client) == "5\n0.01\0\n")
    #expect(bench.say("READ iio:device0 INPUT accel_x scale_available\r\n", client) == "5\n0.01\0\n")
    #expect(bench.say("READ iio:device0 INPUT accel_y raw\r\n", client) == "4\n100\0\n")
    #expect(bench.say("READ iio:device0 current_timestamp_clock\r\n", client) == "10\nmonotonic\0\n")
    #expect(bench.say("READ iio:device0 BUFFER direction\r\n", client) == "3\nin\0\n")
    #expect(bench.say("READ iio:device0 BUFFER nothing\r\nREAD iio:device0 nothing\r\n", client) == "-2\n-2\n")
    #expect(bench.say("READ iio:device0 DEBUG direct_reg_access\r\n", client) == "-2\n")
    #expect(
      bench.say("READ iio:device0 INPUT nothing raw\r\nREAD iio:device0 OUTPUT accel_x raw\r\n", client) == "-19\n-19\n"
    )
  }

  @Test("come all together in libiio's packed form")
  func together() throws {
    var (bench, client) = try bench()
    #expect(
      bench.say("READ iio:device0\r\n", client)
        == "32\n\0\0\0\u{A}monotonic\0\0\0\0\0\0\u{4}200\0\0\0\0\u{4}200\0\n")
    #expect(bench.say("READ iio:device0 DEBUG\r\n", client) == "0\n\n")
    #expect(bench.say("READ iio:device0 BUFFER\r\n", client) == "16\n\0\0\0\u{3}in\0\0\0\0\0\u{2}1\0\0\0\n")
    #expect(bench.say("WRITE iio:device0 8\r\n\0\0\0\0\0\0\0\0", client) == "-38\n")
  }

  @Test("accept the value the recording has, however it is written, and refuse any other")
  func recorded() throws {
    var (bench, client) = try bench()
    for value in ["200", "200.000000", "200\n", "2e2"] {
      #expect(write("sampling_frequency", value, &bench, client) == "\(value.utf8.count + 1)\n")
    }
    for value in ["", "100", "199", "nan", "two hundred", "-200"] {
      #expect(write("sampling_frequency", value, &bench, client) == "-22\n")
    }
    #expect(write("INPUT accel_x scale", "0.010000", &bench, client) == "9\n")
    #expect(write("INPUT accel_x scale", "0.0101", &bench, client) == "-22\n")
    #expect(write("INPUT anglvel_z scale", "0.000999", &bench, client) == "-22\n")
    for scope in [
      "INPUT accel_x raw", "INPUT accel_x scale_available", "INPUT accel_x mount_matrix", "BUFFER direction",
    ] {
      #expect(write(scope, "0.01", &bench, client) == "-13\n")
    }
    #expect(bench.say("WRITE iio:device0 sampling_frequency 2\r\n\u{FFFD}" + "\r\n", client).hasPrefix("-22\n"))
  }

  @Test("that are settings are remembered, for other connections too")
  func settings() throws {
    var (bench, client) = try bench()
    for clock in TimestampClock.allCases {
      #expect(write("current_timestamp_clock", clock.rawValue, &bench, client) == "\(clock.rawValue.utf8.count + 1)\n")
      #expect(
        bench.say("READ iio:device0 current_timestamp_clock\r\n", bench.connect())
          == "\(clock.rawValue.utf8.count + 1)\n\(clock.rawValue)\0\n")
    }
    #expect(write("current_timestamp_clock", "sundial", &bench, client) == "-22\n")
    #expect(write("BUFFER watermark", "16", &bench, client) == "3\n")
    bench.disconnect(client)
    let other = bench.connect()
    #expect(bench.say("READ iio:device0 BUFFER watermark\r\n", other) == "3\n16\0\n")
    for value in ["0", "-1", "x", "99999999999"] { #expect(write("BUFFER watermark", value, &bench, other) == "-22\n") }
    #expect(bench.say("SET iio:device0 BUFFERS_COUNT 8\r\nSET iio:device0 BUFFERS_COUNT 0\r\n", other) == "0\n-22\n")
    #expect(bench.say("SET iio:device0 BUFFERS_COUNT 65\r\n", other) == "-22\n")
  }

  @Test("cannot be changed while the buffer is open, nor the sensor be read beside it")
  func busy() throws {
    var (bench, client) = try bench()
    #expect(bench.say("OPEN iio:device0 4 0000007f\r\n", client) == "0\n")
    let other = bench.connect()
    #expect(write("current_timestamp_clock", "realtime", &bench, other) == "-16\n")
    #expect(write("sampling_frequency", "200", &bench, other) == "-16\n")
    #expect(write("BUFFER watermark", "3", &bench, other) == "-16\n")
    #expect(bench.say("READ iio:device0 INPUT accel_x raw\r\n", other) == "-16\n")
    #expect(bench.say("READ iio:device0 sampling_frequency\r\n", other) == "4\n200\0\n")
    bench.disconnect(client)
    #expect(write("current_timestamp_clock", "realtime", &bench, other) == "9\n")
  }

  @Test("of a device whose recording does not tell its rate have the measured one")
  func unknownRate() throws {
    let model = ReplayModel(try TestCapture.counting(TestCapture.regular(50, period: 8_000_000)), rate: 1)
    let rate = model.devices[0].attributes.first { $0.name == "sampling_frequency" }
    #expect(rate?.rule == .recorded("125"))
  }

  @Test("follow the playing rate")
  func playedFaster() throws {
    let model = ReplayModel(try TestCapture.counting(TestCapture.regular(50), rate: 200), rate: 2.5)
    #expect(model.devices[0].attributes.first { $0.name == "sampling_frequency" }?.rule == .recorded("500"))
    #expect(model.devices[0].attributes.first { $0.name == "sampling_frequency_available" }?.rule == .readOnly("500"))
  }

  @Test("of channels stay with the channels, and what is not known is not there")
  func hub() throws {
    let model = ReplayModel(try TestCapture.hub(), rate: 1)
    #expect(model.devices[0].attributes.map(\.name) == ["current_timestamp_clock"])
    #expect(
      model.devices[0].channels[0].attributes.map(\.name)
        == ["raw", "sampling_frequency", "sampling_frequency_available", "scale", "scale_available"])
    #expect(model.devices[0].channels[0].attributes[2].filename == "in_accel_sampling_frequency_available")
    #expect(model.devices[2].attributes.isEmpty)
  }
}
