import Sensors

/// Whether the sensor can be set as a shake needs it, and whether it delivers.
struct SensorCheck {
  let tree: SystemTree
  let shell: Shell

  static let gravity = 9.80665

  /// Ranges and rate as the sensor would be set.
  ///
  /// - Parameters:
  ///   - choice: what would be set.
  ///   - rate: scans per second that are wanted.
  func settings(_ choice: MotionSourceDescription, rate: Double) -> [Finding] {
    var findings: [Finding] = []
    var texts: [String] = []
    if let range = choice.accelerationRange { texts.append("±\(Self.text(range / Self.gravity)) g") }
    if let range = choice.angularVelocityRange { texts.append("±\(Self.text(range * 180 / .pi)) °/s") }
    let isNarrow =
      (choice.accelerationRange ?? .infinity) < 7.5 * Self.gravity
      || (choice.angularVelocityRange ?? .infinity) < 950 * .pi / 180
    let ranges = texts.isEmpty ? "the ranges are the driver's, and not known" : texts.joined(separator: " and ")
    findings.append(
      isNarrow
        ? Finding(
          "ranges", .warning, "\(ranges) at most, where ±8 g and ±1000 °/s are wanted: a hearty shake will clip")
        : Finding("ranges", .ok, texts.isEmpty ? ranges : "\(ranges) will be set"))
    if let found = choice.rate {
      findings.append(
        found < rate * 0.95
          ? Finding(
            "rate", .warning,
            "\(Self.text(found)) Hz at most, where \(Self.text(rate)) Hz are wanted: a key takes longer")
          : Finding("rate", .ok, "\(Self.text(found)) Hz will be set"))
    } else {
      findings.append(Finding("rate", .warning, "the sensor does not tell its rate, and it cannot be set"))
    }
    if !choice.hasGyroscope {
      findings.append(Finding("axes", .warning, "there is no gyroscope: pairing has fewer channels, and takes longer"))
    }
    let said = ["Hz at most", "a hearty shake will clip", "has no sampling_frequency"]
    findings += choice.notes.filter { note in !said.contains { note.contains($0) } }.map {
      Finding("settings", .warning, $0)
    }
    return findings
  }

  /// What a short use has shown.
  ///
  /// - Parameters:
  ///   - read: what came of it.
  ///   - choice: how the sensor was set.
  ///   - device: the IIO device of this machine that was used; `nil` for any other sensor.
  ///   - interrupts: how many interrupts of it the kernel counted meanwhile; `nil` where it names none.
  func reading(_ read: SensorRead, _ choice: MotionSourceDescription, device: String?, interrupts: Int?) -> Finding {
    let parent = device.flatMap { IIOParent(of: $0, in: tree) }
    let rebind = parent?.rebinding(shell)
    guard let error = read.error else {
      let rate = read.rate.map { "\(Self.text($0)) Hz" } ?? "no rate"
      if let wanted = choice.rate, let found = read.rate, abs(found - wanted) > 0.1 * wanted {
        return Finding(
          "scans", .warning, "it samples at \(Self.text(found)) Hz, where \(Self.text(wanted)) Hz were set",
          command: rebind)
      }
      let gravity = read.acceleration.map { ", \(Self.text($0)) m/s² on average" } ?? ""
      return Finding("scans", .ok, "\(read.scans) scans came, at \(rate)\(gravity)")
    }
    switch error.kind {
    case .permission: return Finding("scans", .skipped, "this user may not read the sensor: run it with sudo")
    case .implausible:
      return Finding("ranges", .problem, "\(error.problem)", command: rebind)
    case .busy:
      return Finding(
        "scans", .problem, "\(error.problem)", command: shell.root("fuser -v /dev/\(device ?? "iio:device0")"))
    case .stalled where interrupts == 0:
      return Finding(
        "interrupt", .problem,
        "the sensor was switched on and no interrupt has arrived (/proc/interrupts): either the driver has given up, and "
          + "is to be bound again, or INT is not wired to the line that the device tree names", command: rebind)
    case .stalled, .inputOutput, .refused:
      return Finding(
        "scans", .problem,
        "no scans: \(error.problem); where binding the driver again does not help: \(error.remedy)", command: rebind)
    default: return Finding("scans", .problem, "\(error)")
    }
  }

  /// How many interrupts of a device the kernel has counted since the boot; `nil` where none is named after it.
  func interrupts(of device: String, name: String?) -> Int? {
    let names = [name, IIOParent(of: device, in: tree)?.driver].compactMap { $0 }
    var sum: Int?
    for line in (tree.text("/proc/interrupts") ?? "").split(separator: "\n") where names.contains(where: line.contains)
    {
      let counts = line.split(separator: " ").dropFirst().prefix { $0.allSatisfy(\.isNumber) }
      sum = (sum ?? 0) + counts.compactMap { Int($0) }.reduce(0, +)
    }
    return sum
  }

  /// A number with one decimal at most.
  static func text(_ value: Double) -> String {
    let tenths = (value * 10).rounded()
    guard abs(tenths) < 1e15 else { return "\(value)" }
    return tenths.remainder(dividingBy: 10) == 0 ? "\(Int(tenths / 10))" : "\(tenths / 10)"
  }
}
