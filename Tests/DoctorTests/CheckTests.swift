import Controls
import RelayLink
import Sensors
import Testing

@testable import Doctor

private let user = Shell(isRoot: false)

private func description(rate: Double? = 200, g: Double = 8, degrees: Double = 1000) -> MotionSourceDescription {
  MotionSourceDescription(
    name: "mpu6050", hasAccelerometer: true, hasGyroscope: true, rate: rate, accelerationRange: g * 9.80665,
    angularVelocityRange: degrees * .pi / 180, isLive: true)
}

private func error(_ kind: SensorError.Kind) -> SensorError {
  SensorError(kind: kind, operation: "read scans", subject: "iio:device0", problem: "no scan came", remedy: "wire INT")
}

@Suite struct SensorCheckTests {
  private let rebind =
    "echo 1-0068 | sudo tee /sys/bus/i2c/drivers/inv-mpu6050-i2c/unbind >/dev/null && "
    + "echo 1-0068 | sudo tee /sys/bus/i2c/drivers/inv-mpu6050-i2c/bind >/dev/null"

  @Test func rangesAndRatesThatDoAreTold() throws {
    let check = SensorCheck(tree: try Tree().system, shell: user)
    #expect(check.settings(description(), rate: 200).map(\.short) == ["ranges ok", "rate ok"])
    #expect(check.settings(description(g: 2), rate: 200).map(\.short) == ["ranges warning", "rate ok"])
    #expect(check.settings(description(degrees: 250), rate: 200).map(\.short) == ["ranges warning", "rate ok"])
    #expect(check.settings(description(rate: 62.5), rate: 200).map(\.short) == ["ranges ok", "rate warning"])
  }

  @Test func aReadingTellsWhatIsWrongAndBindsTheDriverAgain() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o600)
    let check = SensorCheck(tree: tree.system, shell: user)
    func finding(_ kind: SensorError.Kind?, interrupts: Int?) -> Finding {
      var read = SensorRead()
      (read.scans, read.rate, read.acceleration, read.error) = (300, 200, 9.81, kind.map(error))
      return check.reading(read, description(), device: "iio:device0", interrupts: interrupts)
    }
    #expect(finding(nil, interrupts: 300) == Finding("scans", .ok, "300 scans came, at 200 Hz, 9.8 m/s² on average"))
    #expect(finding(.implausible, interrupts: 300).short == "ranges problem: \(rebind)")
    #expect(finding(.stalled, interrupts: 0).short == "interrupt problem: \(rebind)")
    #expect(finding(.stalled, interrupts: 7).short == "scans problem: \(rebind)")
    #expect(finding(.inputOutput, interrupts: nil).short == "scans problem: \(rebind)")
    #expect(finding(.permission, interrupts: nil).short == "scans skipped")
  }

  @Test func interruptsAreThoseOfTheDevice() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o600)
    try tree.file(
      "/proc/interrupts",
      """
                 CPU0       CPU1
       24:        310         12  pinctrl-bcm2835   4 Edge      mpu6050
       25:       9999          0  pinctrl-bcm2835   5 Edge      other
      """)
    let check = SensorCheck(tree: tree.system, shell: user)
    #expect(check.interrupts(of: "iio:device0", name: "mpu6050") == 322)
    #expect(check.interrupts(of: "iio:device0", name: "absent") == nil)
  }
}

@Suite struct ClaimTests {
  @Test func theDesktopsReaderIsMaskedWhereItRuns() throws {
    let tree = try Tree()
    let check = ClaimCheck(tree: tree.system, shell: user)
    #expect(check.proxy() == nil)
    try tree.file("/lib/systemd/system/iio-sensor-proxy.service")
    #expect(check.proxy()?.short == "claim warning: sudo systemctl mask --now iio-sensor-proxy.service")
    try tree.link("/etc/systemd/system/iio-sensor-proxy.service", to: "/dev/null")
    #expect(check.proxy() == nil)
    try tree.file("/proc/812/comm", "iio-sensor-prox\n")
    #expect(check.proxy()?.short == "claim problem: sudo systemctl mask --now iio-sensor-proxy.service")
  }

  @Test func whoSamplesIsNamed() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o600)
    let check = ClaimCheck(tree: tree.system, shell: user)
    #expect(check.buffer("iio:device0").verdict == .ok)
    try tree.file("/sys/devices/platform/soc/i2c-1/1-0068/iio:device0/buffer/enable", "1\n")
    #expect(
      check.buffer("iio:device0").short
        == "claim problem: echo 0 | sudo tee /sys/bus/iio/devices/iio:device0/buffer/enable >/dev/null")
    try tree.file("/proc/77/comm", "iio_readdev\n")
    try tree.link("/proc/77/fd/5", to: "/dev/iio:device0")
    #expect(check.buffer("iio:device0").short == "claim problem: sudo kill 77")
    try tree.file("/proc/77/comm", "tacc\n")
    #expect(check.buffer("iio:device0").short == "claim warning: tacc press --cancel")
  }
}

@Suite struct ClockTests {
  @Test(
    arguments: [
      (0, 1970), (-1, 1969), (951_868_800, 2000), (1_767_225_599, 2025), (1_767_225_600, 2026), (4_102_444_800, 2100),
      (253_402_300_800, 10_000),
    ] as [(Int64, Int64)])
  func years(seconds: Int64, year: Int64) { #expect(ClockCheck.year(seconds) == year) }

  @Test func aWrongClockIsSetByWhatTheBoardHas() throws {
    let tree = try Tree()
    let check = ClockCheck(tree: tree.system, shell: user)
    #expect(check.finding(now: ClockCheck.earliest).short == "clock ok")
    #expect(check.finding(now: 0).short == "clock problem: sudo apt install systemd-timesyncd")
    #expect(check.finding(now: ClockCheck.latest + 1).verdict == .problem)
    try tree.file("/lib/systemd/system/systemd-timesyncd.service")
    #expect(check.finding(now: 0).short == "clock problem: sudo timedatectl set-ntp true")
    try tree.file("/sys/class/rtc/rtc0/since_epoch", "12\n")
    #expect(check.finding(now: 0).short == "clock problem: sudo timedatectl set-ntp true")
    try tree.file("/sys/class/rtc/rtc0/since_epoch", "1800000000\n")
    #expect(
      check.finding(now: 0).short == "clock problem: sudo date --set \"@$(cat /sys/class/rtc/rtc0/since_epoch)\"")
  }
}

@Suite struct LineTests {
  private func finding(_ tree: Tree, consumer: String?) throws -> Finding {
    try tree.file("/dev/gpiochip0", "", mode: 0o660)
    let survey = LineSurvey(
      place: "line 17 (GPIO17) of /dev/gpiochip0 [pinctrl-rp1]", chip: "/dev/gpiochip0", chipLabel: "pinctrl-rp1",
      offset: 17, consumer: consumer)
    let root = Subject(name: "root", user: 0, groups: [])
    let check = LineCheck(
      tree: tree.system, shell: user, access: AccessCheck(tree: tree.system, shell: user, subject: root),
      look: { _ in .success(survey) })
    return try #require(check.button(.gpio(GPIOButtonConfiguration(line: .init(line: "GPIO17")))).last)
  }

  @Test func aFreeLineAndOurOwnAreFine() throws {
    #expect(try finding(try Tree(), consumer: nil).short == "button ok")
    #expect(try finding(try Tree(), consumer: "tacc-button").short == "button ok")
  }

  @Test func theProcessThatHoldsItIsEnded() throws {
    let tree = try Tree()
    try tree.file("/proc/4/comm", "tacc\n")
    try tree.link("/proc/4/fd/7", to: "anon_inode:gpio-line")
    try tree.file("/proc/55/comm", "gpiomon\n")
    try tree.link("/proc/55/fd/3", to: "anon_inode:gpio-line")
    try tree.file("/proc/56/comm", "python3\n")
    try tree.link("/proc/56/fd/3", to: "anon_inode:gpio-line")
    #expect(try finding(tree, consumer: "gpiomon").short == "button problem: sudo kill 55")
  }

  @Test func aDriverOfTheKernelIsNotKilled() throws {
    let found = try finding(try Tree(), consumer: "WPS")
    #expect(found.short == "button problem: gpioinfo")
    #expect(found.text.contains("\"WPS\""))
  }

  @Test func whatSysfsExportsIsTakenBack() throws {
    let tree = try Tree()
    try tree.file("/sys/class/gpio/gpiochip512/base", "512\n")
    try tree.file("/sys/class/gpio/gpiochip512/label", "pinctrl-rp1\n")
    try tree.folder("/sys/class/gpio/gpio529")
    #expect(
      try finding(tree, consumer: "sysfs").short
        == "button problem: echo 529 | sudo tee /sys/class/gpio/unexport >/dev/null")
  }
}

@Suite struct RelayCheckTests {
  private let old = RelayLinkError.unsuitableLibcurl(version: "7.88.1", problem: "it is too old")

  @Test func libcurlWithoutWebSocketsComesFromBackports() throws {
    let tree = try Tree()
    try tree.file("/etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n")
    let check = RelayCheck(tree: tree.system, shell: user)
    #expect(check.libcurl(version: "8.14.1", nil).verdict == .ok)
    #expect(
      check.libcurl(version: "7.88.1", old).short
        == "libcurl problem: echo deb http://deb.debian.org/debian bookworm-backports main | "
        + "sudo tee /etc/apt/sources.list.d/backports.list >/dev/null && sudo apt-get update && "
        + "sudo apt-get install -y -t bookworm-backports libcurl4")
    try tree.file("/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n")
    #expect(
      check.libcurl(version: "7.88.1", old).command == "sudo apt-get update && sudo apt-get install -y libcurl4t64")
  }

  @Test func aRelayThatDoesNotAnswerIsStarted() throws {
    let check = RelayCheck(tree: try Tree().system, shell: user)
    let here = try RelayEndpoint("ws://localhost:8000")
    let there = try RelayEndpoint("wss://relay.example")
    let down = RelayLinkError.unreachable(host: "x", port: 1, detail: "refused")
    #expect(check.relay(here, isDefault: false, nil).verdict == .ok)
    #expect(check.relay(here, isDefault: true, down).short == "relay problem: tacc relay --port 8000")
    #expect(check.relay(here, isDefault: true, down).text.hasPrefix("no relay is named (relay.url)"))
    #expect(
      check.relay(there, isDefault: false, down).short
        == "relay problem: ssh relay.example sudo systemctl enable --now tacc-relay.socket tacc-relay.service")
    #expect(
      check.relay(try RelayEndpoint("ws://192.168.1.20:8000"), isDefault: false, down).command
        == "ssh 192.168.1.20 tacc relay --host :: --port 8000")
    #expect(
      check.relay(there, isDefault: false, .tlsFailed(host: "relay.example", detail: "expired")).command
        == "sudo apt-get install -y ca-certificates")
    let tree = try Tree()
    try tree.file("/etc/ssl/certs/ca-certificates.crt")
    let finding = RelayCheck(tree: tree.system, shell: user).relay(
      there, isDefault: false, .tlsFailed(host: "relay.example", detail: "unknown authority"))
    #expect(finding.command == nil && finding.text.hasSuffix("is named by relay.ca_file"))
  }

  /// Two boards that each talk to themselves never meet.
  @Test func aRelayThatNobodyHasNamedIsNoneForTwoBoards() throws {
    let finding = RelayCheck(tree: try Tree().system, shell: user).relay(
      try RelayEndpoint("ws://localhost:8000"), isDefault: true, nil)
    #expect(finding.verdict == .warning && finding.text.contains("set relay.url to the same relay on both"))
  }
}

@Suite struct ServiceTests {
  @Test func aServiceThatDoesNotRunIsStarted() throws {
    let tree = try Tree()
    let check = ServiceCheck(tree: tree.system, shell: user)
    #expect(check.finding(state: nil).short == "agent ok")
    try tree.file("/usr/lib/systemd/system/tacc-agent.service")
    let enable = "agent warning: sudo systemctl enable --now tacc-agent.service"
    #expect(check.finding(state: nil).short == enable)
    #expect(check.finding(state: "waiting").short == enable)
    try tree.link(
      "/etc/systemd/system/multi-user.target.wants/tacc-agent.service", to: "/usr/lib/systemd/system/tacc-agent.service"
    )
    #expect(check.finding(state: "waiting").short == "agent ok")
  }
}
