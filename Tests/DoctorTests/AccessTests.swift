import Testing

@testable import Doctor

@Suite struct AccessTests {
  private func check(_ tree: Tree, _ subject: Subject) -> AccessCheck {
    AccessCheck(tree: tree.system, shell: Shell(isRoot: false), subject: subject)
  }
  private func pi(_ groups: Set<UInt32> = []) -> Subject {
    Subject(name: "the user pi", account: "pi", user: 4_000_000, groups: groups)
  }
  private let trigger =
    "sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=iio --subsystem-match=gpio && "
    + "sudo udevadm settle"

  @Test func whoMayUseEverythingIsContent() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o660)
    #expect(check(tree, pi([try tree.group])).sensor("iio:device0").verdict == .ok)
    #expect(check(tree, Subject(name: "root", user: 0, groups: [])).sensor("iio:device0").verdict == .ok)
    #expect(check(tree, pi()).sensor("iio:device0").verdict == .problem)
  }

  @Test func withoutGroupAndRulesBothAreMade() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o600)
    let finding = check(tree, pi()).sensor("iio:device0")
    #expect(
      finding.command
        == "sudo groupadd --system --force iio && sudo groupadd --system --force gpio && "
        + "sudo install -m 644 udev/70-tacc.rules /etc/udev/rules.d/ && \(trigger) && sudo usermod --append --groups iio pi"
    )
    #expect(finding.text.hasPrefix("the user pi may not use /dev/iio:device0 and 7 of its other files"))
  }

  @Test func withTheRulesThereTheyAreOnlyApplied() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o660)
    // The group of the files of this tree is not iio's.
    try tree.file("/etc/group", "iio:x:\(try tree.group + 1):\n")
    try tree.file("/usr/lib/udev/rules.d/70-tacc.rules")
    let finding = check(tree, pi([try tree.group + 1])).sensor("iio:device0")
    #expect(finding.short == "access problem: \(trigger)")
  }

  @Test func aUserWhoIsNotInTheGroupIsPutIntoIt() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o660)
    try tree.file("/etc/group", "iio:x:\(try tree.group):\n")
    try tree.file("/etc/udev/rules.d/70-tacc.rules")
    let finding = check(tree, pi()).sensor("iio:device0")
    #expect(finding.short == "access problem: sudo usermod --append --groups iio pi")
    #expect(finding.text.hasSuffix("after the command log out and in again"))
  }

  @Test func aUserWhoWasPutIntoItAndIsLoggedInStillIsTold() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o660)
    try tree.file("/etc/group", "iio:x:\(try tree.group):root,pi\n")
    try tree.file("/etc/udev/rules.d/70-tacc.rules")
    let finding = check(tree, pi()).sensor("iio:device0")
    #expect(finding.short == "access problem")
    #expect(finding.text.hasSuffix("log out and in again, so that group iio counts"))
  }

  @Test func aSingleFileThatIsNotWritableIsNamed() throws {
    let tree = try Tree()
    try tree.iioDevice(mode: 0o660)
    try tree.mode("/sys/devices/platform/soc/i2c-1/1-0068/iio:device0/in_accel_scale", 0o644)
    let finding = check(tree, pi([try tree.group])).sensor("iio:device0")
    #expect(finding.text.hasPrefix("the user pi may not use /sys/bus/iio/devices/iio:device0/in_accel_scale"))
  }

  @Test func theServiceIsWhoItsUnitSays() throws {
    let tree = try Tree()
    try tree.file("/etc/group", "iio:x:700:\ngpio:x:701:\ninput:x:702:\nboard:x:703:tacc\n")
    #expect(Subject.service(in: tree.system) == nil)
    try tree.file(
      "/lib/systemd/system/tacc-agent.service", "[Service]\nDynamicUser=yes\nSupplementaryGroups=iio gpio input\n")
    #expect(
      Subject.service(in: tree.system)
        == Subject(name: "the service", account: nil, user: nil, groups: [700, 701, 702]))
    try tree.file("/etc/passwd", "tacc:x:500:501::/:/bin/false\n")
    try tree.file("/etc/systemd/system/tacc-agent.service", "[Service]\nUser=tacc\n")
    #expect(
      Subject.service(in: tree.system) == Subject(name: "the service", account: "tacc", user: 500, groups: [501, 703]))
  }
}
