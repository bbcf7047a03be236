import Platform
import Testing

@testable import Controls

@Suite("The real libgpiod") struct LibGPIODTests {
  @Test("It is linked, and of version 2")
  func version() throws {
    let parts = LibGPIOD.version.split(separator: ".").compactMap { Int($0) }
    #expect(try #require(parts.first) == 2, "\(LibGPIOD.version)")
    #expect(parts.count >= 2)
  }

  @Test("It refuses what is not a chip: a missing file, a file, another character device")
  func notAChip() {
    #expect(throws: SystemErrno.noEntry) { _ = try LibGPIOD().openChip("/dev/gpiochip-none") }
    #expect(throws: SystemErrno.notATerminal) { _ = try LibGPIOD().openChip("/etc/passwd") }
    #expect(throws: SystemErrno.self) { _ = try LibGPIOD().openChip("/dev/null") }
  }

  @Test("This machine's chips can be listed, and described where this user may open them")
  func thisMachine() throws {
    for path in try LibGPIOD().chipPaths() {
      #expect(path.hasPrefix("/dev/gpiochip"))
      guard let chip = try? LibGPIOD().openChip(path) else { continue }
      #expect(path.hasSuffix(chip.name))
      #expect(throws: SystemErrno.invalidArgument) { _ = try chip.info(ofLine: chip.lineCount) }
      #expect(throws: SystemErrno.invalidArgument) { _ = try chip.info(ofLine: -1) }
    }
  }

  @Test("A button on a chip that is not there names it, and a light likewise")
  func absent() {
    let reference = GPIOLineReference(chip: "/dev/gpiochip-none", line: "GPIO17")
    let button = #expect(throws: ControlsError.self) { try GPIOButton(GPIOButtonConfiguration(line: reference)) }
    let light = #expect(throws: ControlsError.self) { try StatusLight(line: reference) { _ in } }
    for error in [button, light] {
      #expect(error?.description.contains("no GPIO chip has the path, name or label /dev/gpiochip-none") == true)
    }
  }
}
