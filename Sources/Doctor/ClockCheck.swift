/// Whether the time of day is one that certificates can be judged by.
struct ClockCheck {
  let tree: SystemTree
  let shell: Shell

  /// 2026-01-01: this program is not older.
  static let earliest: Int64 = 1_767_225_600
  /// 2100-01-01.
  static let latest: Int64 = 4_102_444_800

  private static let services = ["systemd-timesyncd", "chrony", "ntpsec", "openntpd", "chronyd"]

  /// - Parameter now: seconds since 1970.
  func finding(now: Int64) -> Finding {
    guard now < Self.earliest || now > Self.latest else {
      return Finding("clock", .ok, "the year is \(Self.year(now))")
    }
    let text =
      "the clock is wrong: the year is said to be \(Self.year(now)), and certificates of relays (wss) are not believed"
    let chip = "/sys/class/rtc/rtc0/since_epoch"
    if let time = tree.text(chip).flatMap({ Int64($0) }), (Self.earliest...Self.latest).contains(time) {
      return Finding(
        "clock", .problem, "\(text); the clock chip knows better", command: shell.root("date --set \"@$(cat \(chip))\"")
      )
    }
    let isInstalled = Self.services.contains { service in
      ["/usr/lib/systemd/system", "/lib/systemd/system"].contains { tree.exists("\($0)/\(service).service") }
    }
    return Finding(
      "clock", .problem, text,
      command: shell.root(isInstalled ? "timedatectl set-ntp true" : "apt install systemd-timesyncd"))
  }

  /// The year of a time, in the calendar that goes on for ever.
  static func year(_ seconds: Int64) -> Int64 {
    // Days since 0000-03-01, so that leap days end years (proleptic Gregorian, 400 years have 146097 days).
    let days = (seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400) + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let ofEra = days - era * 146_097
    let years = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * years + years / 4 - years / 100)
    return years + era * 400 + (ofYear >= 306 ? 1 : 0)
  }
}
