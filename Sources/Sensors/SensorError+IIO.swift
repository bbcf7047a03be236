import Motion
internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension SensorError {
  /// What a failed call to libiio means to the user.
  ///
  /// - Parameters:
  ///   - failure: the call and its error number.
  ///   - uri: the context.
  init(_ failure: IIOFailure, uri: String) {
    self = Self.translate(failure, uri: uri)
  }

  /// Where the directory of a device's attributes is, for error texts.
  static func path(_ below: String, uri: String) -> String {
    uri == "local:" ? "/sys/bus/iio/devices/\(below)" : "\(uri) \(below)"
  }

  private static func translate(_ failure: IIOFailure, uri: String) -> SensorError {
    let code = failure.code
    switch failure.operation {
    case .openContext: return contextError(code, uri: uri)
    case .setTimeout:
      return make(failure, uri, "set a deadline", subject: uri, SystemErrno(code: code).text, "open the context again")
    case .findDevice:
      return make(
        failure, uri, "find it again", kind: .unplugged, "it is no longer in the context",
        "plug it in again, or check that its driver is loaded (dmesg)")
    case .readAttribute: return attributeError(failure, uri, "read")
    case .writeAttribute(let value): return attributeError(failure, uri, "write \(value.quotedForError)")
    case .readTrigger: return attributeError(failure, uri, "read")
    case .setTrigger: return attributeError(failure, uri, "set the trigger")
    case .openBuffer: return bufferError(failure, uri, "start sampling")
    case .readBuffer: return bufferError(failure, uri, "read scans")
    }
  }

  private static func make(
    _ failure: IIOFailure, _ uri: String, _ operation: String, kind: Kind = .inputOutput, subject: String? = nil,
    _ problem: String, _ remedy: String
  ) -> SensorError {
    SensorError(
      kind: kind, operation: operation, subject: subject ?? path(failure.subject, uri: uri), code: failure.code,
      problem: problem, remedy: remedy)
  }

  private static let groupRemedy =
    "add the user to the group that the udev rules give the sensor to, log in again, and check that the rules are "
    + "installed (udevadm test on the device)"
  private static let busyRemedy =
    "stop the other user of the sensor; on a desktop that is usually iio-sensor-proxy (systemctl stop iio-sensor-proxy)"
  private static let unpluggedRemedy = "plug the sensor in again, or see why its driver went away (dmesg)"
  private static let interruptRemedy =
    "check that the sensor's interrupt line is wired and named in the device tree (INT to the GPIO of int_pin), that "
    + "its count in /proc/interrupts grows, and that a trigger is set"

  private static func attributeError(_ failure: IIOFailure, _ uri: String, _ operation: String) -> SensorError {
    let text = SystemErrno(code: failure.code).text
    let isLocal = uri == "local:"
    switch failure.code {
    case EACCES, EPERM: return make(failure, uri, operation, kind: .permission, text, groupRemedy)
    case EBUSY:
      return make(
        failure, uri, operation, kind: .busy, "settings cannot change while the sensor is sampling", busyRemedy)
    case ENODEV, ENXIO: return make(failure, uri, operation, kind: .unplugged, "the sensor is gone", unpluggedRemedy)
    case EINVAL, ERANGE, EOPNOTSUPP, ENOSYS:
      return make(
        failure, uri, operation, kind: .refused, "the driver refuses the value (\(text))",
        "choose a value that the attribute's \"_available\" neighbour lists")
    case ENOENT:
      return make(
        failure, uri, operation, kind: .refused, "there is no such attribute",
        "check that the driver of the device is the one meant, and its version")
    case EREMOTEIO where isLocal, EIO where isLocal, ETIMEDOUT where isLocal:
      return make(
        failure, uri, operation, "the sensor does not answer on its bus (\(text))",
        "check wiring, address and supply of the sensor (i2cdetect), and the kernel's log (dmesg)")
    default: return lostOr(failure, uri, operation, text)
    }
  }

  private static func bufferError(_ failure: IIOFailure, _ uri: String, _ operation: String) -> SensorError {
    let text = SystemErrno(code: failure.code).text
    let isLocal = uri == "local:"
    switch failure.code {
    case EACCES, EPERM:
      return make(
        failure, uri, operation, kind: .permission,
        "no access to /dev/\(failure.subject), or to the files under buffer/, scan_elements/ and trigger/ (\(text))",
        groupRemedy)
    case EBUSY: return make(failure, uri, operation, kind: .busy, "somebody else is reading the sensor", busyRemedy)
    case ENODEV, ENXIO: return make(failure, uri, operation, kind: .unplugged, "the sensor is gone", unpluggedRemedy)
    case ENOENT:
      return make(
        failure, uri, operation, kind: .unsuitable, "there is no buffer interface",
        "the driver has a buffer only with an interrupt line: name it in the device tree (int_pin)")
    case EINVAL where operation == "start sampling":
      return make(
        failure, uri, operation, kind: .refused, "the driver refuses to start; most often it has no trigger",
        "set one (tools: iio_attr, or echo its name into trigger/current_trigger); modprobe iio-trig-hrtimer makes one")
    case ETIMEDOUT, EAGAIN:
      return make(failure, uri, operation, kind: .stalled, "no scan came in time", interruptRemedy)
    case ENOMEM: return make(failure, uri, operation, kind: .resources, text, "free memory, or ask for a lower rate")
    case EIO where isLocal, EREMOTEIO where isLocal:
      return make(
        failure, uri, operation, "the sensor does not answer on its bus (\(text))",
        "check wiring, address and supply of the sensor (i2cdetect), and the kernel's log (dmesg)")
    default: return lostOr(failure, uri, operation, text)
    }
  }

  /// What is left: a connection that broke, or something unheard of.
  private static func lostOr(
    _ failure: IIOFailure, _ uri: String, _ operation: String, _ text: String
  ) -> SensorError {
    switch failure.code {
    case EPIPE, ECONNRESET, ENOTCONN, ECONNABORTED, ESHUTDOWN, EBADF, ETIMEDOUT, EIO:
      return make(
        failure, uri, operation, kind: uri == "local:" ? .inputOutput : .unreachable,
        uri == "local:" ? text : "the connection to \(uri) is lost (\(text))",
        uri == "local:" ? "see the kernel's log (dmesg)" : "check the network or cable, and that iiod runs there")
    default: return make(failure, uri, operation, text, "see the kernel's log (dmesg) for what the driver says")
    }
  }

  private static func contextError(_ code: Int32, uri: String) -> SensorError {
    let scheme = uri.prefix { $0 != ":" }
    let text = SystemErrno(code: code).text
    let (kind, problem, remedy): (Kind, String, String)
    switch (scheme, code) {
    case ("local", ENOENT), ("local", ENODEV), ("local", ENOSYS):
      (kind, problem, remedy) = (
        .notFound, "this machine has no IIO device",
        "load the sensor's driver or its device tree overlay (dtoverlay=i2c-sensor,mpu6050), then look into "
          + "/sys/bus/iio/devices"
      )
    case (_, ENOSYS):
      (kind, problem, remedy) = (
        .invalidSettings, "this build of libiio has no support for \(scheme): contexts",
        "use local: or ip:, or install a libiio that has it"
      )
    case ("ip", ECONNREFUSED):
      (kind, problem, remedy) = (
        .unreachable, "nothing listens there", "start iiod (or tacc iiod-replay) there; its port is 30431"
      )
    // libiio gives the number of getaddrinfo's failure for an error number: EAI_NONAME 2, EAI_AGAIN 3, EAI_NODATA 5.
    // The resolver's own ENXIO comes through as well.
    case ("ip", 2), ("ip", 3), ("ip", 5), ("ip", ENXIO):
      return SensorError(
        kind: .unreachable, operation: "open the context", subject: uri, problem: "the name has no address",
        remedy: "check its spelling, the network and the DNS server")
    case ("ip", _):
      (kind, problem, remedy) = (
        .unreachable, text, "check the address, the network, and that iiod (or tacc iiod-replay) runs there"
      )
    case ("usb", ENODEV), ("usb", ENOENT), ("serial", ENODEV), ("serial", ENOENT), ("usb", ENXIO), ("serial", ENXIO):
      (kind, problem, remedy) = (
        .unreachable, "no such device is attached", "check the cable and the URI; iio_info -s lists what is there"
      )
    case (_, EACCES), (_, EPERM): (kind, problem, remedy) = (.permission, text, groupRemedy)
    case (_, EBUSY): (kind, problem, remedy) = (.busy, text, "stop the other program that uses it")
    case (_, EINVAL):
      (kind, problem, remedy) = (
        .invalidSettings, "libiio does not understand the URI",
        "give local:, ip:HOST, ip:HOST:PORT, usb:BUS.ADDRESS.INTERFACE or serial:PORT,BAUD,8n1"
      )
    default:
      (kind, problem, remedy) = (.unreachable, text, "check that the place exists; iio_info -u \(uri) tries it alone")
    }
    return SensorError(
      kind: kind, operation: "open the context", subject: uri, code: code == 0 ? nil : code, problem: problem,
      remedy: remedy)
  }
}
