import Motion

/// What is wanted of a sensor behind libiio.
public struct IIOSettings: Sendable, Hashable {
  /// Where it is: `local:`, `ip:HOST[:PORT]`, `usb:BUS.ADDRESS.INTERFACE` or `serial:PORT,BAUD,8n1`, as libiio reads it.
  public var uri = "local:"
  /// Name, identifier or label of the device; nil to choose by what devices can do.
  public var device: String?
  /// Name, identifier or label of a second device that has the gyroscope, where `device` has the accelerometer only.
  public var gyroscope: String?
  /// Scans per second, Hz. The nearest rate at or above it that the sensor offers is set.
  public var rate = 200.0
  /// The accelerometer range that is needed, ± m/s². The smallest one that covers it is set.
  public var accelerationRange = 8 * 9.80665
  /// The gyroscope range that is needed, ± rad/s. The smallest one that covers it is set.
  public var angularVelocityRange = 1000 * Double.pi / 180
  /// Corner of the sensor's own low-pass filter, Hz, where it has one; nil for a fifth of the rate.
  public var lowPass: Double?

  /// A deadline for every single exchange with a context on another machine.
  public var timeout = Duration.seconds(5)
  /// A deadline for opening the context and reading what is in it, for starting to sample, and for putting settings
  /// back: all calls to libiio together, which it does not bound itself.
  public var openingTimeout = Self.usualOpeningTimeout

  /// Ten seconds: a context over a serial line of 115200 baud takes some three.
  public static let usualOpeningTimeout = Duration.seconds(10)

  /// The settings that suit a shake, on this machine.
  public init() {}

  /// The same for a context elsewhere.
  public init(uri: String, device: String? = nil, rate: Double = 200) {
    self.uri = uri
    self.device = device
    self.rate = rate
  }

  /// Refuses what cannot work.
  func check() throws(SensorError) {
    func invalid(_ what: String, _ problem: String, _ remedy: String) -> SensorError {
      SensorError(kind: .invalidSettings, operation: "use \(what)", subject: "sensor", problem: problem, remedy: remedy)
    }
    let scheme = uri.prefix { $0 != ":" }
    guard uri.contains(":"), ["local", "ip", "usb", "serial", "xml"].contains(String(scheme)), !uri.utf8.contains(0),
      uri.utf8.count <= 512
    else {
      throw invalid(
        "the URI \(uri.quotedForError)", "expected local:, ip:HOST, ip:HOST:PORT, usb:… or serial:…",
        "for the sensor of this machine give local:")
    }
    guard rate.isFinite, (1...10_000).contains(rate) else {
      throw invalid("a rate of \(rate) Hz", "expected 1 to 10000", "200 Hz suits a shake")
    }
    for (name, range, unit, usual) in [
      ("an accelerometer", accelerationRange, "m/s²", "±78 m/s² (8 g) suit"),
      ("a gyroscope", angularVelocityRange, "rad/s", "±17 rad/s (1000 °/s) suit"),
    ] where !(range.isFinite && range > 0) {
      throw invalid("\(name) range of \(range) \(unit)", "expected a number above 0", "\(usual) a shake")
    }
    guard openingTimeout > .zero, timeout > .zero else {
      throw invalid("a deadline of \(min(openingTimeout, timeout).text)", "expected above 0", "10 s and 5 s are usual")
    }
    if let lowPass, !(lowPass.isFinite && lowPass > 0) {
      throw invalid("a low-pass of \(lowPass) Hz", "expected a frequency above 0", "leave it out")
    }
    guard gyroscope == nil || device != nil else {
      throw invalid("a gyroscope device alone", "expected the accelerometer's device too", "give both, or neither")
    }
  }
}
