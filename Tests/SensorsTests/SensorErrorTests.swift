import Glibc
import Testing

@testable import Sensors

@Suite("Error texts: operation, path, error number, remedy")
struct SensorErrorTests {
  struct Case: Sendable {
    var operation: IIOFailure.Operation
    var code: Int32
    var kind: SensorError.Kind
    var name: String
    var remedy: String
  }

  static let local: [Case] = [
    Case(operation: .readAttribute, code: EACCES, kind: .permission, name: "EACCES 13", remedy: "udev"),
    Case(operation: .writeAttribute(value: "200"), code: EACCES, kind: .permission, name: "EACCES 13", remedy: "group"),
    Case(
      operation: .writeAttribute(value: "200"), code: EBUSY, kind: .busy, name: "EBUSY 16", remedy: "iio-sensor-proxy"),
    Case(operation: .writeAttribute(value: "7"), code: EINVAL, kind: .refused, name: "EINVAL 22", remedy: "_available"),
    Case(operation: .readAttribute, code: ENOENT, kind: .refused, name: "ENOENT 2", remedy: "driver"),
    Case(operation: .readAttribute, code: ENODEV, kind: .unplugged, name: "ENODEV 19", remedy: "plug"),
    Case(operation: .readAttribute, code: EREMOTEIO, kind: .inputOutput, name: "EREMOTEIO 121", remedy: "i2cdetect"),
    Case(operation: .setTrigger, code: EPERM, kind: .permission, name: "EPERM 1", remedy: "udev"),
    Case(operation: .openBuffer, code: EACCES, kind: .permission, name: "EACCES 13", remedy: "udev"),
    Case(operation: .openBuffer, code: EBUSY, kind: .busy, name: "EBUSY 16", remedy: "iio-sensor-proxy"),
    Case(operation: .openBuffer, code: EINVAL, kind: .refused, name: "EINVAL 22", remedy: "trigger"),
    Case(operation: .openBuffer, code: ENOENT, kind: .unsuitable, name: "ENOENT 2", remedy: "int_pin"),
    Case(operation: .openBuffer, code: ENOMEM, kind: .resources, name: "ENOMEM 12", remedy: "lower rate"),
    Case(operation: .readBuffer, code: ETIMEDOUT, kind: .stalled, name: "ETIMEDOUT 110", remedy: "interrupt"),
    Case(operation: .readBuffer, code: ENODEV, kind: .unplugged, name: "ENODEV 19", remedy: "plug"),
    Case(operation: .readBuffer, code: EIO, kind: .inputOutput, name: "EIO 5", remedy: "wiring"),
    Case(operation: .readBuffer, code: 4095, kind: .inputOutput, name: "errno 4095", remedy: "dmesg"),
    Case(operation: .findDevice, code: ENODEV, kind: .unplugged, name: "ENODEV 19", remedy: "plug"),
  ]

  @Test("of this machine", arguments: local)
  func ofThisMachine(_ example: Case) {
    let failure = IIOFailure(operation: example.operation, subject: "iio:device0", code: example.code)
    let error = SensorError(failure, uri: "local:")
    #expect(error.kind == example.kind)
    #expect(error.code == example.code)
    let text = "\(error)"
    #expect(text.hasPrefix("/sys/bus/iio/devices/iio:device0: cannot "))
    #expect(text.contains(example.name), "\(text)")
    #expect(text.contains(example.remedy), "\(text)")
  }

  @Test("of another machine: a lost connection is told as such", arguments: [EPIPE, ECONNRESET, EIO, EBADF])
  func ofAnotherMachine(_ code: Int32) {
    let error = SensorError(IIOFailure(operation: .readBuffer, subject: "iio:device0", code: code), uri: "ip:board")
    #expect(error.kind == .unreachable)
    #expect("\(error)".hasPrefix("ip:board iio:device0: cannot read scans: the connection to ip:board is lost"))
  }

  @Test(
    "of contexts",
    arguments: [
      ("local:", ENOENT, SensorError.Kind.notFound, "dtoverlay"), ("ip:board", ECONNREFUSED, .unreachable, "iiod"),
      ("ip:nowhere", ENOENT, .unreachable, "DNS"), ("ip:10.0.0.9", ETIMEDOUT, .unreachable, "network"),
      ("usb:1.2.3", ENODEV, .unreachable, "cable"), ("usb:", ENOSYS, .invalidSettings, "no support for usb:"),
      ("serial:/dev/ttyS0", EACCES, .permission, "group"), ("usb:x", EINVAL, .invalidSettings, "usb:BUS"),
      ("ip:board", 0, .unreachable, "iiod"),
    ])
  func ofContexts(_ uri: String, _ code: Int32, _ kind: SensorError.Kind, _ part: String) {
    let error = SensorError(IIOFailure(operation: .openContext, subject: uri, code: code), uri: uri)
    #expect(error.kind == kind)
    let place = uri.hasSuffix(":") ? uri : "\(uri):"
    #expect("\(error)".hasPrefix("\(place) cannot open the context: "))
    #expect("\(error)".contains(part), "\(error)")
  }

  @Test("a value from elsewhere cannot flood a log or write control characters")
  func hostileValue() {
    let value = "\u{1B}[2J" + String(repeating: "x", count: 10_000)
    let failure = IIOFailure(operation: .writeAttribute(value: value), subject: "iio:device0/a", code: EINVAL)
    let text = "\(SensorError(failure, uri: "local:"))"
    #expect(text.count < 400)
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 })
  }
}
