import Foundation
import Testing

@testable import Motion
@testable import Sensors

@Suite("The real libiio, on contexts made of XML")
struct LibIIOTests {
  private final class File {
    let path = NSTemporaryDirectory() + "tacc-context-\(UUID().uuidString).xml"
    init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    deinit { unlink(path) }
  }

  @Test("its XML is understood, and the sensor is found in it")
  func discovery() throws {
    let file = try File(
      FakeXML.context(FakeXML.device("iio:device0", "als"), FakeXML.mpu6050("iio:device3", label: "board")))
    let access = try LibIIO().open(uri: "xml:\(file.path)")
    let context = try IIOContextParser.parse(access.xml, file: "xml:", isStrict: false)
    #expect(context.devices.map(\.id) == ["iio:device0", "iio:device3"])
    let choice = try SensorChoice(in: context, IIOSettings())
    #expect(choice.first.fileName == "mpu6050")
    #expect(choice.first.axes("accel").first?.scanElement?.format == ScanFormat("be:S16/16>>0"))
    #expect(choice.first.axes("anglvel").first?.attributes["scale"]?.filename == "in_anglvel_scale")
    #expect(choice.first.attributeNames == FakeXML.rates)
  }

  @Test("what a context of XML cannot do comes back as an error number, not as a crash")
  func refusals() throws {
    let file = try File(FakeXML.context(FakeXML.mpu6050()))
    let access = try LibIIO().open(uri: "xml:\(file.path)")
    try access.setTimeout(milliseconds: 100)
    let scale = IIOAttribute(device: "iio:device0", channel: "accel_x", name: "scale", filename: "in_accel_scale")
    let rate = IIOAttribute(device: "iio:device0", name: "sampling_frequency")
    for attribute in [scale, rate] {
      let read = #expect(throws: IIOFailure.self) { _ = try access.read(attribute) }
      #expect(read?.subject == attribute.path)
      #expect((read?.code ?? 0) > 0)
      #expect(throws: IIOFailure.self) { try access.write("1", to: attribute) }
    }
    #expect(throws: IIOFailure.self) { _ = try access.read(IIOAttribute(device: "iio:device9", name: "x")) }
    #expect(throws: IIOFailure.self) {
      _ = try access.openBuffer(device: "iio:device0", channels: ["accel_x"], scans: 8, kernelBuffers: 4)
    }
    #expect(throws: IIOFailure.self) {
      _ = try access.openBuffer(device: "iio:device0", channels: ["no_such"], scans: 8, kernelBuffers: 4)
    }
    #expect(try access.look(atBufferOf: "iio:device0") == BufferLook())
    #expect(try access.trigger(of: "iio:device0") == .notSupported)
  }

  @Test("a source on such a context fails with a reason", .timeLimit(.minutes(1)))
  func source() async throws {
    let file = try File(FakeXML.context(FakeXML.mpu6050()))
    let source = IIOSource(IIOSettings(uri: "xml:\(file.path)"))
    let survey = try await source.survey()
    #expect(survey.devices.map(\.capability) == ["has accelerometer and gyroscope"])
    #expect(try survey.choice.get().name == "mpu6050")
    var errors: [SensorError] = []
    for await event in source.events() {
      if case .failed(let error) = event { errors.append(error) }
    }
    #expect(errors.count == 1)
    #expect(errors.first?.subject.hasSuffix("iio:device0/in_accel_scale") == true)
  }

  @Test("nothing listens there", .timeLimit(.minutes(1)))
  func nothingListens() async {
    let error = await #expect(throws: SensorError.self) {
      try await IIOSource(IIOSettings(uri: "ip:127.0.0.1:1")).describe()
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.problem == "nothing listens there", "\(error.map { "\($0)" } ?? "")")
  }

  @Test("somebody listens there and never answers: the deadline counts, not libiio's own", .timeLimit(.minutes(1)))
  func silentServer() async throws {
    let listener = try Listener()
    var settings = IIOSettings(uri: "ip:127.0.0.1:\(listener.port)")
    settings.timeout = .seconds(60)
    settings.openingTimeout = .milliseconds(200)
    let source = IIOSource(settings)
    let error = await #expect(throws: SensorError.self) { try await source.describe() }
    #expect(error?.kind == .unreachable)
    #expect(error?.problem == "no end of it within 0.2 s", "\(error.map { "\($0)" } ?? "")")
  }

  /// Connections to it are made by the kernel, and reset when it goes; nobody accepts them.
  private final class Listener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let descriptor = descriptor
      let isListening = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0
            && getsockname(descriptor, address, &length) == 0
        }
      }
      try #require(isListening)
      port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
  }

  @Test("a channel of no bytes, by which libiio would divide, is refused", arguments: ["16X0", "0", "7"])
  func noBytes(storage: String) throws {
    let xml = FakeXML.context(FakeXML.mpu6050()).replacingOccurrences(of: "S16/16&gt;", with: "S16/\(storage)&gt;")
    let file = try File(xml)
    let access = try LibIIO().open(uri: "xml:\(file.path)")
    let failure = #expect(throws: IIOFailure.self) {
      _ = try access.openBuffer(device: "iio:device0", channels: ["accel_x"], scans: 8, kernelBuffers: 4)
    }
    #expect(failure == IIOFailure(operation: .openBuffer, subject: "iio:device0/accel_x", code: EINVAL))
  }

  @Test("every number that a far side can give for an error has an errno")
  func errorNumbers() {
    #expect(errnoCode(of: -19) == 19)
    #expect(errnoCode(of: 19) == 19)
    #expect(errnoCode(of: .min) == .max)
  }

  @Test("XML that is none, empty or huge")
  func malformed() throws {
    for text in ["", "<context", "<device/>", String(repeating: "x", count: 1 << 16)] {
      let file = try File(text)
      let failure = #expect(throws: IIOFailure.self) { _ = try LibIIO().open(uri: "xml:\(file.path)") }
      #expect(failure?.operation == .openContext)
    }
  }
}
