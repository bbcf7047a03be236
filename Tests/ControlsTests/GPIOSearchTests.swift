import Platform
import Testing

@testable import Controls

@Suite("Finding a GPIO line") struct GPIOSearchTests {
  private static let pi = [
    "/dev/gpiochip0": FakeGPIO.Chip(label: "pinctrl-rp1", names: ["ID_SDA", nil, "GPIO17", "GPIO18", "GPIO27", ""]),
    "/dev/gpiochip10": FakeGPIO.Chip(label: "gpio-brcmstb@107d508500", names: ["2712_BOOT_CS_N"]),
    "/dev/gpiochip11": FakeGPIO.Chip(label: "pca9535", names: ["P00", "TWIN"]),
    "/dev/gpiochip12": FakeGPIO.Chip(label: "pca9535", names: ["P01", "TWIN"]),
  ]

  private func find(
    _ chip: String?, _ line: String, on chips: [String: FakeGPIO.Chip] = pi
  ) throws(ControlsError) -> GPIOSearch.Found {
    try GPIOSearch(library: FakeGPIO(chips)).find(GPIOLineReference(chip: chip, line: line))
  }

  @Test(
    "The chip is found by path, name, number or label",
    arguments: ["/dev/gpiochip0", "gpiochip0", "0", "pinctrl-rp1"])
  func chip(text: String) throws {
    let found = try find(text, "GPIO17")
    #expect(found.chip.path == "/dev/gpiochip0")
    #expect(found.offset == 2)
    #expect(found.lineText == "line 2 (GPIO17)")
    #expect(found.chipText == "/dev/gpiochip0 [pinctrl-rp1]")
  }

  @Test("The line is found by offset, named or not, and by name alone on all chips")
  func line() throws {
    #expect(try find("gpiochip0", "2").name == "GPIO17")
    #expect(try find("gpiochip0", "1").lineText == "line 1")
    let found = try find(nil, "2712_BOOT_CS_N")
    #expect(found.chip.name == "gpiochip10")
    #expect(found.offset == 0)
  }

  @Test("An unknown chip is answered with those there are")
  func noChip() throws {
    let all = [
      "/dev/gpiochip0 [pinctrl-rp1]", "/dev/gpiochip10 [gpio-brcmstb@107d508500]", "/dev/gpiochip11 [pca9535]",
      "/dev/gpiochip12 [pca9535]",
    ]
    for text in ["pinctrl-bcm2711", "gpiochip4", "/dev/gpiochip4", "4"] {
      #expect(throws: ControlsError.chipNotFound(text, available: all, forbidden: [])) { try find(text, "GPIO17") }
    }
    #expect(throws: ControlsError.chipAmbiguous("pca9535", paths: ["/dev/gpiochip11", "/dev/gpiochip12"])) {
      try find("pca9535", "0")
    }
  }

  @Test("An unknown line is answered with names like it; one that two have, with their places")
  func noLine() throws {
    #expect(
      throws: ControlsError.lineNotFound(
        "gpio17x", chips: ["/dev/gpiochip0 [pinctrl-rp1]"], near: ["GPIO17", "GPIO18", "GPIO27"], forbidden: [])
    ) { try find("gpiochip0", "gpio17x") }
    #expect(
      throws: ControlsError.lineAmbiguous("TWIN", places: ["/dev/gpiochip11 line 1", "/dev/gpiochip12 line 1"])
    ) { try find(nil, "TWIN") }
    #expect(
      throws: ControlsError.offsetOutOfRange(6, chip: "/dev/gpiochip0 [pinctrl-rp1]", lineCount: 6)
    ) { try find("gpiochip0", "6") }
    #expect(throws: ControlsError.self) { try find("gpiochip0", "-1") }
  }

  @Test("What cannot be a line is refused before any chip is opened", arguments: ["17", ""])
  func invalid(line: String) {
    let error = #expect(throws: ControlsError.self) {
      try GPIOSearch(library: FakeGPIO([:], listError: .invalidArgument)).find(GPIOLineReference(line: line))
    }
    guard case .invalidConfiguration(let text)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(text.contains("expected") || text.contains("give the chip"))
  }

  @Test("A machine without chips says so, and what else could be a button")
  func noChips() {
    let error = #expect(throws: ControlsError.noChips) { try find(nil, "GPIO17", on: [:]) }
    #expect(error?.description.contains("input key") == true)
  }

  @Test("A chip that may not be opened is named, with the group and the rule that would allow it")
  func forbidden() throws {
    var chips = Self.pi
    chips["/dev/gpiochip0"]?.openError = .accessDenied
    let direct = #expect(throws: ControlsError.self) { try find("/dev/gpiochip0", "0", on: chips) }
    #expect(
      direct == .accessDenied(path: "/dev/gpiochip0", operation: "opening the GPIO chip", .accessDenied))
    let text = try #require(direct).description
    #expect(text.contains("usermod -aG gpio") && text.contains("udev rule") && text.contains("EACCES"))
    let searched = #expect(throws: ControlsError.self) { try find(nil, "GPIO17", on: chips) }
    #expect(try #require(searched).description.contains("not allowed to open /dev/gpiochip0"))
    #expect(try find(nil, "P00", on: chips).chip.name == "gpiochip11")
  }

  @Test("Other errors of the kernel have the operation, the chip and the error's name")
  func otherErrors() throws {
    var chips = Self.pi
    chips["/dev/gpiochip0"]?.infoError = SystemErrno(code: 5)
    #expect(
      throws: ControlsError.gpio(
        operation: "reading the line's information", line: "line 0", chip: "/dev/gpiochip0 [pinctrl-rp1]",
        SystemErrno(code: 5))
    ) { try find("0", "GPIO17", on: chips) }
    chips["/dev/gpiochip0"]?.openError = SystemErrno(code: 24)
    let error = #expect(throws: ControlsError.self) { try find(nil, "P00", on: chips) }
    #expect(try #require(error).description.contains("EMFILE"))
    // One that vanished between the listing and the opening is not there.
    chips["/dev/gpiochip0"]?.openError = .noDevice
    #expect(try find(nil, "P00", on: chips).offset == 0)
  }
}
